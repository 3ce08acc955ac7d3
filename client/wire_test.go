package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/client"
)

const secret = "1|fxs_hunter2"

// with is a client of a server that answers as told, with a token.
func with(t *testing.T, o client.Options, answer http.HandlerFunc) *client.Client {
	t.Helper()
	srv := httptest.NewServer(answer)
	t.Cleanup(srv.Close)
	if o.Tokens == nil {
		o.Tokens = new(client.MemoryTokens)
	}
	if err := o.Tokens.SetToken(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	return newClient(t, srv.URL, o)
}

const me = `{"code":"ME_OK","message":"OK","data":{"id":1,"email":"ada@example.com","new_member":true}}`

func TestWhatTheServerSees(t *testing.T) {
	t.Parallel()
	var seen http.Header
	var path string
	c := with(t, client.Options{Locale: "fr", UserAgent: "app/1"}, func(w http.ResponseWriter, r *http.Request) {
		seen, path = r.Header, r.URL.Path
		_, _ = io.WriteString(w, me)
	})
	got := ok[*client.Me](t)(c.Me(t.Context()))
	if got.Data.Email != "ada@example.com" {
		t.Errorf("the answer is %+v", got)
	}
	if path != "/api/v1/me" || seen.Get("Authorization") != "Bearer "+secret || seen.Get("X-App-Locale") != "fr" || seen.Get("User-Agent") != "app/1" {
		t.Errorf("the server saw %s %v", path, seen)
	}
	_, _ = c.Login(t.Context(), client.LoginInput{})
	if seen.Get("Authorization") != "" {
		t.Error("a call that needs no token has it")
	}
}

func TestARequestIsMadeAgainWhereThatIsSafe(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*client.Client) error{
		"me":    func(c *client.Client) error { _, err := c.Me(t.Context()); return err },
		"login": func(c *client.Client) error { _, err := c.Login(t.Context(), client.LoginInput{}); return err },
		"photo": func(c *client.Client) error {
			_, err := c.UpdatePhoto(t.Context(), strings.NewReader("a photo"))
			return err
		},
		"photo from a pipe": func(c *client.Client) error {
			_, err := c.UpdatePhoto(t.Context(), io.LimitReader(strings.NewReader("a photo"), 7))
			return err
		},
	}
	for _, try := range []struct {
		call   string
		status int
		after  string
		o      client.Options
		want   int32 // requests
	}{
		{"me", 429, "1", client.Options{}, 3},
		{"me", 429, "1", client.Options{Retries: 1}, 2},
		{"me", 429, "1", client.Options{Retries: -1}, 1},
		{"me", 429, "", client.Options{}, 1},
		{"me", 429, "600", client.Options{}, 1},
		{"me", 429, "1", client.Options{MaxWait: time.Millisecond}, 1},
		{"me", 503, "1", client.Options{Retries: 1}, 2},
		{"me", 500, "1", client.Options{}, 1},
		{"login", 429, "1", client.Options{Retries: 1}, 2},
		{"login", 503, "1", client.Options{}, 1},
		{"photo", 429, "1", client.Options{Retries: 1}, 2},
		{"photo", 503, "1", client.Options{}, 1},
		{"photo from a pipe", 429, "1", client.Options{}, 1},
	} {
		t.Run(fmt.Sprintf("%s after %d and %q of %+d", try.call, try.status, try.after, try.o.Retries), func(t *testing.T) {
			t.Parallel()
			var got atomic.Int32
			c := with(t, try.o, func(w http.ResponseWriter, r *http.Request) {
				got.Add(1)
				body, _ := io.ReadAll(r.Body)
				if strings.HasPrefix(try.call, "photo") && !bytes.Contains(body, []byte("a photo")) {
					t.Errorf("try %d has no photo: %q", got.Load(), body)
				}
				w.Header().Set("Retry-After", try.after)
				w.WriteHeader(try.status)
			})
			err := calls[try.call](c)
			var e *client.Error
			if !errors.As(err, &e) || e.Status != try.status || e.Code != "" || errors.Unwrap(e) != nil {
				t.Errorf("it ended with %v", err)
			}
			if got.Load() != try.want {
				t.Errorf("the server was asked %d times, want %d", got.Load(), try.want)
			}
		})
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := with(t, client.Options{MaxWait: time.Hour}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3000")
		w.WriteHeader(http.StatusTooManyRequests)
		time.AfterFunc(10*time.Millisecond, cancel)
	})
	if _, err := c.Me(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	soon, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var e *client.Error
	if _, err := c.Me(soon); !errors.As(err, &e) || e.RetryAfter != 50*time.Minute {
		t.Errorf("a wait past the deadline was begun, and ended with %v", err)
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the stranger got %s with %v", r.URL, r.Header)
	}))
	t.Cleanup(stranger.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		given := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
		c := with(t, client.Options{HTTPClient: given}, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, stranger.URL+r.URL.Path, status)
		})
		var e *client.Error
		if _, err := c.Me(t.Context()); !errors.As(err, &e) || e.Status != status {
			t.Errorf("after %d it ended with %v", status, err)
		}
		if _, err := c.Login(t.Context(), client.LoginInput{Password: "hunter2"}); !errors.As(err, &e) || e.Status != status {
			t.Errorf("after %d a login ended with %v", status, err)
		}
	}
}

