package client

import (
	"cmp"
	"context"
	"net/http"
)

// Health tells whether the server can work.
func (c *Client) Health(ctx context.Context) (*Health, error) {
	return call[Health](ctx, c, operation{id: "health", method: http.MethodGet, path: "/health", repeat: true}, nil)
}

// SendRegistrationCode has six digits mailed to an address. They end those of any mail
// before.
func (c *Client) SendRegistrationCode(ctx context.Context, in EmailInput) (*Done, error) {
	return send[Done](ctx, c, operation{id: "sendRegistrationCode", method: http.MethodPost, path: "/register-email-code/send"}, in)
}

// ResendRegistrationCode has six new digits mailed to somebody who has begun to register,
// and answers the same for everybody else.
func (c *Client) ResendRegistrationCode(ctx context.Context, in EmailInput) (*Done, error) {
	return send[Done](ctx, c, operation{id: "resendRegistrationCode", method: http.MethodPost, path: "/register-email-code/resend"}, in)
}

// VerifyRegistrationCode tells whether a registration code is right, without spending it.
// A wrong one is CodeOTPInvalid, and counts.
func (c *Client) VerifyRegistrationCode(ctx context.Context, in CodeCheckInput) (*CodeValid, error) {
	return send[CodeValid](ctx, c, operation{id: "verifyRegistrationCode", method: http.MethodPost, path: "/register-email-code/verify"}, in)
}

// RegisterByCode spends a registration code, sets the password and logs the person in. The
// answer is there, beside an error, where the token could not be kept.
func (c *Client) RegisterByCode(ctx context.Context, in CodePasswordInput) (*TokenIssued, error) {
	in.PasswordConfirmation = cmp.Or(in.PasswordConfirmation, in.Password)
	in.DeviceInput = in.or(c.options.Device)
	return c.registered(ctx, operation{id: "registerByCode", method: http.MethodPost, path: "/register-email-code/set-password"}, in)
}

// SendRegistrationLink has a link mailed to an address. It ends that of any mail before.
func (c *Client) SendRegistrationLink(ctx context.Context, in EmailInput) (*Done, error) {
	return send[Done](ctx, c, operation{id: "sendRegistrationLink", method: http.MethodPost, path: "/auth/register-email"}, in)
}

// ResendRegistrationLink has a new link mailed to somebody who has begun to register, and
// answers the same for everybody else.
func (c *Client) ResendRegistrationLink(ctx context.Context, in EmailInput) (*Done, error) {
	return send[Done](ctx, c, operation{id: "resendRegistrationLink", method: http.MethodPost, path: "/register-email/resend"}, in)
}

// RegisterByLink spends a registration link, sets the password and logs the person in. The
// answer is there, beside an error, where the token could not be kept.
func (c *Client) RegisterByLink(ctx context.Context, in LinkPasswordInput) (*TokenIssued, error) {
	in.PasswordConfirmation = cmp.Or(in.PasswordConfirmation, in.Password)
	in.DeviceInput = in.or(c.options.Device)
	return c.registered(ctx, operation{id: "registerByLink", method: http.MethodPost, path: "/auth/register/set-password"}, in)
}

func (c *Client) registered(ctx context.Context, op operation, in any) (*TokenIssued, error) {
	issued, err := send[TokenIssued](ctx, c, op, in)
	if err != nil {
		return nil, err
	}
	return issued, c.keep(ctx, issued.AccessToken)
}

// Login logs a device in, or asks for the second factor. An unknown address, a wrong
// password and an account that is not active are CodeInvalidCredentials. The result is
// there, beside an error, where the token could not be kept.
func (c *Client) Login(ctx context.Context, in LoginInput) (*LoginResult, error) {
	in.DeviceInput = in.or(c.options.Device)
	body, err := encode(in)
	if err != nil {
		return nil, err
	}
	op := operation{id: "login", method: http.MethodPost, path: "/auth/login"}
	text, err := c.try(ctx, op, jsonBody(body))
	if err != nil {
		return nil, err
	}
	done, err := read[Done](op, text)
	if err != nil {
		return nil, err
	}
	if done.Code == OutcomeTwoFARequired {
		challenged, err := read[Challenged](op, text)
		return &LoginResult{Challenged: challenged}, err
	}
	logged, err := read[LoggedIn](op, text)
	if err != nil {
		return nil, err
	}
	return &LoginResult{LoggedIn: logged}, c.keep(ctx, logged.Data.AccessToken)
}

