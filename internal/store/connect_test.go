package store_test

import (
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
	come, gone atomic.Int32
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
			go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
			go func() { defer c.gone.Add(1); _, _ = io.Copy(to, from); _ = to.Close() }()
		}
	}()
	u.Host = l.Addr().String()
	return u.String()
}

func TestOneConnectionServesAStartAndWhatFollows(t *testing.T) {
	t.Parallel()
	var c counter
	s := dbtest.Open(t, store.Options{URL: c.before(t, dbtest.Database(t, dbtest.Postgres).URL)})
	for range 3 {
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.come.Load(); n != 1 {
		t.Errorf("who asks for one answer after the other has %d connections", n)
	}
}

func TestAStoreThatNobodyAskedLeavesNoConnection(t *testing.T) {
	t.Parallel()
	var c counter
	s, err := store.Open(t.Context(), store.Options{URL: c.before(t, dbtest.Database(t, dbtest.Postgres).URL)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); c.gone.Load() < c.come.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections came, and %d went", c.come.Load(), c.gone.Load())
		}
	}
	if n := c.come.Load(); n != 1 {
		t.Errorf("%d connections came", n)
	}
}