func TestAnAnswerThatIsNotFlowxis(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"HTML":        "<html>hunter2",
		"empty":       "",
		"no code":     `{"data":{}}`,
		"not ours":    `[]`,
		"wrong types": `{"code":"ME_OK","message":"OK","data":{"id":"hunter2"}}`,
		"endless":     `{"code":"ME_OK","message":"` + strings.Repeat("a", 5<<20) + `"}`,
	} {
		c := with(t, client.Options{}, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
		answer, err := c.Me(t.Context())
		if answer != nil || err == nil || !strings.Contains(err.Error(), "me: the answer is not Flowxi's") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: it ended with %v, %v", name, answer, err)
		}
	}
	c := with(t, client.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "of the proxy")
		http.Error(w, "<h1>Bad gateway</h1>", http.StatusBadGateway)
	})
	_, err := c.Me(t.Context())
	if err == nil || err.Error() != "flowxi: 502, and not by Flowxi" {
		t.Errorf("it ended with %v", err)
	}
}

func TestRetryAfterMayBeADate(t *testing.T) {
	t.Parallel()
	at := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for text, want := range map[string]time.Duration{at: time.Hour, "90": 90 * time.Second, "-5": 0, "soon": 0, "": 0} {
		c := with(t, client.Options{Retries: -1}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", text)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		var e *client.Error
		_, err := c.Me(t.Context())
		if !errors.As(err, &e) || e.RetryAfter > want || e.RetryAfter < want-10*time.Minute {
			t.Errorf("%q is %v, want %s", text, e, want)
		}
	}
}

func TestAddressesOfServers(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://id.example.org":         "https://id.example.org/api/v1",
		"https://id.example.org/":        "https://id.example.org/api/v1",
		"https://id.example.org/api/v1/": "https://id.example.org/api/v1",
		"https://example.org/id":         "https://example.org/id/api/v1",
		"http://localhost:8080":          "http://localhost:8080/api/v1",
		"http://127.0.0.1:8080":          "http://127.0.0.1:8080/api/v1",
		"http://[::1]:8080":              "http://[::1]:8080/api/v1",
	} {
		if got := serverOf(newClient(t, given, client.Options{})); got != want {
			t.Errorf("%s is %s, want %s", given, got, want)
		}
	}
	for _, given := range []string{
		"", "id.example.org", "ftp://id.example.org", "https://", "https://ada:hunter2@id.example.org", "https://id.example.org?x=hunter2",
		"https://id.example.org#hunter2", "http://id.example.org", "https://hunter2%", "http://localhost.example.org",
	} {
		c, err := client.New(given, client.Options{})
		if c != nil || err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, %v", given, c, err)
		}
	}
	newClient(t, "http://id.example.org", client.Options{InsecureHTTP: true})
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	ctx, tokens := t.Context(), new(client.MemoryTokens)
	var last error
	c := with(t, client.Options{Tokens: tokens}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":"UNAUTHENTICATED","message":"Please log in to continue."}`)
	})
	_, last = c.Me(ctx)
	_ = tokens.SetToken(ctx, secret)
	gone := newClient(t, "http://127.0.0.1:1", client.Options{Tokens: tokens})
	_, unreachable := gone.Login(ctx, client.LoginInput{Password: secret})
	_ = tokens.SetToken(ctx, secret+"\n")
	_, unsendable := gone.Me(ctx)
	if unreachable == nil || unsendable == nil {
		t.Fatal("a call to nobody succeeded")
	}
	token := client.Secret(secret)
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("values", "token", token, "login", client.LoginInput{Password: secret}, "client", c, "tokens", tokens, "error", last)
	}
	for _, v := range []any{
		c, *c, client.Options{Tokens: tokens}, tokens, c.WithToken(secret), last, unreachable, unsendable, token, &token,
		client.LoginInput{Password: secret}, &client.LoginInput{Password: secret}, client.CodePasswordInput{Code: secret, PasswordConfirmation: secret},
		client.LoggedIn{Data: client.LoginToken{AccessToken: secret}}, client.SecondFactor{Secret: &token}, client.Challenged{Data: client.LoginChallenge{ChallengeID: secret}},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&log, verb+"\n", v)
		}
		text, _ := json.Marshal(v)
		log.Write(text)
	}
	if strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), fmt.Sprintf("%x", "hunter2")) {
		t.Errorf("a secret was printed:\n%s", &log)
	}
}