// LoginTwoFactor finishes a login with the second factor. A wrong code is
// CodeTwoFAInvalidCode: ask for the next one. After CodeTwoFAChallengeExpired the login
// begins again. The answer is there, beside an error, where the token could not be kept.
func (c *Client) LoginTwoFactor(ctx context.Context, in LoginTwoFAInput) (*LoggedIn, error) {
	in.DeviceID = cmp.Or(in.DeviceID, c.options.Device.DeviceID)
	logged, err := send[LoggedIn](ctx, c, operation{id: "loginTwoFactor", method: http.MethodPost, path: "/auth/login/2fa"}, in)
	if err != nil {
		return nil, err
	}
	return logged, c.keep(ctx, logged.Data.AccessToken)
}

// Logout revokes the token of this client and forgets it, even where the call fails: who
// wants out is out here, and the session may last on the server. Where that says that the
// token was worth nothing already, the error is CodeUnauthenticated.
func (c *Client) Logout(ctx context.Context) (*Done, error) {
	token, err := c.tokenToEnd(ctx)
	if err != nil {
		return nil, err
	}
	done, err := call[Done](ctx, c.WithToken(token), operation{id: "logout", method: http.MethodPost, path: "/auth/logout", bearer: true}, nil)
	return done, c.drop(ctx, token, err)
}

// tokenToEnd is the token, also where it is fit for nothing but to be ended.
func (c *Client) tokenToEnd(ctx context.Context) (Secret, error) {
	if file, ok := c.options.Tokens.(*FileTokens); ok {
		return file.tokenToEnd()
	}
	return c.options.Tokens.Token(ctx)
}

// ListDevices lists the devices that are logged in, the latest used first.
func (c *Client) ListDevices(ctx context.Context) (*DeviceList, error) {
	return call[DeviceList](ctx, c, operation{id: "listDevices", method: http.MethodGet, path: "/auth/devices", bearer: true, repeat: true}, nil)
}

// LogoutDevice revokes the token of one device. Where that is the one of [Options], the
// token of this client is forgotten too.
func (c *Client) LogoutDevice(ctx context.Context, in LogoutDeviceInput) (*Done, error) {
	token, err := c.options.Tokens.Token(ctx)
	if err != nil {
		return nil, err
	}
	done, err := send[Done](ctx, c, operation{id: "logoutDevice", method: http.MethodPost, path: "/auth/logout-device", bearer: true}, in)
	if err != nil || in.DeviceID != c.options.Device.DeviceID {
		return done, err
	}
	return done, c.drop(ctx, token, nil)
}

// TwoFactorStatus tells whether the second factor is on, and where it is off gives a
// secret to switch it on with.
func (c *Client) TwoFactorStatus(ctx context.Context) (*SecondFactor, error) {
	return call[SecondFactor](ctx, c, operation{id: "twoFactorStatus", method: http.MethodGet, path: "/auth/2fa/status", bearer: true, repeat: true}, nil)
}

// EnableTwoFactor switches the second factor on with a code of the secret that
// [Client.TwoFactorStatus] gave.
func (c *Client) EnableTwoFactor(ctx context.Context, in TOTPInput) (*Succeeded, error) {
	return send[Succeeded](ctx, c, operation{id: "enableTwoFactor", method: http.MethodPost, path: "/auth/2fa/enable", bearer: true}, in)
}

// DisableTwoFactor switches the second factor off.
func (c *Client) DisableTwoFactor(ctx context.Context, in TOTPInput) (*Succeeded, error) {
	return send[Succeeded](ctx, c, operation{id: "disableTwoFactor", method: http.MethodPost, path: "/auth/2fa/disable", bearer: true}, in)
}

// VerifyTwoFactor proves the second factor once more in this session. No token is issued.
func (c *Client) VerifyTwoFactor(ctx context.Context, in TOTPInput) (*Succeeded, error) {
	return send[Succeeded](ctx, c, operation{id: "verifyTwoFactor", method: http.MethodPost, path: "/auth/2fa/verify", bearer: true}, in)
}

// Me tells who the caller is.
func (c *Client) Me(ctx context.Context) (*Me, error) {
	return call[Me](ctx, c, operation{id: "me", method: http.MethodGet, path: "/me", bearer: true, repeat: true}, nil)
}

// UpdateMe changes what the caller says of themselves: what is not given stays.
func (c *Client) UpdateMe(ctx context.Context, in ProfileInput) (*MeUpdated, error) {
	return send[MeUpdated](ctx, c, operation{id: "updateMe", method: http.MethodPatch, path: "/me", bearer: true, repeat: true}, in)
}

// DeletePhoto removes the profile photo.
func (c *Client) DeletePhoto(ctx context.Context) (*PhotoDeleted, error) {
	return call[PhotoDeleted](ctx, c, operation{id: "deletePhoto", method: http.MethodDelete, path: "/me/photo", bearer: true, repeat: true}, nil)
}
