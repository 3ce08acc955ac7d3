package authtest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/header"
)

// exchange is a request and its answer as a server would have written them.
func exchange(method, path, payload string, status int, body string, headers ...string) exchanged {
	req, _ := http.NewRequest(method, "http://127.0.0.1:1"+path, nil) // all of them can be parsed
	req.Header.Set("Content-Type", "application/json")
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
	header.Data.Set(resp.Header)
	for name, value := range map[string]string{"Content-Type": "application/json; charset=utf-8", "Content-Language": "fr", "Vary": "X-App-Locale", "X-Request-Id": "a"} {
		resp.Header.Set(name, value)
	}
	for i := 0; i < len(headers); i += 2 {
		resp.Header.Set(headers[i], headers[i+1])
	}
	return exchanged{req, []byte(payload), resp, []byte(body)}
}

func TestTheDocumentIsHeldAgainstTheTraffic(t *testing.T) {
	t.Parallel()
	j, err := newJudge()
	if err != nil {
		t.Fatal(err)
	}
	j.fully = 1000
	const (
		send  = "/api/v1/register-email-code/send"
		right = `{"email":" Ada@Example.com "}`
		sent  = `{"message":"m","code":"OTP_SENT"}`
	)
	for _, tt := range []struct {
		name string
		exchanged
		want string // part of what is said, empty where all is well
	}{
		{"as documented", exchange("POST", send, right, 200, sent), ""},
		{"another status", exchange("POST", send, right, 201, sent), "no such status"},
		{"another code", exchange("POST", send, right, 200, `{"message":"m","code":"OTP_VALID"}`), `no code "OTP_VALID"`},
		{"the code of another status", exchange("POST", send, right, 409, `{"message":"m","code":"OTP_SENT"}`), `no code "OTP_SENT"`},
		{"no code", exchange("POST", send, right, 200, `OK`), `no code ""`},
		{"no message", exchange("POST", send, right, 200, `{"code":"OTP_SENT"}`), "message"},
		{"one member more", exchange("POST", send, right, 200, `{"message":"m","code":"OTP_SENT","more":1}`), ""},
		{"success without what it takes", exchange("POST", send, `{"email":7}`, 200, sent), "the request does not fit"},
		{"refused without what it takes", exchange("POST", send, `7`, 422, `{"message":"m","code":"VALIDATION_FAILED","errors":{"email":["e"]}}`), ""},
		{"a 422 without errors", exchange("POST", send, `7`, 422, `{"message":"m","code":"VALIDATION_FAILED"}`), "errors"},
		{"a 422 with empty errors", exchange("POST", send, `7`, 422, `{"message":"m","code":"VALIDATION_FAILED","errors":{"email":[]}}`), "errors"},
		{"a 429 without Retry-After", exchange("POST", send, right, 429, `{"message":"m","code":"TOO_MANY_REQUESTS"}`), "Retry-After"},
		{"a 429", exchange("POST", send, right, 429, `{"message":"m","code":"TOO_MANY_REQUESTS"}`, "Retry-After", "3", "RateLimit-Limit", "5"), ""},
		{"a header that is no number", exchange("POST", send, right, 200, sent, "RateLimit-Limit", "five"), "header"},
		{"another language", exchange("POST", send, right, 200, sent, "Content-Language", "es"), "header"},
		{"a wrong type deep inside", exchange("GET", "/api/v1/health", "", 200, `{"message":"m","code":"HEALTH_OK","data":{"status":"ok","version":"1","environment":"sandbox","time":"2026-01-09"}}`), "time"},
		{"a head", exchange("HEAD", "/api/v1/health", "", 200, ""), ""},
		{"an unknown path", exchange("GET", "/api/v2/me", "", 404, `{"message":"m","code":"NOT_FOUND"}`), ""},
		{"an unknown path with a code of its own", exchange("GET", "/api/v2/me", "", 200, sent), "no operation here"},
		{"an unknown path without a message", exchange("GET", "/api/v2/me", "", 404, `{"code":"NOT_FOUND"}`), "message"},
		{"an unknown method", exchange("PUT", send, "", 405, `{"message":"m","code":"METHOD_NOT_ALLOWED"}`, "Allow", "POST"), ""},
		{"an unknown method without Allow", exchange("PUT", send, "", 405, `{"message":"m","code":"METHOD_NOT_ALLOWED"}`), "Allow"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := j.check(tt.exchanged)
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want something of %q", err, tt.want)
			}
		})
	}
}

func TestWhatIsSeenOftenIsToldByItsCodeAlone(t *testing.T) {
	t.Parallel()
	j, err := newJudge()
	if err != nil {
		t.Fatal(err)
	}
	wrong := exchange("GET", "/api/v1/health", "", 200, `{"code":"HEALTH_OK"}`)
	for i := range fullChecks + 1 {
		if err := j.check(wrong); (err == nil) != (i == fullChecks) {
			t.Errorf("try %d: %v", i, err)
		}
	}
}

func TestPagesAreNotInTheDocument(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/": false, "/docs/login": false, "/apis": false, "/api/v1/me": true, "/API/v1": true, "//api": true} {
		if got := exchange("GET", path, "", 200, "").isAPI(); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