func TestTokensInAFile(t *testing.T) {
	t.Parallel()
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "app", "token")
	tokens := client.NewFileTokens(path)
	if got := ok[client.Secret](t)(tokens.Token(ctx)); got != "" {
		t.Errorf("before there is a file the token is %q", string(got))
	}
	for _, token := range []client.Secret{"1|one", "2|two"} {
		if err := tokens.SetToken(ctx, token); err != nil {
			t.Fatal(err)
		}
		if got := ok[client.Secret](t)(client.NewFileTokens(path).Token(ctx)); got != token {
			t.Errorf("the token is %q, want %q", string(got), string(token))
		}
	}
	if info := ok[os.FileInfo](t)(os.Stat(path)); info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %s", info.Mode())
	}
	if list := ok[[]os.DirEntry](t)(os.ReadDir(filepath.Dir(path))); len(list) != 1 {
		t.Errorf("the folder has %v, want the token alone", list)
	}
	if err := tokens.DropToken(ctx, "1|one"); err != nil || ok[client.Secret](t)(tokens.Token(ctx)) != "2|two" {
		t.Errorf("a token that came later was dropped: %v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Token(ctx); err == nil || !strings.Contains(err.Error(), "others may read") {
		t.Errorf("a file that others may read is read: %v", err)
	}
	if err := tokens.SetToken(ctx, "3|three"); err != nil {
		t.Fatal(err)
	}
	if err := tokens.DropToken(ctx, "3|three"); err != nil || ok[client.Secret](t)(tokens.Token(ctx)) != "" {
		t.Errorf("the token was not dropped: %v", err)
	}
}

// brokenTokens keep nothing.
type brokenTokens struct{ client.MemoryTokens }

func (*brokenTokens) SetToken(context.Context, client.Secret) error { return os.ErrPermission }

func TestATokenThatCannotBeKeptIsInTheAnswer(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/set-password") {
			_, _ = io.WriteString(w, `{"code":"TOKEN_ISSUED","message":"","access_token":"`+secret+`"}`)
			return
		}
		_, _ = io.WriteString(w, `{"code":"LOGIN_SUCCESS","message":"","data":{"access_token":"`+secret+`"}}`)
	}))
	t.Cleanup(srv.Close)
	c := newClient(t, srv.URL, client.Options{Tokens: new(brokenTokens)})
	in, err := c.Login(t.Context(), client.LoginInput{})
	if !errors.Is(err, os.ErrPermission) || in == nil || in.LoggedIn.Data.AccessToken != secret {
		t.Errorf("a login ended with %+v, %v", in, err)
	}
	logged, err := c.LoginTwoFactor(t.Context(), client.LoginTwoFAInput{})
	if !errors.Is(err, os.ErrPermission) || logged == nil || logged.Data.AccessToken != secret {
		t.Errorf("a second step ended with %+v, %v", logged, err)
	}
	issued, err := c.RegisterByCode(t.Context(), client.CodePasswordInput{})
	if !errors.Is(err, os.ErrPermission) || issued == nil || issued.AccessToken != secret {
		t.Errorf("a registration ended with %+v, %v", issued, err)
	}
}

func TestAPhotoIsSentAsItIsRead(t *testing.T) {
	t.Parallel()
	begun, length := make(chan int64, 1), make(chan int, 1)
	c := with(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
		begun <- r.ContentLength
		photo, _, err := r.FormFile("photo")
		if err != nil {
			t.Error(err)
			return
		}
		body, _ := io.ReadAll(photo)
		length <- len(body)
		_, _ = io.WriteString(w, `{"code":"ME_PHOTO_UPDATED","message":"","data":{}}`)
	})
	read, write := io.Pipe()
	go func() {
		_, _ = write.Write(make([]byte, 64<<10))
		if got := <-begun; got != -1 { // the server has the request, and half of the photo is still to come
			t.Errorf("the length of a pipe is %d", got)
		}
		_, _ = write.Write(make([]byte, 64<<10))
		_ = write.Close()
	}()
	ok[*client.PhotoUpdated](t)(c.UpdatePhoto(t.Context(), read))
	if got := <-length; got != 128<<10 {
		t.Errorf("%d bytes came", got)
	}
	at := strings.NewReader("before: the photo")
	_, _ = at.Seek(8, io.SeekStart)
	ok[*client.PhotoUpdated](t)(c.UpdatePhoto(t.Context(), at))
	if got, known := <-length, <-begun; got != len("the photo") || known <= int64(got) {
		t.Errorf("%d bytes came of a request of %d", got, known)
	}
}

