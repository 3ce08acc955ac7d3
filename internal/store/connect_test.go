package store_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

// counter leads to a server, and counts those that it leads there.
type counter struct {
	come, gone  atomic.Int32
	ask, answer func([]byte) // change what goes there and what comes back; nil changes nothing
}

// before puts a counter before the server of a database, and tells where the counter is.
func (c *counter) before(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	server := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", server)
			if err != nil {
				t.Error(err)
				_ = from.Close()
				return
			}
			c.come.Add(1)
			go func() { pass(from, to, c.answer); _ = from.Close() }()
			go func() { defer c.gone.Add(1); pass(to, from, c.ask); _ = to.Close() }()
		}
	}()
	u.Host = l.Addr().String()
	return u.String()
}

// pass hands on what comes, changed, until nothing does.
func pass(to io.Writer, from io.Reader, change func([]byte)) {
	for buffer := make([]byte, 32<<10); ; {
		n, err := from.Read(buffer)
		if change != nil {
			change(buffer[:n])
		}
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

// left waits until so many have gone.
func (c *counter) left(t *testing.T, want int32) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); c.gone.Load() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections came, and %d went, want %d", c.come.Load(), c.gone.Load(), want)
		}
	}
}

// came makes sure that no more have come.
func (c *counter) came(t *testing.T, want int32) {
	t.Helper()
	if n := c.come.Load(); n != want {
		t.Errorf("%d connections came, want %d", n, want)
	}
}

// ask asks the database for one answer after the other.
func ask(t *testing.T, s *store.Store) {
	t.Helper()
	for range 3 {
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneConnectionServesAStartAndWhatFollows(t *testing.T) {
	t.Parallel()
	var c counter
	s, err := store.Open(t.Context(), store.Options{URL: c.before(t, dbtest.Database(t, dbtest.Postgres).URL)})
	if err != nil {
		t.Fatal(err)
	}
	ask(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.left(t, 1)
	c.came(t, 1)
}

// A pooler gives connections a number of its own, by which it is known.
func TestTheConnectionThatFindsAPoolerGoes(t *testing.T) {
	t.Parallel()
	c := counter{answer: func(said []byte) {
		if number := bytes.Index(said, []byte("K\x00\x00\x00\x0c")); number >= 0 { // BackendKeyData: kind, length, number, secret
			said[number+8] ^= 1
		}
	}}
	s, err := store.Open(t.Context(), store.Options{URL: c.before(t, dbtest.Database(t, dbtest.Postgres).URL)})
	if err != nil {
		t.Fatal(err)
	}
	ask(t, s)
	c.left(t, 1)
	c.came(t, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.left(t, 2)
}

func TestAStoreThatCannotBeOpenedLeavesNoConnection(t *testing.T) {
	t.Parallel()
	c := counter{ask: func(asked []byte) {
		if name := bytes.Index(asked, []byte("pg_backend_pid")); name >= 0 {
			copy(asked[name:], "pg_unknown_pid")
		}
	}}
	s, err := store.Open(t.Context(), store.Options{URL: c.before(t, dbtest.Database(t, dbtest.Postgres).URL)})
	if err == nil {
		t.Fatal(s.Close(), "a store was opened that does not know what it speaks to")
	}
	c.left(t, 1)
	c.came(t, 1)
}

// TestOnlyTheFirstSchemaIsLookedAt holds that a database is judged by the schema that
// migrations make tables in, and not by another's beside it.
func TestOnlyTheFirstSchemaIsLookedAt(t *testing.T) {
	t.Parallel()
	d := open(t, dbtest.Postgres, dbtest.Database(t, dbtest.Postgres))
	d.set(`CREATE SCHEMA app`)
	d.set(`INSERT INTO leases (name, holder, expires_at) VALUES ('move', 'half', 0)`)
	looking := func(path string) *store.Store {
		u, err := url.Parse(d.at.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("search_path", path)
		u.RawQuery = q.Encode()
		return dbtest.Open(t, store.Options{URL: u.String(), Keys: ring})
	}
	for _, one := range []struct {
		path string
		full bool
	}{{"app,public", false}, {"app", false}, {"nowhere", false}, {"public,app", true}} {
		s := looking(one.path)
		version, err1 := s.SchemaVersion(t.Context())
		mark, err2 := s.Moving(t.Context())
		if err := errors.Join(err1, err2); err != nil || (version > 0) != one.full || (mark == "half") != one.full {
			t.Errorf("%s: version %d, mark %q, %v", one.path, version, mark, err)
		}
	}
	s := looking("app,public")
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	version, err1 := s.SchemaVersion(t.Context())
	mark, err2 := s.Moving(t.Context())
	if err := errors.Join(err1, err2); err != nil || version == 0 || mark != "" {
		t.Errorf("the schema that was made beside another's is at %d, and has the mark %q, %v", version, mark, err)
	}
}
