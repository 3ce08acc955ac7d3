package cache_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/cache/redistest"
)

// nodes are so many nodes on one database.
func nodes(t testing.TB, url string, n int) []*cache.Redis {
	t.Helper()
	list := make([]*cache.Redis, n)
	for i := range list {
		list[i] = openRedis(t, url, time.Now)
	}
	return list
}

func hourly(key string, limit int) []cache.Window {
	return []cache.Window{{Key: key, Limit: limit, Per: time.Hour}}
}

// allowed counts how many of so many reservations were allowed, over all nodes in turn.
// What fails is not allowed.
func allowed(nodes []*cache.Redis, windows []cache.Window, tries int) (n int) {
	for i := range tries {
		if r, err := nodes[i%len(nodes)].Reserve(context.Background(), windows); err == nil && r.Allowed {
			n++
		}
	}
	return n
}

// settled waits until a node counts again.
func settled(t *testing.T, nodes ...*cache.Redis) {
	t.Helper()
	for _, r := range nodes {
		eventually(t, func() bool {
			_, err := r.Reserve(t.Context(), hourly("settled", 1_000_000))
			return err == nil
		})
	}
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for range 400 {
		if done() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("it does not come to pass in 10 seconds")
}

func TestNodesShareWhatIsInRedis(t *testing.T) {
	t.Parallel()
	list := nodes(t, redistest.Database(t), 3)
	if n := allowed(list, hourly("shared", 7), 30); n != 7 {
		t.Errorf("three nodes admitted %d events, want 7", n)
	}
	if err := list[0].Set(t.Context(), "challenge", []byte("x"), time.Minute); err != nil {
		t.Fatal(err)
	}
	var took atomic.Int32
	var racing sync.WaitGroup
	for i := range 32 {
		racing.Go(func() {
			if _, err := list[i%3].Take(context.Background(), "challenge"); err == nil {
				took.Add(1)
			}
		})
	}
	racing.Wait()
	if n := took.Load(); n != 1 {
		t.Errorf("%d callers on three nodes took one value", n)
	}
}

func TestAReservationOfOneNodeIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	list := nodes(t, redistest.Database(t), 2)
	r, err := list[0].Reserve(t.Context(), hourly("k", 1))
	if err != nil || !r.Allowed {
		t.Fatalf("%+v, %v", r, err)
	}
	if n := allowed(list, hourly("k", 1), 4); n != 0 {
		t.Fatalf("%d events past the limit", n)
	}
	for range 2 {
		if err := list[0].Release(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if n := allowed(list, hourly("k", 1), 4); n != 1 {
		t.Errorf("%d events after one was given back, want 1", n)
	}
}

// What the server forgets, the nodes remember, all of them together.
func TestAFlushOpensNoLimit(t *testing.T) {
	t.Parallel()
	url := redistest.Database(t)
	list := nodes(t, url, 3)
	full, half := hourly("full", 6), hourly("half", 6)
	if n := allowed(list, full, 10); n != 6 {
		t.Fatalf("%d events, want 6", n)
	}
	if n := allowed(list, half, 4); n != 4 {
		t.Fatalf("%d events, want 4", n)
	}
	flush(t, url)
	if n := allowed(list, full, 30); n != 0 {
		t.Errorf("%d events past the limit right after a flush", n)
	}
	settled(t, list...)
	if n := allowed(list, full, 30); n != 0 {
		t.Errorf("%d events past the limit after a flush", n)
	}
	if n := allowed(list, half, 30); n != 2 {
		t.Errorf("%d more events after a flush, want the 2 that were left", n)
	}
}

func flush(t testing.TB, url string) {
	t.Helper()
	redistest.Do(t, url, "FLUSHDB")
}

// A server that comes back from an old copy has forgotten only some of it.
func TestAnOldCopyOpensNoLimit(t *testing.T) {
	t.Parallel()
	url, copied := redistest.Database(t), redistest.Database(t)
	list := nodes(t, url, 2)
	windows := hourly("k", 8)
	if n := allowed(list, windows, 4); n != 4 {
		t.Fatalf("%d events, want 4", n)
	}
	redistest.Copy(t, url, copied)
	if n := allowed(list, windows, 3); n != 3 {
		t.Fatalf("%d events, want 3", n)
	}
	flush(t, url)
	redistest.Copy(t, copied, url)
	settled(t, list...)
	if n := allowed(list, windows, 20); n != 1 {
		t.Errorf("%d more events after an old copy came back, want the 1 that was left", n)
	}
}

// What was taken after the copy was made is in it, and must not be had again.
func TestAnOldCopyGivesNothingTwice(t *testing.T) {
	t.Parallel()
	url, copied := redistest.Database(t), redistest.Database(t)
	list := nodes(t, url, 3)
	for _, key := range []string{"taken", "left"} {
		if err := list[0].Set(t.Context(), key, []byte("v"), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	redistest.Copy(t, url, copied)
	if _, err := list[1].Take(t.Context(), "taken"); err != nil {
		t.Fatal(err)
	}
	allowed(list[:1], hourly("k", 8), 1)
	flush(t, url)
	redistest.Copy(t, copied, url)
	for i, r := range list { // one of them has counted nothing since the copy was made
		if _, err := r.Reserve(t.Context(), hourly("k", 8)); err == nil && i == 0 {
			t.Error("the node that counted does not see the loss")
		}
		settled(t, r)
		for _, key := range []string{"taken", "left"} {
			if _, err := r.Take(t.Context(), key); !errors.Is(err, cache.ErrMiss) {
				t.Errorf("node %d has what was %s before the server went back: %v", i, key, err)
			}
		}
	}
}

// A node that goes on counting does not hide the loss from one that had counted more.
func TestALossIsSeenByTheNodeThatHadCounted(t *testing.T) {
	t.Parallel()
	url, copied := redistest.Database(t), redistest.Database(t)
	list := nodes(t, url, 2)
	windows := hourly("k", 3)
	redistest.Copy(t, url, copied)
	if n := allowed(list[:1], windows, 3); n != 3 {
		t.Fatalf("%d events, want 3", n)
	}
	flush(t, url)
	redistest.Copy(t, copied, url)
	allowed(list[1:], hourly("other", 100), 20)
	if n := allowed(list[1:], windows, 3); n > 3 {
		t.Errorf("%d events", n)
	}
	eventually(t, func() bool { return list[0].Losses() > 0 })
	settled(t, list...)
	if n := allowed(list, windows, 10); n != 0 {
		t.Errorf("%d events past the limit", n)
	}
}

// A failover leaves connections to a server that only reads. They are given up.
func TestAServerThatOnlyReadsIsDownUntilItIsAnother(t *testing.T) {
	t.Parallel()
	primary, err := backing.Start("redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Stop() })
	r := openRedis(t, primary.URL, time.Now)
	address, err := url.Parse(redistest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	redistest.Do(t, primary.URL, "REPLICAOF", address.Hostname(), address.Port())
	eventually(t, func() bool { return !r.Up() })
	if res, err := r.Reserve(t.Context(), hourly("k", 1)); err == nil {
		t.Errorf("it counts on a replica: %+v", res)
	}
	redistest.Do(t, primary.URL, "REPLICAOF", "NO", "ONE")
	settled(t, r)
	if !r.Up() {
		t.Error("it is not up again")
	}
}

// However often the server is flushed while many call, the limit is the limit.
func TestFlushesInAStormOpenNoLimit(t *testing.T) {
	t.Parallel()
	const limit = 40
	url := redistest.Database(t)
	list := nodes(t, url, 3)
	var admitted atomic.Int32
	stop := make(chan struct{})
	var storm sync.WaitGroup
	for i := range 12 {
		storm.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(2 * time.Millisecond):
				}
				if r, err := list[i%3].Reserve(context.Background(), hourly("k", limit)); err == nil && r.Allowed {
					admitted.Add(1)
				}
			}
		})
	}
	for range 3 {
		time.Sleep(5 * time.Millisecond)
		flush(t, url)
		settled(t, list...)
	}
	close(stop)
	storm.Wait()
	// An event that was under way at a flush may stay counted, though its caller was
	// sent away.
	if n := admitted.Load(); n > limit || n < limit/2 {
		t.Errorf("%d events were admitted over three flushes, want %d or a few fewer", n, limit)
	}
}

// gate is a way to Redis that can be closed.
type gate struct {
	net.Listener
	to     string
	url    string      // of the database, by way of it
	closed atomic.Bool // to whom comes; those who are in are thrown out
	silent atomic.Bool // nothing passes

	mu    sync.Mutex
	conns []net.Conn
}

func newGate(t *testing.T, database string) *gate {
	t.Helper()
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{Listener: l, to: address.Host, url: "redis://" + l.Addr().String() + address.Path}
	t.Cleanup(func() {
		_ = l.Close()
		g.throwOut()
	})
	go g.run()
	return g
}

func (g *gate) run() {
	for {
		in, err := g.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", g.to)
		if err != nil || g.closed.Load() {
			_ = in.Close()
			continue
		}
		g.mu.Lock()
		g.conns = append(g.conns, in, out)
		g.mu.Unlock()
		go g.pass(in, out)
		go g.pass(out, in)
	}
}

func (g *gate) pass(from, to net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		for g.silent.Load() {
			time.Sleep(time.Millisecond)
		}
		if err != nil {
			_ = to.Close()
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (g *gate) throwOut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		_ = c.Close()
	}
	g.conns = nil
}

func (g *gate) shut() {
	g.closed.Store(true)
	g.throwOut()
}

func TestARedisThatIsGoneClosesEveryDoorButTheFleeting(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		lose, giveBack func(*gate)
		late           bool // what was sent meanwhile comes when it ends, and is counted then
	}{
		"refused": {lose: (*gate).shut, giveBack: func(g *gate) { g.closed.Store(false) }},
		"silent":  {lose: func(g *gate) { g.silent.Store(true) }, giveBack: func(g *gate) { g.silent.Store(false) }, late: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, redistest.Database(t))
			r := openRedis(t, g.url, time.Now)
			flood := []cache.Window{{Key: "flood", Limit: 3, Per: time.Hour, Fleeting: true}}
			guard := hourly("guard", 3)
			if n := allowed([]*cache.Redis{r}, guard, 2); n != 2 {
				t.Fatalf("%d events, want 2", n)
			}

			fault.lose(g)
			eventually(t, func() bool { _, _, err := r.Get(t.Context(), "k"); return !errors.Is(err, cache.ErrMiss) })
			eventually(t, func() bool { return quick(func() { _, _ = r.Take(t.Context(), "k") }) })
			if n := allowed([]*cache.Redis{r}, flood, 5); n != 3 {
				t.Errorf("a flood of %d events passed, want 3", n)
			}
			if n := allowed([]*cache.Redis{r}, guard, 5); n != 0 {
				t.Errorf("%d events passed a guard that cannot count", n)
			}
			if err := r.Set(t.Context(), "k", []byte("v"), time.Minute); err == nil {
				t.Error("a value was stored nowhere")
			}

			fault.giveBack(g)
			settled(t, r)
			if n := allowed([]*cache.Redis{r}, guard, 5); n > 1 || n == 0 && !fault.late {
				t.Errorf("%d events after the server came back, want the 1 that was left", n)
			}
		})
	}
}

