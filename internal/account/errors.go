package account

import (
	"errors"
	"time"
)

// Kind is what went wrong, in terms that a transport can turn into a status.
type Kind int

// The kinds of refusal, with the HTTP status that the contract gives each.
const (
	Malformed          Kind = iota + 1 // 400
	Unauthenticated                    // 401
	Forbidden                          // 403
	NotFound                           // 404
	MethodNotAllowed                   // 405
	Conflict                           // 409
	Gone                               // 410
	TooLarge                           // 413
	UnsupportedMedia                   // 415
	Unprocessable                      // 422
	RateLimited                        // 429
	Internal                           // 500
	ServiceUnavailable                 // 503
)

// Error is a refusal that a client can act on. Values are comparable and live in the
// catalogue below; match them with errors.Is.
type Error struct {
	Code string // stable, never localized
	Kind Kind
}

// Error returns the code.
func (e Error) Error() string { return e.Code }

// After returns e with the time a client should wait before it tries again.
func (e Error) After(d time.Duration) error { return &Retry{Err: e, After: d} }

// Retry is an Error that says when to come back.
type Retry struct {
	Err   Error
	After time.Duration
}

// Error returns the code.
func (r *Retry) Error() string { return r.Err.Code }

// Unwrap returns the Error behind r.
func (r *Retry) Unwrap() error { return r.Err }

// The catalogue: every code of contract section 1 that is not a success. Documents,
// translations and the OpenAPI description are derived from Errors.
var (
	ErrValidationFailed       = Error{"VALIDATION_FAILED", Unprocessable}
	ErrInvalidCredentials     = Error{"INVALID_CREDENTIALS", Unauthenticated}
	ErrEmailAlreadyUsed       = Error{"EMAIL_ALREADY_USED", Conflict}
	ErrEmailAlreadyActive     = Error{"EMAIL_ALREADY_ACTIVE", Conflict}
	ErrUnauthenticated        = Error{"UNAUTHENTICATED", Unauthenticated}
	ErrForbidden              = Error{"FORBIDDEN", Forbidden}
	ErrHTTPSRequired          = Error{"HTTPS_REQUIRED", Forbidden}
	ErrNotFound               = Error{"NOT_FOUND", NotFound}
	ErrMethodNotAllowed       = Error{"METHOD_NOT_ALLOWED", MethodNotAllowed}
	ErrMalformedRequest       = Error{"MALFORMED_REQUEST", Malformed}
	ErrPayloadTooLarge        = Error{"PAYLOAD_TOO_LARGE", TooLarge}
	ErrUnsupportedMediaType   = Error{"UNSUPPORTED_MEDIA_TYPE", UnsupportedMedia}
	ErrTooManyRequests        = Error{"TOO_MANY_REQUESTS", RateLimited}
	ErrServerError            = Error{"SERVER_ERROR", Internal}
	ErrServiceUnavailable     = Error{"SERVICE_UNAVAILABLE", ServiceUnavailable}
	ErrDeviceNotFound         = Error{"DEVICE_NOT_FOUND", NotFound}
	ErrTwoFAInvalidCode       = Error{"TWOFA_INVALID_CODE", Forbidden}
	ErrTwoFAAlreadyEnabled    = Error{"TWOFA_ALREADY_ENABLED", Conflict}
	ErrTwoFANotEnabled        = Error{"TWOFA_NOT_ENABLED", Conflict}
	ErrTwoFAEnrollmentExpired = Error{"TWOFA_ENROLLMENT_EXPIRED", Gone}
	ErrTwoFAChallengeExpired  = Error{"TWOFA_CHALLENGE_EXPIRED", Gone}
	ErrTwoFAChallengeMismatch = Error{"TWOFA_CHALLENGE_MISMATCH", Forbidden}
	ErrOTPInvalid             = Error{"OTP_INVALID", Forbidden}
	ErrOTPExpired             = Error{"OTP_EXPIRED", Gone}
	ErrMagicLinkInvalid       = Error{"MAGIC_LINK_INVALID", Forbidden}
	ErrMagicLinkExpired       = Error{"MAGIC_LINK_EXPIRED", Gone}
)

// Errors lists the whole catalogue in the order of the contract.
func Errors() []Error {
	return []Error{
		ErrValidationFailed, ErrInvalidCredentials, ErrEmailAlreadyUsed, ErrEmailAlreadyActive,
		ErrUnauthenticated, ErrForbidden, ErrHTTPSRequired, ErrNotFound, ErrMethodNotAllowed,
		ErrMalformedRequest, ErrPayloadTooLarge, ErrUnsupportedMediaType, ErrTooManyRequests,
		ErrServerError, ErrServiceUnavailable, ErrDeviceNotFound, ErrTwoFAInvalidCode,
		ErrTwoFAAlreadyEnabled, ErrTwoFANotEnabled, ErrTwoFAEnrollmentExpired,
		ErrTwoFAChallengeExpired, ErrTwoFAChallengeMismatch, ErrOTPInvalid, ErrOTPExpired,
		ErrMagicLinkInvalid, ErrMagicLinkExpired,
	}
}

// Outcome is the code of an answer that succeeded.
type Outcome string

// Every success code of contract section 1.
const (
	LoginSuccess   Outcome = "LOGIN_SUCCESS"
	LogoutSuccess  Outcome = "LOGOUT_SUCCESS"
	MeOK           Outcome = "ME_OK"
	MeUpdated      Outcome = "ME_UPDATED"
	MePhotoUpdated Outcome = "ME_PHOTO_UPDATED"
	MePhotoDeleted Outcome = "ME_PHOTO_DELETED"
	OTPSent        Outcome = "OTP_SENT"
	OTPValid       Outcome = "OTP_VALID"
	MagicLinkSent  Outcome = "MAGIC_LINK_SENT"
	TokenIssued    Outcome = "TOKEN_ISSUED"
	DevicesList    Outcome = "DEVICES_LIST"
	TwoFARequired  Outcome = "TWOFA_REQUIRED"
	TwoFAStatus    Outcome = "TWOFA_STATUS"
	TwoFAEnabled   Outcome = "TWOFA_ENABLED"
	TwoFADisabled  Outcome = "TWOFA_DISABLED"
	TwoFAVerified  Outcome = "TWOFA_VERIFIED"
	HealthOK       Outcome = "HEALTH_OK"
)

// Outcomes lists every success code.
func Outcomes() []Outcome {
	return []Outcome{
		LoginSuccess, LogoutSuccess, MeOK, MeUpdated, MePhotoUpdated, MePhotoDeleted, OTPSent, OTPValid,
		MagicLinkSent, TokenIssued, DevicesList, TwoFARequired, TwoFAStatus, TwoFAEnabled, TwoFADisabled,
		TwoFAVerified, HealthOK,
	}
}

// Problem is one thing that is wrong with one field of a request. Rule names a
// message of the locale files ("validation." and the rule); Params fill it in.
type Problem struct {
	Field  string
	Rule   string
	Params map[string]any
}

// Invalid lists everything that is wrong with a request at once. It matches
// ErrValidationFailed.
type Invalid []Problem

// Error returns the code of a failed validation.
func (Invalid) Error() string { return ErrValidationFailed.Code }

// Is makes errors.Is(err, ErrValidationFailed) true for every Invalid.
func (Invalid) Is(target error) bool { return errors.Is(target, ErrValidationFailed) }
