package reference

import "flowxi.app/flowxi/internal/account"

// meaning is what a code says to who writes a client.
type meaning struct {
	when string // it is answered
	then string // what the client does
}

// meaningOf explains an error. The catalogue's messages are for people; this is for
// developers.
func meaningOf(e account.Error) meaning { return meanings[e] }

var meanings = map[account.Error]meaning{
	account.ErrValidationFailed: {
		"One field or more is wrong. `errors` tells of all of them at once.", "Shows each message at its field."},
	account.ErrInvalidCredentials: {
		"The address is unknown, the password is wrong, or the account is not active: one and the same answer.", "Stays at the login and says so, without guessing which it was."},
	account.ErrEmailAlreadyUsed: {
		"The address belongs to an active account.", "Offers to log in, or to take another address."},
	account.ErrEmailAlreadyActive: {
		"The account is active already, there is nothing to resend.", "Offers to log in."},
	account.ErrUnauthenticated: {
		"The token is missing, malformed, unknown, expired or revoked, or its account is not active: one and the same answer.", "Forgets its token and goes to the login."},
	account.ErrForbidden: {
		"The caller may not do this. No operation of the API answers so; the inbox of a development server does, to who asks by another host name, and all of `flowxi mock`.", "Says so and stays where it is."},
	account.ErrHTTPSRequired: {
		"The server is public, and the request came by plain HTTP. It is not redirected.", "Uses https. A token that went out in clear should be revoked."},
	account.ErrNotFound: {
		"There is nothing at this path.", "Checks its base URL and path; there is nothing to try again."},
	account.ErrMethodNotAllowed: {
		"The path has no such method. `Allow` lists those that it has.", "Needs correcting: the fault is in the program."},
	account.ErrMalformedRequest: {
		"The body is not one JSON object in UTF-8 (or not one multipart body), has a member twice or half of a surrogate pair, is nested too deep, or goes on behind its end; or the request is no HTTP.", "Needs correcting: the fault is in the program."},
	account.ErrPayloadTooLarge: {
		"The body is longer than is read.", "Asks for a smaller file; other bodies are never that long."},
	account.ErrUnsupportedMediaType: {
		"`Content-Type` is missing or another than the operation reads, or the body is compressed.", "Needs correcting: the fault is in the program."},
	account.ErrTooManyRequests: {
		"A limit is reached. Nothing was done.", "Shows a countdown from `Retry-After` (seconds), then lets the person try again."},
	account.ErrServerError: {
		"Something failed that should not. Nothing of it is told; the server's log has the `X-Request-Id`.", "Says so, lets the person try again, and shows the request id for support."},
	account.ErrServiceUnavailable: {
		"The server is busy, or something that it needs does not answer.", "Tries again by itself after `Retry-After` (seconds), a few times at most."},
	account.ErrDeviceNotFound: {
		"The caller has no such device: it is unknown, logged out already, or somebody else's.", "Reads the list of devices again."},
	account.ErrTwoFAInvalidCode: {
		"The code is wrong, or was used before: each is good once.", "Clears the code and asks for the next one that the app shows."},
	account.ErrTwoFAAlreadyEnabled: {
		"The second factor is on already.", "Reads the status again."},
	account.ErrTwoFANotEnabled: {
		"The second factor is off.", "Reads the status again."},
	account.ErrTwoFAEnrollmentExpired: {
		"No secret is pending: none was asked for, or it has expired, was used, or ended with a session of the person.", "Starts again: reads the status for a new secret and shows its QR code."},
	account.ErrTwoFAChallengeExpired: {
		"The challenge is unknown, spent, expired, or ended: by too many wrong codes, or since the account or its second factor is not as it was. It is one and the same answer.", "Goes back to the first step of the login."},
	account.ErrTwoFAChallengeMismatch: {
		"The challenge was made for another network, browser (`User-Agent`) or `device_id`. Neither it nor the code is spent.", "Finishes the login where it was begun, or begins again here."},
	account.ErrOTPInvalid: {
		"The code is wrong, was replaced or spent, had too many wrong tries, or the address never asked for one.", "Clears the code, and offers to have a new one sent."},
	account.ErrOTPExpired: {
		"The code is right, but too old.", "Offers to have a new code sent."},
	account.ErrMagicLinkInvalid: {
		"The token of the link is malformed, unknown or replaced, belongs to another address, or to somebody who has finished by a code since.", "Says so, and offers to have a new link sent."},
	account.ErrMagicLinkExpired: {
		"The link was right, and is too old or used already.", "Offers to have a new link sent, or to log in."},
}

// outcomeMeaning tells when an operation succeeds with a code.
func outcomeMeaning(o account.Outcome) string {
	switch o {
	case account.LoginSuccess:
		return "The device is logged in."
	case account.TwoFARequired:
		return "The password is right, and the second factor is asked for: no token yet."
	case account.LogoutSuccess:
		return "The token is revoked."
	case account.MeOK:
		return "The caller's account."
	case account.MeUpdated:
		return "The details are changed."
	case account.MePhotoUpdated:
		return "The photo is stored."
	case account.MePhotoDeleted:
		return "There is no photo any more."
	case account.OTPSent:
		return "A code is on its way, if this address is to get one."
	case account.OTPValid:
		return "The code is right, and still to be spent."
	case account.MagicLinkSent:
		return "A link is on its way, if this address is to get one."
	case account.TokenIssued:
		return "The account is active, and its first token is issued."
	case account.DevicesList:
		return "The devices that are logged in."
	case account.TwoFAStatus:
		return "Whether the second factor is on."
	case account.TwoFAEnabled:
		return "The second factor is on: from now on every login asks for it."
	case account.TwoFADisabled:
		return "The second factor is off."
	case account.TwoFAVerified:
		return "The session counts as proved anew for ten minutes."
	case account.HealthOK:
		return "The server works, its database included."
	}
	return ""
}
