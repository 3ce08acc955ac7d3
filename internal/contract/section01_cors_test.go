package contract_test

import (
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

const frontend = "https://app.example.com"

func withFrontend(c *config.Config) { c.FrontendOrigins = []string{frontend} }

func TestSection01_CORS_AnswersTheConfiguredOrigin(t *testing.T) {
	onEachWith(t, withFrontend, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Header("Origin", frontend)
		c.Get("/health").ExpectHeader("Access-Control-Allow-Origin", frontend)
		refused := c.Get("/me")
		refused.ExpectHeader("Access-Control-Allow-Origin", frontend)
		if vary := strings.Join(refused.Header.Values("Vary"), ","); !strings.Contains(vary, "Origin") || !strings.Contains(vary, "X-App-Locale") {
			refused.Fail("Vary is %q, want Origin and the locale headers", vary)
		}
	})
}

func TestSection01_CORS_PreflightAllowsWhatTheContractNeeds(t *testing.T) {
	onEachWith(t, withFrontend, func(t *testing.T, srv *authtest.Server) {
		for path, methods := range allowed {
			for _, method := range methods {
				a := preflight(srv.Client(t), frontend, path, method)
				a.ExpectHeader("Access-Control-Allow-Origin", frontend)
				if !strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), method) {
					a.Fail("%s is not allowed on %s", method, path)
				}
				a.ExpectHeader("Cache-Control", "no-store")
				a.ExpectHeader("Content-Language", "fr")
				headers := strings.ToLower(a.Header.Get("Access-Control-Allow-Headers"))
				for _, name := range []string{"authorization", "content-type", "x-app-locale"} {
					if !strings.Contains(headers, name) {
						a.Fail("the header %s is not allowed on %s", name, path)
					}
				}
			}
		}
	})
}

func preflight(c *authtest.Client, origin, path, method string) *authtest.Answer {
	return c.Header("Origin", origin).Header("Access-Control-Request-Method", method).
		Header("Access-Control-Request-Headers", "authorization,content-type,x-app-locale").
		Send("OPTIONS", "/api/v1"+path, nil)
}

// A client shows a cooldown from Retry-After (the table of statuses), which a
// browser hides from it unless it is exposed.
func TestSection01_CORS_ExposesWhatAClientReads(t *testing.T) {
	onEachWith(t, withFrontend, func(t *testing.T, srv *authtest.Server) {
		a := srv.Client(t).Header("Origin", frontend).Get("/me")
		exposed := strings.ToLower(a.Header.Get("Access-Control-Expose-Headers"))
		for _, name := range []string{"retry-after", "x-request-id", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} {
			if !strings.Contains(exposed, name) {
				a.Fail("%s is not exposed", name)
			}
		}
	})
}

func TestSection01_CORS_IgnoresEveryOtherOrigin(t *testing.T) {
	origins := []string{
		"https://evil.example", "http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.example",
		"https://evil-app.example.com", "https://sub.app.example.com", "https://app.example.com/", "null", "*",
	}
	onEachWith(t, withFrontend, func(t *testing.T, srv *authtest.Server) {
		for _, origin := range origins {
			expectNoCORS(t, srv.Client(t).Header("Origin", origin).Get("/health"))
			expectNoCORS(t, preflight(srv.Client(t), origin, "/me", "GET"))
		}
	})
}

func TestSection01_CORS_IsOffWithoutAnOrigin(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		expectNoCORS(t, srv.Client(t).Header("Origin", frontend).Get("/health"))
		expectNoCORS(t, preflight(srv.Client(t), frontend, "/me", "GET"))
	})
}

func expectNoCORS(t authtest.TB, a *authtest.Answer) {
	t.Helper()
	for _, name := range []string{"Origin", "Methods", "Headers", "Credentials"} {
		if got := a.Header.Get("Access-Control-Allow-" + name); got != "" {
			a.Fail("Access-Control-Allow-%s is %q", name, got)
		}
	}
}
