package mock_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/client"
	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/mock"
)

// running is a mock and where it is.
type running struct {
	t   *testing.T
	url string
}

// start starts a mock that ends with the test.
func start(t *testing.T, o mock.Options) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t, fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)}
	if o.URL == "" {
		o.URL = r.url
	}
	m, err := mock.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context())) // that of the test ends before its cleanups
	ended := make(chan error, 1)
	go func() { ended <- m.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the mock ended badly: %v", err)
		}
	})
	return r
}

// do makes a request and returns its status, header and body.
func (r *running) do(method, path, body string, header ...string) (int, http.Header, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for pair := range slices.Chunk(header, 2) {
		if req.Header.Set(pair[0], pair[1]); pair[0] == "Host" {
			req.Host = pair[1]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

// must demands a 200, and returns the body.
func (r *running) must(method, path, body string, header ...string) string {
	r.t.Helper()
	status, _, text := r.do(method, path, body, header...)
	if status != http.StatusOK {
		r.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return text
}

// people are those of /mock/people, by the first part of their address.
func (r *running) people() map[string]mock.Person {
	r.t.Helper()
	var answer struct{ People []mock.Person }
	if err := json.Unmarshal([]byte(r.must("GET", "/mock/people", "")), &answer); err != nil {
		r.t.Fatal(err)
	}
	all := map[string]mock.Person{}
	for _, p := range answer.People {
		name, _, _ := strings.Cut(p.Email, "@")
		all[name] = p
	}
	return all
}

// client is one on a new device.
func (r *running) client() *client.Client {
	r.t.Helper()
	c, err := client.New(r.url, client.Options{
		Locale: "en", Retries: -1, Device: client.DeviceInput{DeviceID: "test", DeviceType: "web", DeviceName: "Test"},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *running) login(p mock.Person) (*client.LoginResult, error) {
	return r.client().Login(r.t.Context(), client.LoginInput{Email: p.Email, Password: mock.Password})
}

// code demands how a call ended: an error's code, or none.
func code(t *testing.T, what string, err error, want client.Code) {
	t.Helper()
	if want == "" && err != nil || want != "" && !errors.Is(err, want) {
		t.Errorf("%s ended with %v, want %q", what, err, want)
	}
}

func TestEverybodyIsWhatTheTableSays(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	people := r.people()
	for name, want := range map[string]client.Code{
		"active": "", "english": "", "empty": "", "long": "", "devices": "", "twofa": "", "limited": client.CodeTooManyRequests,
		"blocked": client.CodeInvalidCredentials, "closed": client.CodeInvalidCredentials,
		"pending": client.CodeInvalidCredentials, "expired": client.CodeInvalidCredentials,
	} {
		p, there := people[name]
		if !there {
			t.Errorf("%s is not there", name)
			continue
		}
		result, err := r.login(p)
		code(t, "the login of "+name, err, want)
		if err == nil && (result.Challenged != nil) != (p.TOTPSecret != "") {
			t.Errorf("%s has a second factor, or none: %+v", name, result)
		}
		if p.AccessToken == "" {
			continue
		}
		me, err := r.client().WithToken(client.Secret(p.AccessToken)).Me(t.Context())
		code(t, "the token of "+name, err, "")
		if err == nil && (me.Data.ID != p.UserID || me.Data.Email != p.Email || *me.Data.Locale != p.Locale || string(me.Data.Status) != string(p.State)) {
			t.Errorf("%s is %+v, and said to be %+v", name, me.Data, p)
		}
	}
	limited := people["limited"]
	for _, device := range []string{limited.DeviceID, "another"} {
		_, err := r.client().Login(t.Context(), client.LoginInput{
			Email: limited.Email, Password: mock.Password, DeviceInput: client.DeviceInput{DeviceID: device, DeviceType: "web", DeviceName: "Test"},
		})
		code(t, "the login of limited on "+device, err, client.CodeTooManyRequests)
	}
	if len(people) != 11 {
		t.Errorf("there are %d people; each needs a line above", len(people))
	}
}

func TestTheProfilesAreWhatPagesMustDraw(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	people, ctx := r.people(), t.Context()
	as := func(name string) *client.Client { return r.client().WithToken(client.Secret(people[name].AccessToken)) }
	if me, err := as("long").Me(ctx); err != nil || len([]rune(*me.Data.FirstName)) != 100 || len([]rune(*me.Data.LastName)) != 100 {
		t.Errorf("the longest names are %+v, %v", me, err)
	}
	if me, err := as("empty").Me(ctx); err != nil || me.Data.FirstName != nil || me.Data.PhotoURL != nil {
		t.Errorf("who said nothing is %+v, %v", me, err)
	}
	list, err := as("devices").ListDevices(ctx)
	if err != nil || len(list.Data.Devices) != 5 {
		t.Fatalf("the devices are %+v, %v", list, err)
	}
	if d := list.Data.Devices; !d[0].IsCurrent || d[1].DeviceID != "phone" || !d[1].LastUsedAt.Equal(mock.Start.Add(-10*time.Minute)) {
		t.Errorf("the devices are %+v", d)
	}
	me, err := as("devices").Me(ctx)
	if err != nil || me.Data.PhotoURL == nil {
		t.Fatalf("who has a photo is %+v, %v", me, err)
	}
	photo := strings.TrimPrefix(*me.Data.PhotoURL, r.url)
	if status, h, _ := r.do("GET", photo, ""); status != http.StatusOK || h.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the photo is %d %s", status, h.Get("Content-Type"))
	}
}

func TestCodesAndLinksCanBeFollowed(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	ctx, c, people := t.Context(), r.client(), r.people()
	for name, want := range map[string]client.Code{"pending": "", "expired": client.CodeOTPExpired} {
		_, err := c.VerifyRegistrationCode(ctx, client.CodeCheckInput{Email: people[name].Email, Code: mock.Code})
		code(t, "the code of "+name, err, want)
	}
	for name, want := range map[string]client.Code{"pending": "", "expired": client.CodeMagicLinkExpired} {
		link, err := url.Parse(people[name].Link)
		if err != nil || link.Query().Get("email") != people[name].Email {
			t.Fatalf("the link of %s is %q: %v", name, people[name].Link, err)
		}
		r.must("GET", link.RequestURI(), "")
		_, err = c.RegisterByLink(ctx, client.LinkPasswordInput{
			Email: people[name].Email, Token: client.Secret(link.Query().Get("token")), Password: mock.Password,
		})
		code(t, "the link of "+name, err, want)
	}
	fresh := client.EmailInput{Email: "new@example.com"}
	_, err := c.SendRegistrationCode(ctx, fresh)
	code(t, "a new person's request", err, "")
	_, err = c.SendRegistrationCode(ctx, fresh)
	code(t, "another at the same moment", err, client.CodeTooManyRequests)
	r.must("POST", "/mock/clock", `{"advance": 60}`)
	_, err = c.SendRegistrationCode(ctx, fresh)
	code(t, "another a minute later", err, "")
	_, err = c.RegisterByCode(ctx, client.CodePasswordInput{Email: fresh.Email, Code: mock.Code, Password: mock.Password})
	code(t, "a registration", err, "")
	if inbox := r.must("GET", "/dev/inbox.json?to=pending@example.com", ""); !strings.Contains(inbox, mock.Code) || !strings.Contains(inbox, "token=") {
		t.Errorf("the inbox has %s", inbox)
	}
}

// TestASecondFactorInEveryTest is how docs/mock.md says to get around that a code is good
// once: move the clock, or begin anew.
func TestASecondFactorInEveryTest(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	prove := func(code string) error {
		in, err := r.login(mock.Person{Email: "twofa@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.client().LoginTwoFactor(t.Context(), client.LoginTwoFAInput{ChallengeID: in.Challenged.Data.ChallengeID, Code: client.Secret(code)})
		return err
	}
	first := r.people()["twofa"].TOTPCode
	if want := authtest.TOTP(mock.TOTPSecret, mock.Start); first != want {
		t.Fatalf("the code is %s, want %s", first, want)
	}
	code(t, "the code", prove(first), "")
	code(t, "the same code again", prove(first), client.CodeTwoFAInvalidCode)
	var moved struct {
		Now  time.Time `json:"now"`
		Code string    `json:"totp_code"`
	}
	if err := json.Unmarshal([]byte(r.must("POST", "/mock/clock", `{"advance": 60}`)), &moved); err != nil {
		t.Fatal(err)
	}
	if !moved.Now.Equal(mock.Start.Add(time.Minute)) || moved.Code == first || r.people()["twofa"].TOTPCode != moved.Code {
		t.Errorf("the clock shows %+v", moved)
	}
	code(t, "the code of a minute later", prove(moved.Code), "")
	r.must("POST", "/mock/reset", "")
	code(t, "the first code after a reset", prove(first), "")
}

func TestEveryStartIsTheSame(t *testing.T) {
	t.Parallel()
	one, two := start(t, mock.Options{URL: "http://localhost:8080"}), start(t, mock.Options{URL: "http://localhost:8080"})
	told := func(r *running) string {
		var all strings.Builder
		all.WriteString(r.must("GET", "/mock/people", ""))
		all.WriteString(r.must("POST", "/api/v1/auth/login", `{"email": "active@example.com", "password": "`+mock.Password+`", "device_id": "a", "device_type": "web", "device_name": "A"}`, "Content-Type", "application/json"))
		for _, path := range []string{"/me", "/auth/devices", "/auth/2fa/status", "/health"} {
			all.WriteString(r.must("GET", "/api/v1"+path, "", "Authorization", "Bearer "+r.people()["devices"].AccessToken))
		}
		return all.String()
	}
	first := told(one)
	if second := told(two); second != first {
		t.Errorf("two starts are\n%s\n%s", first, second)
	}
	one.must("POST", "/mock/reset", "")
	if again := told(one); again != first {
		t.Errorf("after a reset it is\n%s\nand was\n%s", again, first)
	}
	at := start(t, mock.Options{URL: "http://localhost:8080", Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	if elsewhen := told(at); elsewhen == first || !strings.Contains(elsewhen, `"time":"2026-01-02T03:04:05.000000Z"`) {
		t.Errorf("at another time it is\n%s", elsewhen)
	}
}

func TestTheClockIsMovedAndRuns(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	if got := r.must("GET", "/mock/clock", ""); !strings.Contains(got, `"now":"2026-01-09T17:08:57Z","running":false`) {
		t.Errorf("the clock is %s", got)
	}
	if got := r.must("POST", "/mock/clock", `{"now": "2026-02-01T00:00:00+01:00", "advance": -60}`); !strings.Contains(got, `"now":"2026-01-31T22:59:00Z"`) {
		t.Errorf("the clock is %s", got)
	}
	for _, body := range []string{`{"advnace": 1}`, `{"advance": "1m"}`, `[]`, `{"now": "tomorrow"}`, `{"advance": 99999999999}`, `{"now": "0001-01-01T00:00:00Z"}`, `{"advance": 1} {}`, `{`} {
		if status, _, text := r.do("POST", "/mock/clock", body); status != http.StatusBadRequest || !strings.Contains(text, "MALFORMED_REQUEST") {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	for body, want := range map[string]string{
		`{"now": 5}`:           "now has to be a time such as 2026-01-02T03:04:05Z",
		`{"now": "tomorrow"}`:  "now has to be a time such as 2026-01-02T03:04:05Z",
		`{"advance": 1.5}`:     "advance has to be a whole number of seconds",
		`{"advance": "1m"}`:    "advance has to be a whole number of seconds",
		`{"running": "false"}`: "running has to be true or false",
		`[]`:                   "this is of the kind array",
	} {
		if _, _, text := r.do("POST", "/mock/clock", body); !strings.Contains(text, ": "+want+`"`) {
			t.Errorf("%s: %s", body, text)
		}
	}
	r.must("POST", "/mock/clock", `{"running": true}`)
	moves := func() bool {
		one := r.must("GET", "/mock/clock", "")
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if r.must("GET", "/mock/clock", "") != one {
				return true
			}
		}
		return false
	}
	if !moves() {
		t.Error("the clock does not run")
	}
	r.must("POST", "/mock/clock", `{"running": false}`)
	if one, two := r.must("GET", "/mock/clock", ""), r.must("GET", "/mock/clock", ""); one != two {
		t.Errorf("the clock runs on: %s, %s", one, two)
	}
	if fast := start(t, mock.Options{Running: true}); !strings.Contains(fast.must("GET", "/mock/clock", ""), `"running":true`) {
		t.Error("the clock stands that was told to run")
	}
}

func TestTheClockStaysWhereTimesCanBeWritten(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	for _, body := range []string{`{"advance": 3153600000}`, `{"advance": -315360000}`} {
		for moves := 0; ; moves++ {
			before := r.must("GET", "/mock/clock", "")
			status, _, text := r.do("POST", "/mock/clock", body)
			if status == http.StatusOK && strings.Contains(text, `"now":"`) && moves < 100 {
				continue
			}
			if status != http.StatusBadRequest || !strings.Contains(text, "too far away") {
				t.Fatalf("move %d by %s: %d %q", moves, body, status, text)
			}
			if after := r.must("GET", "/mock/clock", ""); after != before {
				t.Errorf("the clock was at %s, and is at %s after a move that was refused", before, after)
			}
			break
		}
		r.must("GET", "/mock/people", "")
		r.must("POST", "/mock/reset", "")
	}
	for _, body := range []string{`{"now": "9000-12-30T00:00:00Z", "advance": 172800}`, `{"now": "1970-01-01T00:00:00Z", "advance": -1}`, `{"advance": 9223372036854775807}`, `{"advance": -9223372036854775808}`} {
		if status, _, text := r.do("POST", "/mock/clock", body); status != http.StatusBadRequest || !strings.Contains(text, "too far away") {
			t.Errorf("%s: %d %q", body, status, text)
		}
	}
}

// TestHalfABodyHoldsNobodyUp has requests that never end while a mock is reset, and while it
// is told to stop.
func TestHalfABodyHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	half := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // until it is read
		return c
	}
	c := half()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second)) // half of what a body may take
	go func() { _, _ = http.Post(r.url+"/mock/reset", "application/json", nil) }()
	if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
		t.Errorf("a request that is given up is answered %v", err)
	}
	if status, _, _ := r.do("GET", "/api/v1/health", ""); status != http.StatusOK {
		t.Errorf("after a reset /health is %d", status)
	}
	half() // until the end, which must be a good one
}

// A test that goes away while it waits for a reset has asked for one all the same.
func TestAResetIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	m, err := mock.New(t.Context(), mock.Options{URL: "http://localhost:8080"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	gone, leave := context.WithCancel(t.Context())
	leave()
	ask := func(ctx context.Context, method, path, body string) string {
		t.Helper()
		req := httptest.NewRequestWithContext(ctx, method, "http://localhost:8080"+path, strings.NewReader(body))
		w := httptest.NewRecorder()
		m.ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	atStart := ask(t.Context(), "GET", "/mock/clock", "")
	moved := ask(t.Context(), "POST", "/mock/clock", `{"advance": 86400, "running": false}`)
	if err := m.Reset(gone); err == nil {
		t.Error("a reset of a context that has ended says that it was done")
	}
	if now := ask(t.Context(), "GET", "/mock/clock", ""); now != moved {
		t.Errorf("after a reset that failed the clock is %s, want %s", now, moved)
	}
	ask(gone, "POST", "/mock/reset", "")
	if now := ask(t.Context(), "GET", "/mock/clock", ""); now != atStart {
		t.Errorf("after a reset that its caller gave up the clock is %s, want %s", now, atStart)
	}
}

func TestNobodySeesTheClockOfAResetThatIsUnderWay(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	want, done := r.must("GET", "/mock/clock", ""), make(chan struct{})
	go func() {
		defer close(done)
		if resp, err := http.Post(r.url+"/mock/reset", "application/json", nil); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("the reset: %v, %v", resp, err)
		}
	}()
	for {
		if got := r.must("GET", "/mock/clock", ""); got != want {
			t.Errorf("the clock shows %s, want %s", got, want)
			<-done
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestPagesOfThisMachineMayCall(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	for _, origin := range []string{"http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:4200", "https://localhost"} {
		for _, path := range []string{"/api/v1/health", "/mock/people"} {
			if _, h, _ := r.do("GET", path, "", "Origin", origin); h.Get("Access-Control-Allow-Origin") != origin {
				t.Errorf("a page of %s may not read %s: %v", origin, path, h)
			}
		}
		_, h, _ := r.do("OPTIONS", "/api/v1/me", "", "Origin", origin, "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization,content-type,x-app-locale")
		if h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Methods") != "PATCH" {
			t.Errorf("a page of %s may not PATCH: %v", origin, h)
		}
		if status, _, _ := r.do("OPTIONS", "/mock/clock", "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"); status != http.StatusNoContent {
			t.Errorf("a page of %s may not move the clock: %d", origin, status)
		}
	}
	for _, origin := range []string{"https://evil.example", "http://localhost.evil.example", "http://localhost:5173.evil.example", "null", "http://localhost@evil.example"} {
		if _, h, _ := r.do("GET", "/api/v1/health", "", "Origin", origin); h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("a page of %s may call the API", origin)
		}
		if status, _, text := r.do("POST", "/mock/reset", "", "Origin", origin); status != http.StatusForbidden || !strings.Contains(text, "FORBIDDEN") {
			t.Errorf("a page of %s may reset: %d %s", origin, status, text)
		}
	}
}

func TestNobodyElsesNameIsAnswered(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	login := `{"email": "active@example.com", "password": "` + mock.Password + `", "device_id": "a", "device_type": "web", "device_name": "A"}`
	for _, host := range []string{"rebound.example", "rebound.example:8080", "localhost.rebound.example", "127.0.0.1.rebound.example", "xlocalhost"} {
		if status, _, text := r.do("POST", "/api/v1/auth/login", login, "Host", host, "Origin", "http://"+host, "Content-Type", "application/json"); status != http.StatusForbidden || strings.Contains(text, "token") {
			t.Errorf("by the name %s there is a login: %d %s", host, status, text)
		}
		for _, path := range []string{"/mock/people", "/dev/inbox.json", "/account", "/api/v1/health"} {
			if status, _, text := r.do("GET", path, "", "Host", host); status != http.StatusForbidden || !strings.Contains(text, "FORBIDDEN") {
				t.Errorf("by the name %s there is %s: %d", host, path, status)
			}
		}
	}
	for _, host := range []string{"localhost", "LOCALHOST:5173", "app.localhost:3000", "127.0.0.1:8080", "[::1]:8080", "[::1]", "10.0.2.2:8080"} {
		r.must("GET", "/api/v1/health", "", "Host", host)
		r.must("GET", "/mock/people", "", "Host", host)
	}
	r.must("GET", "/api/v1/health", "", "Origin", "http://app.test:5173") // of a page whose server passes its calls on
}

func TestWhatIsThereIsTold(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	page := r.must("GET", "/mock", "")
	for _, want := range []string{r.url + "/api/v1", r.url + "/docs", r.url + "/dev/inbox", "2026-01-09T17:08:57Z, stands still", "123456", "twofa@example.com", r.people()["twofa"].TOTPCode, "blocked"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not tell %q:\n%s", want, page)
		}
	}
	told := regexp.MustCompile(`(?m)^  \w+ +`+regexp.QuoteMeta(r.url)+`(/[a-z/]+)`).FindAllStringSubmatch(page, -1)
	for _, want := range []string{"/docs", "/account", "/dev/inbox", "/mock/people"} {
		if !slices.ContainsFunc(told, func(line []string) bool { return line[1] == want }) {
			t.Errorf("the page does not tell of %s:\n%s", want, page)
		}
		r.must("GET", want, "")
	}
	for _, path := range []string{"/mock/", "/mock/nothing"} {
		if status, _, text := r.do("GET", path, ""); status != http.StatusNotFound || !strings.Contains(text, "/mock/people") {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

// An inbox that somebody has open waits for mails without end, and must not keep a reset
// or the end waiting.
func TestAnOpenInboxHoldsNothingUp(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{})
	for range 2 { // the second is still open at the end of the test
		resp, err := http.Get(r.url + "/dev/inbox/events")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("the stream: %v, %v", resp, err)
		}
		r.must("POST", "/mock/reset", "")
	}
	resp, err := http.Get(r.url + "/dev/inbox/events")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the stream: %v, %v", resp, err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	m, err := mock.New(t.Context(), mock.Options{URL: "http://localhost:8080"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if list, err := os.ReadDir(os.TempDir()); err != nil || len(list) != 1 {
			t.Errorf("there are %v, %v; want one folder", list, err)
		}
		if err := m.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if list, err := os.ReadDir(os.TempDir()); err != nil || len(list) != 0 {
		t.Errorf("%v is left behind, %v", list, err)
	}
}

func TestSettingsOfAServerWithPeopleAreRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"FLOWXI_DATABASE_URL=postgres://joe:hunter2@db/flowxi", "FLOWXI_REDIS_URL=redis://:hunter2@cache", "FLOWXI_STORAGE_URL=s3://id:hunter2@s3/b",
		"FLOWXI_SMTP_URL=smtps://joe:hunter2@mail", "FLOWXI_KEYS=a:hunter2", "FLOWXI_TLS_CERT=c.pem", "FLOWXI_ENVIRONMENT=production",
		"FLOWXI_DATA_DIR=/var/lib/flowxi", "FLOWXI_ADDR=:8080", "FLOWXI_PUBLIC_URL=https://id.example.org", "FLOWXI_TRUSTED_PROXIES=10.0.0.0/8", "FLOWXI_OPS_ADDR=:9090",
	} {
		name, _, _ := strings.Cut(line, "=")
		_, err := mock.New(t.Context(), mock.Options{URL: "http://localhost:8080", Environ: []string{line}})
		if err == nil || !strings.HasPrefix(err.Error(), name+" is set; flowxi mock is a sandbox") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, o := range []mock.Options{{URL: ""}, {URL: "http://localhost"}, {URL: "http://id.example.org:8080"}, {URL: "https://localhost:8443"}, {URL: "https://mock.example:443", Exposed: true}, {URL: "ftp://localhost:21"}, {URL: "https://joe:hunter2@mock.example:99999"}, {URL: "http://joe:hunter2@mock.example:8080"}} {
		if _, err := mock.New(t.Context(), o); err == nil || !strings.HasPrefix(err.Error(), "--url is ") || strings.Contains(err.Error(), "FLOWXI_") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", o.URL, err)
		}
	}
	for addr, want := range map[string]bool{"127.0.0.1:8080": true, "localhost:0": true, "[::1]:1": true, ":8080": false, "0.0.0.0:8080": false, "192.0.2.1:80": false, "8080": false} {
		if err := mock.CheckListen(addr, false); (err == nil) != want {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if err := mock.CheckListen("0.0.0.0:8080", true); err != nil {
		t.Error(err)
	}
}

func TestTheFewSettingsThatItTakes(t *testing.T) {
	t.Parallel()
	r := start(t, mock.Options{Environ: []string{
		"FLOWXI_MAGIC_LINK_URL=http://localhost:5173/welcome?token={token}&email={email}", "FLOWXI_REGISTRATION_PRIVACY=strict",
		"FLOWXI_ENVIRONMENT=sandbox", "FLOWXI_DATABASE_URL=", "HOME=/root",
	}})
	if link := r.people()["pending"].Link; !regexp.MustCompile(`^http://localhost:5173/welcome\?token=[0-9a-f]{64}&email=pending%40example\.com$`).MatchString(link) {
		t.Errorf("the link is %s", link)
	}
	_, err := r.client().SendRegistrationCode(t.Context(), client.EmailInput{Email: "active@example.com"})
	code(t, "a registration of somebody who is there", err, "")
	exposed := start(t, mock.Options{URL: "http://mock.example:8080", Exposed: true})
	for _, host := range []string{"mock.example:8080", "another.example"} {
		if status, _, _ := exposed.do("GET", "/mock/people", "", "Host", host); status != http.StatusOK {
			t.Errorf("others may not ask what is there for them: %d", status)
		}
	}
}
