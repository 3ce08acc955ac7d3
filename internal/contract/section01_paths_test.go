package contract_test

import (
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection01_NotFound_IsEveryUnknownPath(t *testing.T) {
	paths := []string{
		"/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nowhere", "/api/v2/me",
		"/api/v1/me/", "/api/v1/ME", "/api/v1/me/x",
		"/api/v1//me", "//api/v1/me", "/api//v1/me", "/api/v1/./me", "/api/v1/auth/../me", "/api/v1/x/%2e%2e/me",
		"/api/v1/me%2f", "/api/v1/auth%2fdevices", "/api/v1/me%00", "/api/v1/me%20", "/api/v1/me;x=y",
		"/api/v1/auth/me", "/api/v1/auth/register-email/resend", "/api/v1/auth/health",
	}
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada)
		for _, path := range paths {
			t.Run(path, func(t *testing.T) {
				c.For(t).Send("GET", path, nil).Expect(404, "NOT_FOUND")
			})
		}
	})
}

func TestSection01_NotFound_HoldsForEveryMethod(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"} {
			srv.Client(t).Send(method, "/api/v1/nowhere", nil).Expect(404, "NOT_FOUND")
		}
	})
}

// allowed is what may be done to each path.
var allowed = map[string][]string{
	"/register-email-code/send":         {"POST"},
	"/register-email-code/resend":       {"POST"},
	"/register-email-code/verify":       {"POST"},
	"/register-email-code/set-password": {"POST"},
	"/auth/register-email":              {"POST"},
	"/register-email/resend":            {"POST"},
	"/auth/register/set-password":       {"POST"},
	"/auth/login":                       {"POST"},
	"/auth/login/2fa":                   {"POST"},
	"/auth/logout":                      {"POST"},
	"/auth/devices":                     {"GET", "HEAD"},
	"/auth/logout-device":               {"POST"},
	"/auth/2fa/status":                  {"GET", "HEAD"},
	"/auth/2fa/enable":                  {"POST"},
	"/auth/2fa/disable":                 {"POST"},
	"/auth/2fa/verify":                  {"POST"},
	"/me":                               {"GET", "HEAD", "PATCH"},
	"/me/photo":                         {"DELETE", "POST"},
	"/health":                           {"GET", "HEAD"},
}

func TestSection01_MethodNotAllowed_NamesWhatIs(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for path, methods := range allowed {
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "post"} {
				if slices.Contains(methods, method) {
					continue
				}
				a := c.Send(method, "/api/v1"+path, nil).Expect(405, "METHOD_NOT_ALLOWED")
				if got := listed(a.Header.Get("Allow")); !slices.Equal(got, methods) {
					a.Fail("Allow is %v, want %v", got, methods)
				}
			}
		}
	})
}

// listed is what stands in a header with commas, sorted. OPTIONS may always be
// among the methods.
func listed(header string) []string {
	var names []string
	for name := range strings.SplitSeq(header, ",") {
		if name = strings.TrimSpace(name); name != "OPTIONS" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestSection01_Method_CannotBeOverridden(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
			c.Header(name, "POST").Get("/auth/login").Expect(405, "METHOD_NOT_ALLOWED")
		}
		c.Send("GET", "/api/v1/auth/login?_method=POST", nil).Expect(405, "METHOD_NOT_ALLOWED")
	})
}

func TestSection01_Query_IsNoBody(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Send("POST", "/api/v1/register-email-code/send?email="+ada, Fields{}).Invalid("email")
	})
}
