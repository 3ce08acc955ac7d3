package silence_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"flowxi.app/flowxi/internal/authtest"
)

// work is what a server does for one answer.
type work struct {
	state  state
	answer string // as it came over the wire, but for what differs from answer to answer
	trace  string
	rows   []string // that were written, in order: the table and how
}

// TestNoCallTellsByItsWorkWhoHasAnAccount holds where no stopwatch would be good enough:
// the same answer to the byte, after the same steps in the same order, which are hashes
// and statements of the database, and with the same number of rows written.
func TestNoCallTellsByItsWorkWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	for _, privacy := range []string{"open", "strict"} {
		t.Run(privacy, func(t *testing.T) {
			t.Parallel()
			spans := newSpans(t)
			l := listenOn(t, authtest.Scaled, privacy == "strict", "FLOWXI_TRACES_URL="+spans.url, "FLOWXI_TRUSTED_PROXIES=127.0.0.1")
			written := newWritten(t, string(l.server.Config(t).DatabaseURL))
			all, done := calls(privacy == "strict"), map[string][]work{}
			for _, c := range all {
				l.server.Advance(61 * time.Second) // nothing of what was before counts for a limit any more
				for _, s := range c.states {
					done[c.name] = append(done[c.name], l.work(t, c, s, written))
				}
			}
			for _, c := range all {
				t.Run(c.name, func(t *testing.T) { alike(t, c, spans, done[c.name]) })
			}
		})
	}
}

func alike(t *testing.T, c call, spans *spans, done []work) {
	want := done[0]
	steps := spans.of(t, want.trace)
	for _, got := range done[1:] {
		if got.answer != want.answer {
			t.Errorf("one who is %s is answered\n%s\none who is %s\n%s", got.state, got.answer, want.state, want.answer)
		}
		if s := spans.of(t, got.trace); !slices.Equal(s, steps) {
			t.Errorf("steps for one who is %s:\n%s\nfor one who is %s:\n%s", got.state, strings.Join(s, "\n"), want.state, strings.Join(steps, "\n"))
		}
		if len(got.rows) != len(want.rows) {
			t.Errorf("rows for one who is %s: %q; for one who is %s: %q", got.state, got.rows, want.state, want.rows)
		}
	}
}

// work makes a call under a trace of its own.
func (l *listener) work(t *testing.T, c call, s state, written *written) work {
	t.Helper()
	id := make([]byte, 16)
	_, _ = rand.Read(id) // it never fails
	email := l.email(s)
	written.forget(t)
	answer := l.raw(t, c.path, c.body(email), fmt.Sprintf("00-%s-0123456789abcdef-01", hex.EncodeToString(id)))
	if !strings.Contains(answer, `"code":"`+c.code+`"`) {
		t.Fatalf("%s for %s: %s, want %s", c.name, email, answer, c.code)
	}
	return work{s, answer, string(id), written.list(t)}
}

// unlike is what differs from answer to answer, by the clock or by chance.
var unlike = regexp.MustCompile(`(?m)^(Date|Ratelimit-Reset|X-Request-Id): .*$`)

// raw makes a call over a connection of its own, from an address that nobody else has, so
// that it has all of its limits, and returns the answer as it came.
func (l *listener) raw(t *testing.T, path string, fields authtest.Fields, trace string) string {
	t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /api/v1%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTraceparent: %s\r\nX-Forwarded-For: 198.18.%d.%d\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		path, trace, l.next/256%256, l.next%256, len(body), body)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return unlike.ReplaceAllString(string(answer), "$1")
}

// spans takes what servers tell of their work.
type spans struct {
	url string
	mu  sync.Mutex
	by  map[string][]span // by trace
}

type span struct {
	name  string
	began uint64
}

func newSpans(t *testing.T) *spans {
	t.Helper()
	s := &spans{by: map[string][]span{}}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var batch collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &batch)
		}
		if err != nil {
			t.Error(err)
			return
		}
		s.take(&batch)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *spans) take(batch *collector.ExportTraceServiceRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range batch.GetResourceSpans() {
		for _, scope := range of.GetScopeSpans() {
			for _, one := range scope.GetSpans() {
				trace := string(one.GetTraceId())
				s.by[trace] = append(s.by[trace], span{one.GetName(), one.GetStartTimeUnixNano()})
			}
		}
	}
}

// of lists the names of the spans of a trace in the order in which they began. The span
// of the request, which is named by its route, ends last and comes last.
func (s *spans) of(t *testing.T, trace string) (names []string) {
	t.Helper()
	whole := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.ContainsFunc(s.by[trace], func(one span) bool { return strings.HasPrefix(one.name, "POST ") })
	}
	for deadline := time.Now().Add(20 * time.Second); !whole(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the trace does not come: %v", s.by[trace])
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.by[trace]
	slices.SortStableFunc(list, func(a, b span) int { return int(a.began) - int(b.began) })
	for _, one := range list {
		names = append(names, one.name)
	}
	return names
}

// written notes every row that is written, by triggers. What is done later is no part of an
// answer, though it may be done meanwhile: mails are sent, and last uses of tokens flushed.
// Expired rows nobody sweeps, since nobody gets the lease for it.
type written struct{ db *pgx.Conn }

func newWritten(t *testing.T, url string) *written {
	t.Helper()
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	w := &written{db}
	w.exec(t, `CREATE TABLE written (id BIGINT GENERATED ALWAYS AS IDENTITY, what TEXT)`)
	w.exec(t, `CREATE FUNCTION note() RETURNS trigger AS $$ BEGIN
		IF TG_TABLE_NAME = 'sessions' AND TG_OP = 'UPDATE' THEN
			IF NEW.last_used_at > OLD.last_used_at AND to_jsonb(NEW) - 'last_used_at' = to_jsonb(OLD) - 'last_used_at' THEN RETURN NULL; END IF;
		END IF;
		INSERT INTO written (what) VALUES (TG_OP || ' ' || TG_TABLE_NAME);
		RETURN NULL;
	END $$ LANGUAGE plpgsql`)
	w.exec(t, `CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RETURN NULL; END $$ LANGUAGE plpgsql`)
	w.exec(t, `CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON leases FOR EACH ROW WHEN (NEW.name = 'sweeper') EXECUTE FUNCTION refuse()`)
	rows, err := db.Query(t.Context(), `SELECT table_name::text FROM information_schema.tables
		WHERE table_schema = current_schema() AND table_name NOT IN ('written', 'leases', 'schema_versions')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 8 {
		t.Fatalf("tables %q: %v", tables, err)
	}
	for _, table := range tables {
		when := "INSERT OR UPDATE OR DELETE"
		if table == "outbox" {
			when = "INSERT"
		}
		w.exec(t, `CREATE TRIGGER note AFTER `+when+` ON `+table+` FOR EACH ROW EXECUTE FUNCTION note()`)
	}
	return w
}

func (w *written) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := w.db.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func (w *written) forget(t *testing.T) { t.Helper(); w.exec(t, `TRUNCATE written`) }

func (w *written) list(t *testing.T) []string {
	t.Helper()
	rows, err := w.db.Query(t.Context(), `SELECT what FROM written ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}
