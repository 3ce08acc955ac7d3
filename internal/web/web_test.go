package web_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/web"
)

var noon = time.Date(2026, 1, 9, 12, 0, 0, 0, time.UTC)

// site is all pages with something behind each of them.
type site struct {
	t       *testing.T
	handler http.Handler
	inbox   *mail.Inbox
	folder  *blob.Folder
}

func newSite(t *testing.T, configure ...func(*web.Deps)) site {
	t.Helper()
	deps := newDeps(t)
	for _, change := range configure {
		change(&deps)
	}
	return site{t, web.New(deps), deps.Inbox, deps.Folder}
}

func newDeps(t *testing.T) web.Deps {
	t.Helper()
	deps := bareDeps(t)
	var err error
	if deps.Inbox, err = mail.NewInbox(t.TempDir(), 300); err != nil {
		t.Fatal(err)
	}
	if deps.Folder, err = blob.NewFolder(t.TempDir(), "http://localhost:8080", signer{}, deps.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = deps.Inbox.Close(); _ = deps.Folder.Close() })
	deps.OpenAPI = func() (yaml, json []byte) { return []byte("openapi: 3.1.0\n"), []byte(description) }
	deps.Config.Portal = true
	deps.Derived = map[account.Locale]map[string]string{
		"en": derived(t, "| code | status |\n|---|---|\n| `NOT_FOUND` | 404 |\n", "| what | limit |\n|---|---|\n| logins | 5 a minute |\n"),
		"fr": derived(t, "| code | statut |\n|---|---|\n| [`NOT_FOUND`](/docs/call-me) | 404 |\n", "| quoi | limite |\n|---|---|\n| connexions | 5 par minute |\n"),
	}
	deps.Reference = func() []web.Page {
		return []web.Page{
			{Slug: "call-me", Title: "Read the profile", Group: "Reference", Order: 2, Summary: "Reads.", Markdown: "## Answer\n\nText.\n"},
			{Slug: "call-login", Title: "Log in", Group: "Reference", Order: 1, Summary: "Logs in.", Markdown: "See [me](/docs/call-me#answer).\n\n### curl\n\n```sh\na\n```\n\n### JavaScript\n\n```js\nb\n```\n\n### Go\n\n```go\nc\n```\n"},
		}
	}
	return deps
}

// bareDeps has only what is required.
func bareDeps(t *testing.T) web.Deps {
	t.Helper()
	catalog, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	public := &url.URL{Scheme: "http", Host: "flowxi.example:8080"}
	return web.Deps{
		Catalog: catalog, Config: config.Config{PublicURL: public}, Version: "v1.2.3",
		Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler),
	}
}

const description = `{"openapi":"3.1.0","info":{"title":"Flowxi","version":"1"},"paths":{"/api/v1/me":{"parameters":[{"$ref":"#/components/parameters/RequestId"}],"get":{"responses":{"200":{"description":"OK"}}}}},"components":{"parameters":{"RequestId":{"name":"X-Request-Id","in":"header","schema":{"type":"string"}}}}}`

type signer struct{}

func (signer) Digest(purpose string, parts ...string) []byte {
	m := hmac.New(sha256.New, []byte("key"))
	m.Write([]byte(purpose + "\x00" + strings.Join(parts, "\x00")))
	return m.Sum(nil)
}

func (s signer) VerifyDigest(digest []byte, purpose string, parts ...string) bool {
	return hmac.Equal(digest, s.Digest(purpose, parts...))
}

// answer is a recorded answer.
type answer struct {
	*http.Response
	text string
}

// get asks as a browser would; headers come in pairs of a name and a value.
func (s site) get(path string, headers ...string) answer {
	s.t.Helper()
	return s.ask(http.MethodGet, path, append([]string{"Accept", "text/html,*/*;q=0.8"}, headers...)...)
}

func (s site) ask(method, path string, headers ...string) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, "http://localhost:8080"+path, nil)
	r.RemoteAddr = "127.0.0.1:1234"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{w.Result(), string(body)}
}

var gap = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)

// derived is what guides have from elsewhere: these tables, and a figure for each name that
// they ask for one by. Those that there are, internal/reference holds to their names.
func derived(t *testing.T, errors, limits string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, text := range guides(t) {
		for _, name := range gap.FindAllStringSubmatch(text, -1) {
			all[name[1]] = "7"
		}
	}
	all["errors"], all["limits"] = errors, limits
	return all
}

// send puts a mail into the inbox and returns its id.
func (s site) send(number byte, to, subject string) string {
	s.t.Helper()
	id := strings.Repeat("0", 30) + string("0123456789abcdef"[number>>4]) + string("0123456789abcdef"[number&15])
	err := s.inbox.Send(context.Background(), mail.Message{
		ID: id, Kind: account.MailRegistrationCode, From: "Flowxi <no-reply@flowxi.example>", To: to, Subject: subject,
		Text: "Your code:\n\n492017\n\nor\n\nhttp://localhost:8080/register?token=" + strings.Repeat("a", 64) + "&email=ada%40example.org\n",
		HTML: "<!DOCTYPE html>\n<html><head><title>x</title></head><body style=\"margin:0\"><a href=\"http://localhost:8080/\">Go</a></body></html>\n",
		Date: noon, Locale: "en",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// put stores a photo and returns the path of its signed URL.
func (s site) put(body []byte) string {
	s.t.Helper()
	const key = "profile_photos/user_17_x.jpg"
	if err := s.folder.Put(s.t.Context(), key, "image/jpeg", body); err != nil {
		s.t.Fatal(err)
	}
	signed, err := s.folder.SignedURL(s.t.Context(), key, time.Hour)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimPrefix(signed, "http://localhost:8080")
}

func (a answer) expect(t *testing.T, status int, header, value string) {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("got status %d, want %d\n%s", a.StatusCode, status, a.text)
	}
	if got := a.Header.Get(header); got != value {
		t.Fatalf("got %s %q, want %q", header, got, value)
	}
}

var jpeg = bytes.Repeat([]byte{0xff, 0xd8, 0xff}, 100)
