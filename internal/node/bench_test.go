package node

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/seal"
)

// BenchmarkMe is a whole read of the profile but for what net/http does with the
// connection: limits, session, answer and access log.
func BenchmarkMe(b *testing.B) {
	for _, engine := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			environ := []string{"FLOWXI_DATA_DIR=" + filepath.Join(b.TempDir(), "data"),
				"FLOWXI_LIMIT_REQUESTS_PER_NETWORK=100000/1s", "FLOWXI_LIMIT_REQUESTS_PER_TOKEN=100000/1s"}
			if engine == dbtest.Postgres {
				environ = append(environ, "FLOWXI_DATABASE_URL="+dbtest.Blank(b, engine).URL, "FLOWXI_KEYS="+seal.NewKey())
			}
			cfg, err := config.Load(environ)
			if err != nil {
				b.Fatal(err)
			}
			n, err := New(b.Context(), cfg, Options{
				Log:      slog.New(slog.NewJSONHandler(io.Discard, nil)),
				Password: password.Options{Params: password.Params{MemoryKiB: 8, Time: 1, Threads: 1}},
			})
			if err != nil {
				b.Fatal(err)
			}
			addr, stop, ended := serving(b, n)
			defer func() { stop(); awaitEnd(b, ended) }()
			token := registered(b, "http://"+addr)
			r := httptest.NewRequest(http.MethodGet, "/api/v1/me", http.NoBody)
			r.Header.Set("Authorization", "Bearer "+token)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				n.answer(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

// registered registers somebody at a server and returns the token.
func registered(b *testing.B, server string) string {
	b.Helper()
	const email = "jane@example.com"
	call(b, server+"/api/v1/register-email-code/send", `{"email":"`+email+`"}`, nil)
	var inbox struct {
		Mails []struct{ Code string }
	}
	for until := time.Now().Add(30 * time.Second); len(inbox.Mails) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			b.Fatal("no mail came")
		}
		call(b, server+"/dev/inbox.json?to="+email, "", &inbox)
	}
	var issued struct {
		Token string `json:"access_token"`
	}
	const chosen = "correct horse battery staple"
	call(b, server+"/api/v1/register-email-code/set-password",
		`{"email":"`+email+`","code":"`+inbox.Mails[0].Code+`","password":"`+chosen+`","password_confirmation":"`+chosen+`"}`, &issued)
	return issued.Token
}

// call posts a body, or gets where there is none.
func call(b *testing.B, url, body string, answer any) {
	b.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(b.Context(), method, url, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode >= http.StatusBadRequest {
		b.Fatal(url, got.Status)
	}
	if answer == nil {
		return
	}
	if err := json.NewDecoder(got.Body).Decode(answer); err != nil {
		b.Fatal(err)
	}
}
