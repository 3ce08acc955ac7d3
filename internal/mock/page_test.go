package mock_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/client"
	"flowxi.app/flowxi/internal/mock"
)

func TestThePageIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/mock.md")
	if err != nil {
		t.Fatal(err)
	}
	page, r := string(text), start(t, mock.Options{})
	for _, p := range r.people() {
		if !strings.Contains(page, "`"+p.Email+"`") {
			t.Errorf("the page does not tell of %s", p.Email)
		}
	}
	for _, want := range []string{mock.Code, mock.Password, mock.TOTPSecret, mock.Start.Format("2 January 2006, 15:04:05 MST")} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not tell %q", want)
		}
	}
	script := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(page)
	if script == nil {
		t.Fatal("the page has no requests to copy")
	}
	lines := strings.ReplaceAll(script[1], "localhost:8080", strings.TrimPrefix(r.url, "http://"))
	out, err := exec.Command("sh", "-eu", "-c", lines).CombinedOutput()
	if err != nil || strings.Count(string(out), `"email":"pending@example.com"`) != 2 {
		t.Errorf("the requests ended with %v:\n%s", err, out)
	}
}

// TestWhatExpiresDoesSoWhenThePageSays moves the clock by each number that people copy: two
// seconds before all is good, and after it all is over.
func TestWhatExpiresDoesSoWhenThePageSays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/mock.md")
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, mock.Options{})
	for _, thing := range []struct {
		name string
		end  client.Code
		make func() func() error // what is tried before and after
		good client.Code         // before
	}{
		{"a mailed code", client.CodeOTPExpired, r.mailedCode, ""},
		{"a login that waits for its second factor", client.CodeTwoFAChallengeExpired, r.challenge, client.CodeTwoFAInvalidCode},
		{"a link", client.CodeMagicLinkExpired, r.links, ""},
		{"a token that nobody uses", client.CodeUnauthenticated, r.tokens, ""},
	} {
		told := regexp.MustCompile("`\\{\"advance\": ([0-9]+)\\}` (?:ends )?" + thing.name).FindSubmatch(text)
		if told == nil {
			t.Errorf("the page does not tell when %s ends", thing.name)
			continue
		}
		seconds, err := strconv.Atoi(string(told[1]))
		if err != nil {
			t.Fatal(err)
		}
		try := thing.make()
		r.must("POST", "/mock/clock", fmt.Sprintf(`{"advance": %d}`, seconds-2))
		code(t, thing.name+" two seconds before", try(), thing.good)
		r.must("POST", "/mock/clock", `{"advance": 2}`)
		code(t, thing.name+" after "+string(told[1])+" seconds", try(), thing.end)
		r.must("POST", "/mock/reset", "")
	}
}

func (r *running) mailedCode() func() error {
	r.t.Helper()
	c, in := r.client(), client.EmailInput{Email: "new@example.com"}
	_, err := c.SendRegistrationCode(r.t.Context(), in)
	code(r.t, "a request for a code", err, "")
	return func() error {
		_, err := c.VerifyRegistrationCode(r.t.Context(), client.CodeCheckInput{Email: in.Email, Code: mock.Code})
		return err
	}
}

// challenge is tried with a wrong code, which does not spend it.
func (r *running) challenge() func() error {
	r.t.Helper()
	in, err := r.login(mock.Person{Email: "twofa@example.com"})
	if err != nil {
		r.t.Fatal(err)
	}
	return func() error {
		_, err := r.client().LoginTwoFactor(r.t.Context(), client.LoginTwoFAInput{ChallengeID: in.Challenged.Data.ChallengeID, Code: "000000"})
		return err
	}
}

// links are two, since each is spent when it is tried.
func (r *running) links() func() error {
	r.t.Helper()
	var waiting []client.LinkPasswordInput
	for _, email := range []string{"new@example.com", "newer@example.com"} {
		_, err := r.client().SendRegistrationLink(r.t.Context(), client.EmailInput{Email: email})
		code(r.t, "a request for a link", err, "")
		waiting = append(waiting, client.LinkPasswordInput{Email: email, Token: r.mailedToken(email), Password: mock.Password})
	}
	return func() error {
		in := waiting[0]
		waiting = waiting[1:]
		_, err := r.client().RegisterByLink(r.t.Context(), in)
		return err
	}
}

// mailedToken waits for the mail: moved past its end, the clock would keep it from coming.
func (r *running) mailedToken(email string) client.Secret {
	r.t.Helper()
	token := regexp.MustCompile("token=([0-9a-f]{64})")
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if found := token.FindStringSubmatch(r.must("GET", "/dev/inbox.json?to="+email, "")); found != nil {
			return client.Secret(found[1])
		}
	}
	r.t.Fatalf("no link comes to %s", email)
	return ""
}

// tokens are two, since a use of one begins its time anew.
func (r *running) tokens() func() error {
	r.t.Helper()
	var unused []*client.Client
	for _, name := range []string{"active", "english"} {
		c := r.client()
		_, err := c.Login(r.t.Context(), client.LoginInput{Email: name + "@example.com", Password: mock.Password})
		code(r.t, "a login", err, "")
		unused = append(unused, c)
	}
	return func() error {
		c := unused[0]
		unused = unused[1:]
		_, err := c.Me(r.t.Context())
		return err
	}
}
