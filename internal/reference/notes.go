package reference

import "flowxi.app/flowxi/internal/api"

// introduction is what holds for all operations.
const introduction = `JSON in, JSON out, in UTF-8. Times are UTC in ISO 8601 with six fractional digits.

**Answers.** Every answer has a ` + "`message`" + `, a sentence for the person in their language, and a ` + "`code`" + `, which is stable: decide by the code and show the message. Members may be added to answers, so ignore those that you do not know. An unknown path is 404 ` + "`NOT_FOUND`" + `; a method that a path does not have is 405 ` + "`METHOD_NOT_ALLOWED`" + ` with ` + "`Allow`" + `. HEAD works wherever GET does. Every answer has ` + "`Cache-Control: no-store`" + `, ` + "`X-Content-Type-Options: nosniff`" + ` and ` + "`Vary`" + ` on the headers of the language. What is no HTTP request at all, such as a broken header line, is 400 ` + "`MALFORMED_REQUEST`" + ` in the default language, and the connection is closed.

**Requests.** Bodies are one JSON object of up to {body_size}, in which lists and objects go {body_depth} deep at the most, itself included, with ` + "`Content-Type: application/json`" + `. Member names match exactly, and unknown members are ignored. Texts are trimmed, passwords are not; an empty text counts as absent or as null. A member of a wrong type is an error of that field. A validation error tells of every wrong field at once, and spends no code, link or challenge.

**Language.** French and English. ` + "`X-App-Locale`" + ` comes before ` + "`Accept-Language`" + `, then the language of the person, then French. The first {language_size} of a header count.

**Tokens.** ` + "`Authorization: Bearer <token>`" + `. A token is personal, bound to the device that it was issued to if one was named, shown once, and good for {token_ttl}, or until it is not used for {idle_ttl}. Tokens of production begin with ` + "`fxp_`" + ` behind the bar, those of a sandbox with ` + "`fxs_`" + `; neither is known to the other.

**Transport.** HTTPS only: where the server is public, plain HTTP is refused with 403 ` + "`HTTPS_REQUIRED`" + `, except for the health check.

**Limits.** Counted for each e-mail address, whether anybody has it or not, and for each network (an IPv4 address, or the /64 of an IPv6 address). ` + "`RateLimit-Limit`" + `, ` + "`RateLimit-Remaining`" + ` and ` + "`RateLimit-Reset`" + ` tell the tightest limit that a request met. Those of failed logins are told where one is past alone: a device that is known has its own, and what is left of it would tell who has an account. Past a limit the answer is 429 ` + "`TOO_MANY_REQUESTS`" + ` with ` + "`Retry-After`" + ` in seconds, and nothing is done.`

func tagText(t api.Tag) string {
	switch t {
	case api.TagCode:
		return "A person gets six digits by mail, types them in, and chooses a password."
	case api.TagLink:
		return "A person gets a link by mail, opens it, and chooses a password."
	case api.TagLogin:
		return "Password, and the second factor where it is on, for a token that is bound to a device."
	case api.TagSessions:
		return "Logging out, here or elsewhere."
	case api.TagTwoFA:
		return "Six digits of an authenticator app (TOTP: SHA-1, 30 seconds, one step of tolerance either way). Each code is good once, in whatever operation."
	case api.TagMe:
		return "What the caller is, and what they say of themselves."
	case api.TagHealth:
		return "For load balancers."
	}
	return ""
}

const (
	mailNotes = `An address that nobody has becomes a pending account, in the language of the request; a pending one is used again. The address of a blocked or closed account is answered like an unknown one and gets no mail.

With ` + "`FLOWXI_REGISTRATION_PRIVACY=strict`" + ` an active account is answered like an unknown one too, and its owner gets a mail that says that they have an account already.`

	resendNotes = `Only somebody who has started to register gets one. An address that nobody has is answered the same, in the same time, and nothing is done.

With ` + "`FLOWXI_REGISTRATION_PRIVACY=strict`" + ` an active account is answered like an unknown one too, and its owner gets a mail that says that they have an account already.`

	photoNotes = `A JPEG, PNG or WebP file, told by its content and not by its name: up to {photo_size} and {photo_pixels}.`

	mailLimitNotes = `The limits count requests by address, whether anybody has it or not, and before anything is looked up. Codes and links share them.`

	passwordNotes = `The password has {password_min} to {password_max} characters (Unicode code points, after NFKC) of any kind. It must not be a common or leaked one, the e-mail address, or the name of the product. ` + "`password_confirmation`" + ` must be equal: where it differs the error stands on ` + "`password`" + `, and where it is missing on both fields. A refused password spends nothing.

Where ` + "`device_id`" + ` is sent, ` + "`device_type`" + ` and ` + "`device_name`" + ` are required, ` + "`country`" + ` may come with them, and the token is that device's. Without it the token has no device and is not listed among devices.

In one step the account becomes active, its address counts as verified, every other code and link of it is dropped, and a token is issued. A language that this request asks for by header becomes that of the account.`

	codeLimitNotes = `{code_tries} wrong tries end a code, those of the check and of setting the password together; then even the right digits are ` + "`OTP_INVALID`" + `. ` + "`OTP_EXPIRED`" + ` is said only to who sends the right digits. An unknown address is ` + "`OTP_INVALID`" + `, in the same time.`
)