// TestASilentRedisIsGivenUp waits as long as production does, which a request has the time
// for: half a second, where a server begins to be silent.
func TestASilentRedisIsGivenUp(t *testing.T) {
	t.Parallel()
	g := newGate(t, redistest.Database(t))
	r := openRedis(t, g.url, time.Now)
	t.Cleanup(func() { g.silent.Store(false) })
	g.silent.Store(true)
	began := time.Now()
	if _, _, err := r.Get(t.Context(), "k"); err == nil || errors.Is(err, cache.ErrMiss) {
		t.Errorf("a server that is silent answers: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it is given up after %v, want half a second", took)
	}
}

// quick tells whether a call ends before it could have asked a server that is silent.
func quick(call func()) bool {
	start := time.Now()
	call()
	return time.Since(start) < 50*time.Millisecond
}

func TestARedisWithoutMemoryIsFull(t *testing.T) {
	t.Parallel()
	server, err := backing.Start("redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	r := openRedis(t, server.URL, time.Now)
	redistest.Do(t, server.URL, "CONFIG", "SET", "maxmemory", "1mb")
	if err := r.Set(t.Context(), "k", make([]byte, 1<<10), time.Minute); !errors.Is(err, cache.ErrFull) {
		t.Errorf("Set: %v, want ErrFull", err)
	}
	if res, err := r.Reserve(t.Context(), hourly("k", 1)); !errors.Is(err, cache.ErrFull) || res.Allowed {
		t.Errorf("Reserve: %+v, %v, want ErrFull", res, err)
	}
}

func TestAWrongAddressIsRefusedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://:hunter2@h", "redis://:hunter2@h/x", "redis://:hunter2@h:port", "redis://:hunter2@127.0.0.1:1"} {
		_, err := cache.OpenRedis(t.Context(), address, cache.RedisOptions{Now: time.Now})
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
		if badURL := !strings.HasSuffix(address, ":1"); errors.Is(err, cache.ErrURL) != badURL {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAWrongPasswordIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	server, err := backing.Start("redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	redistest.Do(t, server.URL, "CONFIG", "SET", "requirepass", "right")
	address := strings.Replace(server.URL, "redis://", "redis://:hunter2@", 1)
	_, err = cache.OpenRedis(t.Context(), address, cache.RedisOptions{Now: time.Now})
	var refused redis.Error
	if !errors.As(err, &refused) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v, want the server's refusal", err)
	}
}
