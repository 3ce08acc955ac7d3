package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/rogpeppe/go-internal/testscript"
)

const password = "Ma tante fait du vélo 7"

// register makes an account by code and keeps its token in $TOKEN, and the secret half
// of that in $SECRET.
func register(ts *testscript.TestScript, _ bool, args []string) {
	email := args[0]
	call(ts, http.MethodPost, "/api/v1/register-email-code/send", map[string]string{"email": email}, http.StatusOK)
	answer := call(ts, http.MethodPost, "/api/v1/register-email-code/set-password", map[string]string{
		"email": email, "code": mailedCode(ts, email), "password": password, "password_confirmation": password,
	}, http.StatusOK)
	token := answer["access_token"].(string)
	_, secret, _ := strings.Cut(token, "|")
	ts.Setenv("TOKEN", token)
	ts.Setenv("SECRET", secret)
}

// twofa turns the second factor of the person of $TOKEN on.
func twofa(ts *testscript.TestScript, _ bool, _ []string) {
	status := call(ts, http.MethodGet, "/api/v1/auth/2fa/status", nil, http.StatusOK)
	code, err := totp.GenerateCode(status["secret"].(string), time.Now())
	ts.Check(err)
	call(ts, http.MethodPost, "/api/v1/auth/2fa/enable", map[string]string{"code": code}, http.StatusOK)
}

// me demands the status of GET /me with $TOKEN: "me 200".
func me(ts *testscript.TestScript, _ bool, args []string) {
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	call(ts, http.MethodGet, "/api/v1/me", nil, status)
}

// ask prints what is answered to a request: "ask POST /mock/clock BODY".
func ask(ts *testscript.TestScript, _ bool, args []string) {
	var body any
	if len(args) > 2 {
		ts.Check(json.Unmarshal([]byte(args[2]), &body))
	}
	answer, err := json.Marshal(call(ts, args[0], args[1], body, http.StatusOK))
	ts.Check(err)
	_, err = fmt.Fprintf(ts.Stdout(), "%s\n", answer)
	ts.Check(err)
}

func mailedCode(ts *testscript.TestScript, email string) string {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		answer := call(ts, http.MethodGet, "/dev/inbox.json?to="+url.QueryEscape(email), nil, http.StatusOK)
		if mails := answer["mails"].([]any); len(mails) > 0 {
			return mails[0].(map[string]any)["code"].(string)
		}
	}
	ts.Fatalf("no mail to %s", email)
	return ""
}

func call(ts *testscript.TestScript, method, path string, body any, status int) (answer map[string]any) {
	sent, err := json.Marshal(body)
	ts.Check(err)
	req, err := http.NewRequest(method, ts.Getenv("FLOWXI_PUBLIC_URL")+path, bytes.NewReader(sent))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+ts.Getenv("TOKEN"))
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	received, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if resp.StatusCode != status {
		ts.Fatalf("%s %s: got %d, want %d: %s", method, path, resp.StatusCode, status, received)
	}
	if err := json.Unmarshal(received, &answer); err != nil {
		ts.Check(fmt.Errorf("%s %s: %w", method, path, err))
	}
	return answer
}
