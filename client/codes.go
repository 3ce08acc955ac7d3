// Code generated from internal/account and docs/openapi.yaml by the tests of this package; DO NOT EDIT.

package client

//go:generate go test -run TestTheCodesAreThoseOfTheServer -update .

// Why a request was refused.
const (
	// CodeValidationFailed: one field or more is wrong. `errors` tells of all of them at once.
	CodeValidationFailed Code = "VALIDATION_FAILED"

	// CodeInvalidCredentials: the address is unknown, the password is wrong, or the account is not active: one and the same answer.
	CodeInvalidCredentials Code = "INVALID_CREDENTIALS"

	// CodeEmailAlreadyUsed: the address belongs to an active account.
	CodeEmailAlreadyUsed Code = "EMAIL_ALREADY_USED"

	// CodeEmailAlreadyActive: the account is active already, there is nothing to resend.
	CodeEmailAlreadyActive Code = "EMAIL_ALREADY_ACTIVE"

	// CodeUnauthenticated: the token is missing, malformed, unknown, expired or revoked, or its account is not active: one and the same answer.
	CodeUnauthenticated Code = "UNAUTHENTICATED"

	// CodeForbidden: the caller may not do this. No operation of the API answers so; the inbox of a development server does, to who asks by another host name, and all of `flowxi mock`.
	CodeForbidden Code = "FORBIDDEN"

	// CodeHTTPSRequired: the server is public, and the request came by plain HTTP. It is not redirected.
	CodeHTTPSRequired Code = "HTTPS_REQUIRED"

	// CodeNotFound: there is nothing at this path.
	CodeNotFound Code = "NOT_FOUND"

	// CodeMethodNotAllowed: the path has no such method. `Allow` lists those that it has.
	CodeMethodNotAllowed Code = "METHOD_NOT_ALLOWED"

	// CodeMalformedRequest: the body is not one JSON object in UTF-8 (or not one multipart body), has a member twice or half of a surrogate pair, is nested too deep, or goes on behind its end; or the request is no HTTP.
	CodeMalformedRequest Code = "MALFORMED_REQUEST"

	// CodePayloadTooLarge: the body is longer than is read.
	CodePayloadTooLarge Code = "PAYLOAD_TOO_LARGE"

	// CodeUnsupportedMediaType: `Content-Type` is missing or another than the operation reads, or the body is compressed.
	CodeUnsupportedMediaType Code = "UNSUPPORTED_MEDIA_TYPE"

	// CodeTooManyRequests: a limit is reached. Nothing was done.
	CodeTooManyRequests Code = "TOO_MANY_REQUESTS"

	// CodeServerError: something failed that should not. Nothing of it is told; the server's log has the `X-Request-Id`.
	CodeServerError Code = "SERVER_ERROR"

	// CodeServiceUnavailable: the server is busy, or something that it needs does not answer.
	CodeServiceUnavailable Code = "SERVICE_UNAVAILABLE"

	// CodeDeviceNotFound: the caller has no such device: it is unknown, logged out already, or somebody else's.
	CodeDeviceNotFound Code = "DEVICE_NOT_FOUND"

	// CodeTwoFAInvalidCode: the code is wrong, or was used before: each is good once.
	CodeTwoFAInvalidCode Code = "TWOFA_INVALID_CODE"

	// CodeTwoFAAlreadyEnabled: the second factor is on already.
	CodeTwoFAAlreadyEnabled Code = "TWOFA_ALREADY_ENABLED"

	// CodeTwoFANotEnabled: the second factor is off.
	CodeTwoFANotEnabled Code = "TWOFA_NOT_ENABLED"

	// CodeTwoFAEnrollmentExpired: no secret is pending: none was asked for, or it has expired, was used, or ended with a session of the person.
	CodeTwoFAEnrollmentExpired Code = "TWOFA_ENROLLMENT_EXPIRED"

	// CodeTwoFAChallengeExpired: the challenge is unknown, spent, expired, or ended: by too many wrong codes, or since the account or its second factor is not as it was. It is one and the same answer.
	CodeTwoFAChallengeExpired Code = "TWOFA_CHALLENGE_EXPIRED"

	// CodeTwoFAChallengeMismatch: the challenge was made for another network, browser (`User-Agent`) or `device_id`. Neither it nor the code is spent.
	CodeTwoFAChallengeMismatch Code = "TWOFA_CHALLENGE_MISMATCH"

	// CodeOTPInvalid: the code is wrong, was replaced or spent, had too many wrong tries, or the address never asked for one.
	CodeOTPInvalid Code = "OTP_INVALID"

	// CodeOTPExpired: the code is right, but too old.
	CodeOTPExpired Code = "OTP_EXPIRED"

	// CodeMagicLinkInvalid: the token of the link is malformed, unknown or replaced, belongs to another address, or to somebody who has finished by a code since.
	CodeMagicLinkInvalid Code = "MAGIC_LINK_INVALID"

	// CodeMagicLinkExpired: the link was right, and is too old or used already.
	CodeMagicLinkExpired Code = "MAGIC_LINK_EXPIRED"
)

// What became of a request that succeeded.
const (
	// OutcomeLoginSuccess: the device is logged in.
	OutcomeLoginSuccess Outcome = "LOGIN_SUCCESS"

	// OutcomeLogoutSuccess: the token is revoked.
	OutcomeLogoutSuccess Outcome = "LOGOUT_SUCCESS"

	// OutcomeMeOK: the caller's account.
	OutcomeMeOK Outcome = "ME_OK"

	// OutcomeMeUpdated: the details are changed.
	OutcomeMeUpdated Outcome = "ME_UPDATED"

	// OutcomeMePhotoUpdated: the photo is stored.
	OutcomeMePhotoUpdated Outcome = "ME_PHOTO_UPDATED"

	// OutcomeMePhotoDeleted: there is no photo any more.
	OutcomeMePhotoDeleted Outcome = "ME_PHOTO_DELETED"

	// OutcomeOTPSent: a code is on its way, if this address is to get one.
	OutcomeOTPSent Outcome = "OTP_SENT"

	// OutcomeOTPValid: the code is right, and still to be spent.
	OutcomeOTPValid Outcome = "OTP_VALID"

	// OutcomeMagicLinkSent: a link is on its way, if this address is to get one.
	OutcomeMagicLinkSent Outcome = "MAGIC_LINK_SENT"

	// OutcomeTokenIssued: the account is active, and its first token is issued.
	OutcomeTokenIssued Outcome = "TOKEN_ISSUED"

	// OutcomeDevicesList: the devices that are logged in.
	OutcomeDevicesList Outcome = "DEVICES_LIST"

	// OutcomeTwoFARequired: the password is right, and the second factor is asked for: no token yet.
	OutcomeTwoFARequired Outcome = "TWOFA_REQUIRED"

	// OutcomeTwoFAStatus: whether the second factor is on.
	OutcomeTwoFAStatus Outcome = "TWOFA_STATUS"

	// OutcomeTwoFAEnabled: the second factor is on: from now on every login asks for it.
	OutcomeTwoFAEnabled Outcome = "TWOFA_ENABLED"

	// OutcomeTwoFADisabled: the second factor is off.
	OutcomeTwoFADisabled Outcome = "TWOFA_DISABLED"

	// OutcomeTwoFAVerified: the session counts as proved anew for ten minutes.
	OutcomeTwoFAVerified Outcome = "TWOFA_VERIFIED"

	// OutcomeHealthOK: the server works, its database included.
	OutcomeHealthOK Outcome = "HEALTH_OK"
)
