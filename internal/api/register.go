package api

import (
	"context"
	"time"

	"flowxi.app/flowxi/internal/auth"
)

// invite makes an endpoint of a verb that mails a code or a link to whoever may have one,
// and answers all alike, after the same time.
func invite(send func(*auth.Auth, context.Context, *auth.Caller, auth.EmailInput) error) endpoint {
	return reads(func(x *exchange, in auth.EmailInput) (Answer, error) {
		ctx, began := x.request.Context(), time.Now()
		err := send(x.Auth, ctx, &x.caller, in)
		x.mailed.hold(ctx, began, err)
		return &Done{}, err
	})
}

func (x *exchange) verifyCode(in auth.CodeCheckInput) (Answer, error) {
	return &CodeValid{Valid: true}, x.Auth.VerifyCode(x.request.Context(), &x.caller, in)
}

func (x *exchange) registerByCode(in auth.CodePasswordInput) (Answer, error) {
	issued, err := x.Auth.RegisterByCode(x.request.Context(), &x.caller, in)
	return tokenIssued(issued), err
}

func (x *exchange) registerByLink(in auth.LinkPasswordInput) (Answer, error) {
	issued, err := x.Auth.RegisterByLink(x.request.Context(), &x.caller, in)
	return tokenIssued(issued), err
}

func tokenIssued(i auth.Issued) *TokenIssued {
	return &TokenIssued{AccessToken: string(i.Token), TokenType: BearerScheme, UserID: i.UserID, AccountStatus: i.Status}
}
