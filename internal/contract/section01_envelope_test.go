package contract_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

// sample is one request for each kind of answer that a stranger can get.
var samples = []struct {
	name         string
	method, path string
	body         any
	status       int
	code         string
}{
	{"success", "GET", "/health", nil, 200, "HEALTH_OK"},
	{"malformed", "POST", "/auth/login", "{", 400, "MALFORMED_REQUEST"},
	{"unauthenticated", "GET", "/me", nil, 401, "UNAUTHENTICATED"},
	{"wrong credentials", "POST", "/auth/login", authtest.LoginFields("nobody@example.com", "phone"), 401, "INVALID_CREDENTIALS"},
	{"failed verification", "POST", "/register-email-code/verify", Fields{"email": "nobody@example.com", "code": "123456"}, 403, "OTP_INVALID"},
	{"unknown path", "GET", "/nowhere", nil, 404, "NOT_FOUND"},
	{"wrong method", "GET", "/auth/login", nil, 405, "METHOD_NOT_ALLOWED"},
	{"spent challenge", "POST", "/auth/login/2fa", Fields{"challenge_id": "none", "code": "123456", "device_id": "phone"}, 410, "TWOFA_CHALLENGE_EXPIRED"},
	{"too large", "POST", "/auth/login", `{"email":"` + strings.Repeat("a", 64<<10) + `"}`, 413, "PAYLOAD_TOO_LARGE"},
	{"invalid", "POST", "/auth/login", Fields{}, 422, "VALIDATION_FAILED"},
}

func TestSection01_Envelope_EveryAnswerCarriesMessageAndCode(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for _, s := range samples {
			t.Run(s.name, func(t *testing.T) {
				c.For(t).Send(s.method, "/api/v1"+s.path, s.body).Expect(s.status, s.code)
			})
		}
	})
}

func TestSection01_Envelope_RefusalsHaveMessageAndCodeAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for _, s := range samples {
			if s.status < 400 || s.status == 422 {
				continue
			}
			c.Send(s.method, "/api/v1"+s.path, s.body).Matches(`{"message": "$text", "code": "` + s.code + `"}`)
		}
	})
}

func TestSection01_Headers_EveryAnswerHasThem(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for _, s := range samples {
			t.Run(s.name, func(t *testing.T) {
				a := c.For(t).Send(s.method, "/api/v1"+s.path, s.body)
				a.ExpectHeader("Content-Language", "fr")
				a.ExpectHeader("Cache-Control", "no-store")
				a.ExpectHeader("X-Content-Type-Options", "nosniff")
				if !regexp.MustCompile(`^application/json(; ?charset=utf-8)?$`).MatchString(strings.ToLower(a.Header.Get("Content-Type"))) {
					a.Fail("Content-Type is %q", a.Header.Get("Content-Type"))
				}
				vary := strings.ToLower(strings.Join(a.Header.Values("Vary"), ","))
				if !strings.Contains(vary, "x-app-locale") || !strings.Contains(vary, "accept-language") {
					a.Fail("Vary is %q, want the locale headers", vary)
				}
				if a.Header.Get("X-Request-Id") == "" {
					a.Fail("X-Request-Id is missing")
				}
			})
		}
	})
}

func TestSection01_RequestID_IsEchoedWhereSane(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for _, id := range []string{"4f9d3b3e-5f1c-4f6e-9a39-3f1f3c1f6a77", "req-1", "abc123"} {
			srv.Client(t).Header("X-Request-Id", id).Get("/me").ExpectHeader("X-Request-Id", id)
		}
	})
}

func TestSection01_RequestID_IsMadeWhereNotSane(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		seen := map[string]bool{}
		for _, id := range []string{"", "a b", `"quoted"`, "é", "<script>", long(1000)} {
			a := srv.Client(t).Header("X-Request-Id", id).Get("/me")
			got := a.Header.Get("X-Request-Id")
			if got == "" || got == id || seen[got] {
				a.Fail("the request id is %q for %q, want a new one", got, id)
			}
			seen[got] = true
		}
	})
}

func TestSection01_RateLimitHeaders_CountDown(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		first, second := srv.Client(t).Get("/me"), srv.Client(t).Get("/me")
		if quota(t, first, "Limit") < 1 || quota(t, first, "Reset") < 0 {
			first.Fail("the limit or its reset makes no sense")
		}
		if quota(t, second, "Remaining") != quota(t, first, "Remaining")-1 {
			second.Fail("RateLimit-Remaining went from %d to %d", quota(t, first, "Remaining"), quota(t, second, "Remaining"))
		}
	})
}

func quota(t authtest.TB, a *authtest.Answer, name string) int {
	t.Helper()
	n, err := strconv.Atoi(a.Header.Get("RateLimit-" + name))
	if err != nil {
		a.Fail("RateLimit-%s is %q", name, a.Header.Get("RateLimit-"+name))
	}
	return n
}

func TestSection01_Unauthorized_EveryOneNamesBearer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for _, call := range bearerCalls {
			c.Send(call.method, "/api/v1"+call.path, nil).Expect(401, "UNAUTHENTICATED").ExpectHeader("WWW-Authenticate", "Bearer")
		}
		c.Login(ada, "phone").Expect(401, "INVALID_CREDENTIALS").ExpectHeader("WWW-Authenticate", "Bearer")
	})
}

// bearerCalls are all calls that need a token.
var bearerCalls = []struct{ method, path string }{
	{"POST", "/auth/logout"},
	{"GET", "/auth/devices"},
	{"POST", "/auth/logout-device"},
	{"GET", "/auth/2fa/status"},
	{"POST", "/auth/2fa/enable"},
	{"POST", "/auth/2fa/disable"},
	{"POST", "/auth/2fa/verify"},
	{"GET", "/me"},
	{"PATCH", "/me"},
	{"POST", "/me/photo"},
	{"DELETE", "/me/photo"},
}

func TestSection01_Validation_ListsEveryInvalidFieldAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Locale("en")
		c.Post("/auth/login", Fields{}).Invalid("email", "password", "device_id", "device_type", "device_name")
		c.Post("/register-email-code/set-password", Fields{"email": "a b", "code": "1", "password": "short", "password_confirmation": "short"}).
			Invalid("email", "code", "password")
	})
}

func TestSection01_Validation_ShapeIsTheSameOnAllEndpoints(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Locale("en")
		for _, call := range []struct{ path, field string }{
			{"/register-email-code/send", "email"}, {"/register-email-code/resend", "email"},
			{"/auth/register-email", "email"}, {"/register-email/resend", "email"},
			{"/auth/logout-device", "device_id"},
			{"/auth/2fa/enable", "code"}, {"/auth/2fa/disable", "code"}, {"/auth/2fa/verify", "code"},
		} {
			a := c.Post(call.path, Fields{})
			a.Invalid(call.field)
			a.Matches(`{"message": "Some fields are invalid.", "code": "VALIDATION_FAILED", "errors": {"` + call.field + `": ["$text"]}}`)
		}
	})
}

func TestSection01_Times_AreUTCWithSixDigits(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		me := srv.Client(t).Register(ada).Get("/me")
		me.Time("data.created_at")
		me.Time("data.updated_at")
		srv.Client(t).Get("/health").Time("data.time")
	})
}
