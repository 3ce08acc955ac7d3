package api

import "flowxi.app/flowxi/internal/auth"

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
