package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/ratelimit"
)

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, w := range []*httptest.ResponseRecorder{
		ask(s, "GET", Prefix+"/me", ""),
		ask(s, "GET", "/nowhere", ""),
		ask(s, "PUT", Prefix+"/me", ""),
		post(s, Prefix+"/auth/login", "{}"),
	} {
		expectHeader(t, w, "Content-Type", "application/json; charset=utf-8")
		expectHeader(t, w, "Content-Length", fmt.Sprint(w.Body.Len()))
		expectHeader(t, w, "Content-Language", "fr")
		expectHeader(t, w, "Vary", "X-App-Locale, Accept-Language")
		expectHeader(t, w, "Cache-Control", "no-store")
		expectHeader(t, w, "X-Content-Type-Options", "nosniff")
		expectHeader(t, w, "RateLimit-Limit", "") // none applies
		if !saneID.MatchString(w.Header().Get("X-Request-Id")) {
			t.Errorf("X-Request-Id is %q", w.Header().Get("X-Request-Id"))
		}
	}
}

func TestValidationErrorsAreListedByField(t *testing.T) {
	t.Parallel()
	w := post(newServer(t), Prefix+"/register-email-code/set-password",
		`{"password":"violet otter 42","code":"<&>"}`, "X-App-Locale", "en")
	want := `{"message":"Some fields are invalid.","code":"VALIDATION_FAILED","errors":{` +
		`"email":["The email field is required."],"code":["The code must be 6 digits."],` +
		`"password":["The password confirmation does not match."],` +
		`"password_confirmation":["The password confirmation field is required."]}}` + "\n"
	if w.Code != 422 || w.Body.String() != want {
		t.Errorf("got %d\n%swant 422\n%s", w.Code, w.Body, want)
	}
}

func TestEveryRefusalHasItsStatus(t *testing.T) {
	t.Parallel()
	for _, e := range account.Errors() {
		if status := StatusOf(e.Kind); status == 500 && e.Kind != account.Internal {
			t.Errorf("%s has the status of a fault of ours", e.Code)
		}
	}
}

// refused returns the answer to an error.
func refused(t *testing.T, err error) *httptest.ResponseRecorder {
	t.Helper()
	x, w := exchangeFor(t, httptest.NewRequest("GET", "/", nil))
	x.refuse(err)
	return w
}

func TestRefusalsTellWhenToComeBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
		after  string
	}{
		{account.ErrTooManyRequests.After(61 * time.Second), 429, "61"},
		{account.ErrTooManyRequests.After(1500 * time.Millisecond), 429, "2"},
		{account.ErrTooManyRequests.After(0), 429, "1"},
		{fmt.Errorf("login: %w", account.ErrServiceUnavailable.After(2*time.Second)), 503, "2"},
		{account.ErrServiceUnavailable, 503, "5"},
		{account.ErrNotFound, 404, ""},
	} {
		w := refused(t, tt.err)
		if w.Code != tt.status {
			t.Errorf("%v: status %d, want %d", tt.err, w.Code, tt.status)
		}
		expectHeader(t, w, "Retry-After", tt.after)
	}
}

func TestEvery401NamesBearer(t *testing.T) {
	t.Parallel()
	expectHeader(t, refused(t, account.ErrInvalidCredentials), "WWW-Authenticate", "Bearer")
	expectHeader(t, refused(t, account.ErrUnauthenticated), "WWW-Authenticate", "Bearer")
	expectHeader(t, refused(t, account.ErrForbidden), "WWW-Authenticate", "")
}

func TestFaultsOfOursAreLoggedOnceAndTellNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault  error
		status int
		code   string
	}{
		{errors.New("secret detail"), 500, "SERVER_ERROR"},
		{fmt.Errorf("secret detail: %w", context.DeadlineExceeded), 503, "SERVICE_UNAVAILABLE"},
	} {
		var log bytes.Buffer
		w := httptest.NewRecorder()
		x := newServer(t, logTo(&log)).begin(w, httptest.NewRequest("GET", "/", nil))
		x.caller.RequestID = "req-1"
		x.refuse(tt.fault)
		expect(t, w, tt.status, tt.code)
		if strings.Contains(w.Body.String(), "detail") {
			t.Errorf("the client is told %s", w.Body)
		}
		if strings.Count(log.String(), "secret detail") != 1 || !strings.Contains(log.String(), "request_id=req-1") {
			t.Errorf("the log is %q", log.String())
		}
	}
}

func TestAClientThatHungUpIsNoFault(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	x := newServer(t, logTo(&log)).begin(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	x.refuse(fmt.Errorf("read user: %w", context.Canceled))
	if log.Len() > 0 {
		t.Errorf("the log is %q", log.String())
	}
}

func TestSuccessesHaveTheirCodeAndWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a    Answer
		want string
	}{
		{&Done{}, `{"message":"Logged out.","code":"LOGOUT_SUCCESS"}`},
		{&Done{Envelope: with(account.TwoFARequired)}, `{"message":"Enter the code from your authenticator app.","code":"TWOFA_REQUIRED"}`},
		{
			&SecondFactor{Envelope: with(account.TwoFAStatus), Enabled: true},
			`{"message":"2FA is enabled.","code":"TWOFA_STATUS","enabled":true,"email":"","secret":null,"otpauth_uri":null,"issuer":"","expires_in":null}`,
		},
	} {
		x, w := exchangeFor(t, httptest.NewRequest("GET", "/", nil))
		x.caller.Locale = "en"
		x.succeed(tt.a, account.LogoutSuccess)
		if got := strings.TrimSpace(w.Body.String()); got != tt.want || w.Code != 200 {
			t.Errorf("got %d %s, want %s", w.Code, got, tt.want)
		}
	}
}

func TestTheTightestLimitIsTold(t *testing.T) {
	t.Parallel()
	x, w := exchangeFor(t, httptest.NewRequest("GET", "/", nil))
	x.caller.Quota = ratelimit.Quota{Limit: 5, Remaining: 0, Reset: 59100 * time.Millisecond}
	x.refuse(account.ErrTooManyRequests.After(time.Second))
	expectHeader(t, w, "RateLimit-Limit", "5")
	expectHeader(t, w, "RateLimit-Remaining", "0")
	expectHeader(t, w, "RateLimit-Reset", "60")
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	get, head := ask(s, "GET", Prefix+"/me", "", RequestIDHeader, "x"), ask(s, "HEAD", Prefix+"/me", "", RequestIDHeader, "x")
	if head.Code != get.Code || head.Body.Len() != 0 {
		t.Errorf("HEAD: %d with %d bytes, want %d with none", head.Code, head.Body.Len(), get.Code)
	}
	for name := range get.Header() {
		expectHeader(t, head, name, get.Header().Get(name))
	}
}

func TestAnswersSpeakTheLanguageOfTheRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, tt := range []struct {
		headers []string
		want    string
	}{
		{nil, "fr"},
		{[]string{"Accept-Language", "en-US,en;q=0.9"}, "en"},
		{[]string{"X-App-Locale", "fr", "Accept-Language", "en"}, "fr"},
		{[]string{"Accept-Language", "tlh", "Accept-Language", "en"}, "en"}, // two lines are one list
	} {
		expectHeader(t, ask(s, "GET", Prefix+"/me", "", tt.headers...), "Content-Language", tt.want)
	}
}
