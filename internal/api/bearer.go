package api

import (
	"net/http"
	"strings"

	"flowxi.app/flowxi/internal/account"
)

// authenticate finds out who is calling. From then on answers speak the person's
// language where no header asked for another (contract section 2).
func (x *exchange) authenticate() error {
	token, ok := bearerToken(x.request.Header)
	if !ok {
		return account.ErrUnauthenticated
	}
	if err := x.Auth.Authenticate(x.request.Context(), &x.caller, token); err != nil {
		return err
	}
	if !x.caller.Explicit {
		x.caller.Locale = x.Catalog.OrDefault(x.caller.Identity.User.Locale)
	}
	return nil
}

// recognize finds the language of a person whose request names nothing that there is:
// they are told so in theirs. Whoever has no good token is told all the same.
func (x *exchange) recognize() {
	if x.caller.Explicit || x.request.Header.Get("Authorization") == "" {
		return
	}
	ctx := x.within(usualTimeout)
	defer ctx.end()
	x.request = x.request.WithContext(ctx)
	_ = x.authenticate()
}

// bearerToken reads the token of the one Authorization header (RFC 6750 section
// 2.1). It is never taken from the query, the body or a cookie.
func bearerToken(h http.Header) (string, bool) {
	all := h.Values("Authorization")
	if len(all) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(all[0], " ")
	token = strings.TrimLeft(token, " ") // one space or more (RFC 6750 section 2.1)
	if !ok || !strings.EqualFold(scheme, BearerScheme) || token == "" {
		return "", false
	}
	return token, !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' })
}