// notes tells what there is to know of an operation, in Markdown. What stands in
// braces is filled in.
func notes(operation string) string {
	switch operation {
	case "sendRegistrationCode":
		return "Mails six digits that are good for {otp_ttl} and replace those of any mail before. " + mailNotes + "\n\n" + mailLimitNotes
	case "resendRegistrationCode":
		return "Mails six new digits, good for {otp_ttl}, which replace those before. " + resendNotes + "\n\n" + mailLimitNotes
	case "verifyRegistrationCode":
		return "For a client that asks for the digits first and for the password on the next screen. Nothing is activated, and the code is still to be spent.\n\n" + codeLimitNotes
	case "registerByCode":
		return "Finishes a registration.\n\n" + passwordNotes + "\n\n" + codeLimitNotes
	case "sendRegistrationLink":
		return "Mails a link that is good once, for {link_ttl}, and replaces any link before. " + mailNotes + "\n\n" +
			"Opening the link spends nothing: only setting the password does. It leads to `FLOWXI_MAGIC_LINK_URL`, or to the page `/register` of this server.\n\n" + mailLimitNotes
	case "resendRegistrationLink":
		return "Mails a new link, good once and for {link_ttl}, which replaces the one before. " + resendNotes + "\n\n" + mailLimitNotes
	case "registerByLink":
		return "Finishes a registration. `token` and `email` are those of the link.\n\n" + passwordNotes + "\n\n" +
			"A `token` that cannot be one, whatever it looks like, is `MAGIC_LINK_INVALID`. `MAGIC_LINK_EXPIRED` is said only where the token was right."
	}
	return accountNotes(operation)
}

func accountNotes(operation string) string {
	switch operation {
	case "login":
		return "Issues a token for the device, in the place of the one that it had; other devices stay logged in. Past {devices} devices the one longest unused is logged out.\n\n" +
			"Where the account has a second factor there is no token yet: the answer is `TWOFA_REQUIRED` with a challenge for step 2. Tell the two apart by `code` or by `mfa_required`.\n\n" +
			"An unknown address, a wrong password and an account that is not active are one and the same answer, in the same time.\n\n" +
			"Only failures count against the limits of logins, and what is left of them is told by a 429 alone, since it would tell who has used a device. A device that the person has used before has an allowance of its own and meets no other, so that strangers cannot lock the owner out: let a `device_id` last as long as the installation, and be a random UUID that nobody can guess. A login that meets a limit only because of others of its address that have not ended waits for those, and is answered with `SERVICE_UNAVAILABLE` where that takes too long."
	case "loginTwoFactor":
		return "Step 2 of a login that was answered with `TWOFA_REQUIRED`. The challenge is good for {challenge_ttl}, once, and ends after {challenge_tries} wrong codes. It is bound to the network (an IPv6 address counts by its /64), the `User-Agent` and the `device_id` of step 1; from elsewhere it is refused, and neither it nor the code is spent."
	case "logout":
		return "Other devices stay logged in."
	case "listDevices":
		return "A device is in the list as long as its token is good. `expires_at` is the earlier of the end of the token and the end of its idle time. Tokens themselves are never shown."
	case "logoutDevice":
		return "The device may be the one of this request. One that is unknown, or somebody else's, is `DEVICE_NOT_FOUND`."
	case "twoFactorStatus":
		return "Where the second factor is off, a secret is made and kept for {enroll_ttl}; within that time the same one is given again. Show `otpauth_uri` as a QR code and `secret` as text, then call enable with a code of the app. Where it is on, no secret is ever given."
	case "enableTwoFactor":
		return "Takes a code of the secret that the status gave. From then on every login asks for a second factor; sessions that there are stay."
	case "disableTwoFactor":
		return "Takes a code of the app. Nobody is logged out."
	case "verifyTwoFactor":
		return "For a step that needs the person anew, in a session that there is. It counts for ten minutes, for this session alone."
	}
	return personNotes(operation)
}

func personNotes(operation string) string {
	switch operation {
	case "me":
		return "What is not set is null. `photo_url` is signed and good for {photo_ttl}: do not store it, read it anew."
	case "updateMe":
		return "Members that are absent stay as they are, and null clears. Country codes are uppercased; spaces, dots, dashes, parentheses and marks that cannot be seen are taken out of a phone number. The answer has what is stored."
	case "updatePhoto":
		return "`multipart/form-data` with the file in `photo`; other parts are ignored. The file is told by its content, decoded, turned upright, shrunk to {photo_side} pixels a side at most, stripped of all metadata and stored as JPEG, in the place of the photo before. More than {photo_size} is `PAYLOAD_TOO_LARGE`; what is not such an image, or has more than {photo_pixels}, is `VALIDATION_FAILED` on `photo`."
	case "deletePhoto":
		return "Where there is none, the answer is the same."
	case "health":
		return "Answers also over plain HTTP, and to who has no token. 503 where the database does not answer within a second."
	}
	return ""
}
