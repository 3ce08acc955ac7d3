package api

import (
	"net/http"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
)

// What a request may take, from when its headers are read: to be counted, and then to be
// answered. The pages outside the table wait for nothing but files.
const (
	admitTimeout  = 5 * time.Second
	usualTimeout  = 15 * time.Second
	uploadTimeout = 30 * time.Second
)

var (
	mailLimits  = []Limit{limitMailPerEmail, limitMailPerNetwork}
	codeLimits  = []Limit{limitCodeTries, limitCodePerEmail, limitCodePerNetwork}
	twoFALimits = []Limit{limitTwoFAPerPerson, limitTwoFAPerNetwork}
)

// Routes returns the table of everything that can be asked, in the order of the
// contract. Some endpoints remember how long their work takes, and those of each table for
// themselves.
func Routes() []Route {
	var all []Route
	for _, group := range [][]Route{codeRoutes(), linkRoutes(), loginRoutes(), sessionRoutes(), twoFARoutes(), meRoutes(), healthRoutes()} {
		all = append(all, group...)
	}
	return all
}

func succeeds(o account.Outcome, a Answer) []Success { return []Success{{o, a}} }

func codeRoutes() []Route {
	wrong := []account.Error{account.ErrOTPInvalid, account.ErrOTPExpired}
	return []Route{
		{
			Method: http.MethodPost, Path: "/register-email-code/send", Operation: "sendRegistrationCode", Tag: TagCode,
			Summary: "Mails a registration code to an address.", Access: Public,
			Successes: succeeds(account.OTPSent, &Done{}),
			Errors:    []account.Error{account.ErrEmailAlreadyUsed}, Limits: mailLimits,
			timeout: usualTimeout, endpoint: invites((*auth.Auth).SendCode),
		},
		{
			Method: http.MethodPost, Path: "/register-email-code/resend", Operation: "resendRegistrationCode", Tag: TagCode,
			Summary: "Mails a new registration code, which replaces the one before.", Access: Public,
			Successes: succeeds(account.OTPSent, &Done{}),
			Errors:    []account.Error{account.ErrEmailAlreadyActive}, Limits: mailLimits,
			timeout: usualTimeout, endpoint: invites((*auth.Auth).ResendCode),
		},
		{
			Method: http.MethodPost, Path: "/register-email-code/verify", Operation: "verifyRegistrationCode", Tag: TagCode,
			Summary: "Tells whether a registration code is right, without spending it.", Access: Public,
			Successes: succeeds(account.OTPValid, &CodeValid{}),
			Errors:    wrong, Limits: codeLimits,
			timeout: usualTimeout, endpoint: refusesAlike((*exchange).verifyCode),
		},
		{
			Method: http.MethodPost, Path: "/register-email-code/set-password", Operation: "registerByCode", Tag: TagCode,
			Summary: "Spends a registration code, sets the password, activates the account and issues a token.", Access: Public,
			Successes: succeeds(account.TokenIssued, &TokenIssued{}),
			Errors:    wrong, Limits: codeLimits,
			timeout: usualTimeout, endpoint: refusesAlike((*exchange).registerByCode),
		},
	}
}

func linkRoutes() []Route {
	return []Route{
		{
			Method: http.MethodPost, Path: "/auth/register-email", Operation: "sendRegistrationLink", Tag: TagLink,
			Summary: "Mails a registration link to an address.", Access: Public,
			Successes: succeeds(account.MagicLinkSent, &Done{}),
			Errors:    []account.Error{account.ErrEmailAlreadyUsed}, Limits: mailLimits,
			timeout: usualTimeout, endpoint: invites((*auth.Auth).SendLink),
		},
		{
			Method: http.MethodPost, Path: "/register-email/resend", Operation: "resendRegistrationLink", Tag: TagLink,
			Summary: "Mails a new registration link, which replaces the one before.", Access: Public,
			Successes: succeeds(account.MagicLinkSent, &Done{}),
			Errors:    []account.Error{account.ErrEmailAlreadyActive}, Limits: mailLimits,
			timeout: usualTimeout, endpoint: invites((*auth.Auth).ResendLink),
		},
		{
			Method: http.MethodPost, Path: "/auth/register/set-password", Operation: "registerByLink", Tag: TagLink,
			Summary: "Spends a registration link, sets the password, activates the account and issues a token.", Access: Public,
			Successes: succeeds(account.TokenIssued, &TokenIssued{}),
			Errors:    []account.Error{account.ErrMagicLinkInvalid, account.ErrMagicLinkExpired},
			Limits:    []Limit{limitCodePerEmail, limitCodePerNetwork},
			timeout:   usualTimeout, endpoint: refusesAlike((*exchange).registerByLink),
		},
	}
}

func loginRoutes() []Route {
	return []Route{
		{
			Method: http.MethodPost, Path: "/auth/login", Operation: "login", Tag: TagLogin,
			Summary: "Logs a device in, or asks for the second factor.", Access: Public,
			Successes: []Success{{account.LoginSuccess, &LoggedIn{}}, {account.TwoFARequired, &Challenged{}}},
			Errors:    []account.Error{account.ErrInvalidCredentials},
			Limits: []Limit{
				limitLoginPerEmailNetwork, limitLoginPerEmail, limitLoginPerNetwork, limitLoginPerDevice, limitDevicesPerPerson,
			},
			timeout: usualTimeout, endpoint: refusesAlike((*exchange).login),
		},
		{
			Method: http.MethodPost, Path: "/auth/login/2fa", Operation: "loginTwoFactor", Tag: TagLogin,
			Summary: "Finishes a login with the second factor.", Access: Public,
			Successes: succeeds(account.LoginSuccess, &LoggedIn{}),
			Errors: []account.Error{
				account.ErrTwoFAInvalidCode, account.ErrTwoFAChallengeExpired, account.ErrTwoFAChallengeMismatch,
			},
			Limits:  append([]Limit{limitChallengeTries}, twoFALimits...),
			timeout: usualTimeout, endpoint: reads((*exchange).loginTwoFA),
		},
	}
}