// watched is a photo that takes its time, and notes who uses it when nobody should.
type watched struct {
	*bytes.Reader
	returned, reading atomic.Bool
	wrong             atomic.Int32
}

func (w *watched) Read(p []byte) (int, error) {
	w.reading.Store(true)
	defer w.reading.Store(false)
	time.Sleep(20 * time.Millisecond)
	if w.returned.Load() {
		w.wrong.Add(1)
	}
	return w.Reader.Read(p)
}

func (w *watched) Seek(offset int64, whence int) (int64, error) {
	if w.reading.Load() {
		w.wrong.Add(1)
	}
	return w.Reader.Seek(offset, whence)
}

func TestAPhotoIsReadByOneTryAloneAndNotAfterTheCall(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	c := with(t, client.Options{Retries: 1}, func(w http.ResponseWriter, _ *http.Request) {
		tries.Add(1)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	photo := &watched{Reader: bytes.NewReader(make([]byte, 4<<20))}
	if _, err := c.UpdatePhoto(t.Context(), photo); err == nil || tries.Load() != 2 {
		t.Fatalf("%d tries ended with %v", tries.Load(), err)
	}
	photo.returned.Store(true)
	_, _ = photo.Seek(0, io.SeekStart)
	time.Sleep(100 * time.Millisecond)
	if wrong := photo.wrong.Load(); wrong != 0 {
		t.Errorf("the photo was used %d times by a try that was over", wrong)
	}
}

func TestAReadThatDoesNotComeBackEndsWithTheCall(t *testing.T) {
	t.Parallel()
	refuse := func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // or it would wait for the body first
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	for name, o := range map[string]client.Options{
		"by its context":                  {},
		"by the timeout of its transport": {HTTPClient: &http.Client{Timeout: 200 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wait := time.Minute
			if o.HTTPClient == nil {
				wait = 200 * time.Millisecond
			}
			ctx, stop := context.WithTimeout(t.Context(), wait)
			defer stop()
			read, write := io.Pipe()
			_, err := with(t, o, refuse).UpdatePhoto(ctx, read)
			var e *client.Error
			if !errors.As(err, &e) || e.Status != http.StatusTooManyRequests || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("it ended with %v", err)
			}
			_, _ = write.Write([]byte("what that read waits for"))
			go func() { _, _ = io.WriteString(write, "the caller's") }()
			time.Sleep(50 * time.Millisecond)
			_ = time.AfterFunc(10*time.Second, func() { _ = write.Close() })
			next := make([]byte, len("the caller's"))
			if _, err := io.ReadFull(read, next); err != nil {
				t.Errorf("after the call the pipe was read by it: %v", err)
			}
		})
	}
}

func TestALogoutEndsATokenThatOthersMayRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	var seen atomic.Value
	c := with(t, client.Options{Tokens: client.NewFileTokens(path)}, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.URL.Path + " " + r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"code":"LOGOUT_SUCCESS","message":""}`)
	})
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Me(t.Context()); err == nil || seen.Load() != nil {
		t.Errorf("a token that others may read was used: %v", err)
	}
	ok[*client.Done](t)(c.Logout(t.Context()))
	if want := "/api/v1/auth/logout Bearer " + secret; seen.Load() != want {
		t.Errorf("the server saw %v, want %s", seen.Load(), want)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the token is still there: %v", err)
	}
}

// again is a transport that takes note of a body and of what stands for it on another
// connection.
type again struct{ bodies []string }

func (a *again) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.GetBody == nil {
		return nil, errors.New("nothing stands for the body")
	}
	second, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	for _, body := range []io.Reader{req.Body, second} {
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		a.bodies = append(a.bodies, string(text))
	}
	return nil, errors.New("that is all")
}

// TestACallThatNobodyTookIsSentAgain is about servers that end a connection of HTTP/2 when
// they are told to stop: the transport sends what they did not take anew, where it can.
func TestACallThatNobodyTookIsSentAgain(t *testing.T) {
	transport := new(again)
	c := newClient(t, "http://localhost", client.Options{HTTPClient: &http.Client{Transport: transport}})
	_, _ = c.SendRegistrationCode(t.Context(), client.EmailInput{Email: "ada@example.org"})
	if len(transport.bodies) < 2 || transport.bodies[0] != transport.bodies[1] || !strings.Contains(transport.bodies[0], "ada@example.org") {
		t.Errorf("the bodies are %q", transport.bodies)
	}
}
