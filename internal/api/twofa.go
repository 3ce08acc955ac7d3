package api

import (
	"context"

	"flowxi.app/flowxi/internal/auth"
)

func (x *exchange) twoFAStatus() (Answer, error) {
	s, err := x.Auth.TwoFAStatus(x.request.Context(), &x.caller)
	if err != nil {
		return nil, err
	}
	a := &SecondFactor{Enabled: s.Enabled, Email: s.Email, Issuer: s.Issuer}
	if s.Enabled {
		return a, nil
	}
	left := Seconds(s.ExpiresIn)
	a.Secret, a.OTPAuthURI, a.ExpiresIn = orNull(s.Secret), orNull(s.URI), &left
	return a, nil
}

// prove makes an endpoint of a verb that takes a code of the authenticator app.
func prove(act func(*auth.Auth, context.Context, *auth.Caller, auth.TOTPInput) error) endpoint {
	return reads(func(x *exchange, in auth.TOTPInput) (Answer, error) {
		return &Succeeded{Success: true}, act(x.Auth, x.request.Context(), &x.caller, in)
	})
}