func sessionRoutes() []Route {
	return []Route{
		{
			Method: http.MethodPost, Path: "/auth/logout", Operation: "logout", Tag: TagSessions,
			Summary: "Revokes the token of the request and no other.", Access: Bearer,
			Successes: succeeds(account.LogoutSuccess, &Done{}),
			timeout:   usualTimeout, endpoint: bare((*exchange).logout),
		},
		{
			Method: http.MethodGet, Path: "/auth/devices", Operation: "listDevices", Tag: TagSessions,
			Summary: "Lists the devices that are logged in.", Access: Bearer,
			Successes: succeeds(account.DevicesList, &DeviceList{}),
			timeout:   usualTimeout, endpoint: bare((*exchange).devices),
		},
		{
			Method: http.MethodPost, Path: "/auth/logout-device", Operation: "logoutDevice", Tag: TagSessions,
			Summary: "Revokes the token of one device.", Access: Bearer,
			Successes: succeeds(account.LogoutSuccess, &Done{}),
			Errors:    []account.Error{account.ErrDeviceNotFound},
			timeout:   usualTimeout, endpoint: reads((*exchange).logoutDevice),
		},
	}
}

func twoFARoutes() []Route {
	return []Route{
		{
			Method: http.MethodGet, Path: "/auth/2fa/status", Operation: "twoFactorStatus", Tag: TagTwoFA,
			Summary: "Tells whether the second factor is on, and where it is off gives a secret to switch it on with.", Access: Bearer,
			Successes: succeeds(account.TwoFAStatus, &SecondFactor{}),
			timeout:   usualTimeout, endpoint: bare((*exchange).twoFAStatus),
		},
		{
			Method: http.MethodPost, Path: "/auth/2fa/enable", Operation: "enableTwoFactor", Tag: TagTwoFA,
			Summary: "Switches the second factor on with a code of the pending secret.", Access: Bearer,
			Successes: succeeds(account.TwoFAEnabled, &Succeeded{}),
			Errors: []account.Error{
				account.ErrTwoFAInvalidCode, account.ErrTwoFAAlreadyEnabled, account.ErrTwoFAEnrollmentExpired,
			},
			Limits:  twoFALimits,
			timeout: usualTimeout, endpoint: prove((*auth.Auth).EnableTwoFA),
		},
		{
			Method: http.MethodPost, Path: "/auth/2fa/disable", Operation: "disableTwoFactor", Tag: TagTwoFA,
			Summary: "Switches the second factor off.", Access: Bearer,
			Successes: succeeds(account.TwoFADisabled, &Succeeded{}),
			Errors:    []account.Error{account.ErrTwoFAInvalidCode, account.ErrTwoFANotEnabled}, Limits: twoFALimits,
			timeout: usualTimeout, endpoint: prove((*auth.Auth).DisableTwoFA),
		},
		{
			Method: http.MethodPost, Path: "/auth/2fa/verify", Operation: "verifyTwoFactor", Tag: TagTwoFA,
			Summary: "Proves the second factor once more in a session; no token is issued.", Access: Bearer,
			Successes: succeeds(account.TwoFAVerified, &Succeeded{}),
			Errors:    []account.Error{account.ErrTwoFAInvalidCode, account.ErrTwoFANotEnabled}, Limits: twoFALimits,
			timeout: usualTimeout, endpoint: prove((*auth.Auth).StepUp),
		},
	}
}

func meRoutes() []Route {
	return []Route{
		{
			Method: http.MethodGet, Path: "/me", Operation: "me", Tag: TagMe,
			Summary: "Tells who the caller is.", Access: Bearer,
			Successes: succeeds(account.MeOK, &Me{}),
			timeout:   usualTimeout, endpoint: bare((*exchange).me),
		},
		{
			Method: http.MethodPatch, Path: "/me", Operation: "updateMe", Tag: TagMe,
			Summary: "Changes what the caller says of themselves: what is absent stays, null clears.", Access: Bearer,
			Successes: succeeds(account.MeUpdated, &MeUpdated{}),
			timeout:   usualTimeout, endpoint: reads((*exchange).updateMe),
		},
		{
			Method: http.MethodPost, Path: "/me/photo", Operation: "updatePhoto", Tag: TagMe,
			Summary: "Sets the profile photo: JPEG, PNG or WebP.", Access: Bearer, Upload: true,
			Successes: succeeds(account.MePhotoUpdated, &PhotoUpdated{}),
			Limits:    []Limit{limitPhotoPerPerson},
			timeout:   uploadTimeout, endpoint: bare((*exchange).updatePhoto),
		},
		{
			Method: http.MethodDelete, Path: "/me/photo", Operation: "deletePhoto", Tag: TagMe,
			Summary: "Removes the profile photo.", Access: Bearer,
			Successes: succeeds(account.MePhotoDeleted, &PhotoDeleted{}),
			timeout:   usualTimeout, endpoint: bare((*exchange).deletePhoto),
		},
	}
}

func healthRoutes() []Route {
	return []Route{{
		Method: http.MethodGet, Path: "/health", Operation: "health", Tag: TagHealth,
		Summary: "Tells whether the server can work; unlimited, and open over plain HTTP.", Access: Public,
		Successes: succeeds(account.HealthOK, &Health{}),
		timeout:   usualTimeout, endpoint: bare((*exchange).health),
	}}
}
