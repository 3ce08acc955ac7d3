package blob_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/blob/blobtest"
	"flowxi.app/flowxi/internal/blob/s3test"
)

// mode is what a proxy does with connections.
type mode int32

const (
	passing  mode = iota
	refusing      // closes them at once
	stalling      // takes them and says nothing
	mute          // lets through all but what the server answers
	cutting       // closes them in the middle of a body
)

// enoughToCut is more than the head of a request and less than the bodies here.
const enoughToCut = 100_000

var large = strings.Repeat("new", enoughToCut)

// proxy stands between a bucket and its server, and breaks when it is told to.
type proxy struct {
	net.Listener
	server string
	mode   atomic.Int32
	conns  atomic.Int32
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, server: server}
	t.Cleanup(func() {
		p.set(refusing) // or what is held would be for ever
		_ = l.Close()
	})
	go p.serve()
	return p
}

func (p *proxy) host() string { return p.Addr().String() }

// set also breaks the connections that are open: they look at the mode again with
// every piece that passes.
func (p *proxy) set(m mode) { p.mode.Store(int32(m)) }

func (p *proxy) is(m mode) bool { return p.mode.Load() == int32(m) }

func (p *proxy) serve() {
	for {
		client, err := p.Accept()
		if err != nil {
			return
		}
		p.conns.Add(1)
		go p.join(client)
	}
}

func (p *proxy) join(client net.Conn) {
	defer func() { _ = client.Close() }()
	if p.is(refusing) {
		return
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(&piece{p: p, to: client, held: mute}, server)
		_ = client.Close()
	}()
	_, _ = io.Copy(&piece{p: p, to: server, held: stalling}, client)
}

// piece writes on until the proxy breaks.
type piece struct {
	p    *proxy
	to   io.Writer
	sent int
	held mode // in which nothing passes, besides stalling
}

func (w *piece) Write(b []byte) (int, error) {
	for w.p.is(stalling) || w.p.is(w.held) {
		time.Sleep(10 * time.Millisecond)
	}
	w.sent += len(b)
	if w.p.is(refusing) || w.p.is(cutting) && w.sent > enoughToCut {
		return 0, net.ErrClosed
	}
	return w.to.Write(b)
}

func TestABrokenServerHoldsNobody(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		mode                 mode
		putWithin, delWithin time.Duration // nothing is deleted where that is 0
		mayBeDone            bool
	}{
		"refuses":              {refusing, 5 * time.Second, 5 * time.Second, false},
		"stalls":               {stalling, 13 * time.Second, 8 * time.Second, false},
		"does not answer":      {mute, 13 * time.Second, 8 * time.Second, true},
		"is cut in the middle": {cutting, 5 * time.Second, 0, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			bucket := s3test.New(t)
			p := newProxy(t, bucket.Host())
			s, direct := openS3(t, bucket.At(p.host())), openS3(t, bucket.URL)
			put(t, s, "k", "old")
			put(t, s, "other", "other")
			p.set(c.mode)

			err := within(t, c.putWithin, func() error {
				return s.Put(context.Background(), "k", "image/jpeg", []byte(large))
			})
			if !errors.Is(err, blob.ErrUnavailable) || errors.Is(err, blob.ErrKey) {
				t.Errorf("Put: %v", err)
			}
			if c.delWithin > 0 {
				err := within(t, c.delWithin, func() error { return s.Delete(context.Background(), "other") })
				if !errors.Is(err, blob.ErrUnavailable) {
					t.Errorf("Delete: %v", err)
				}
			}
			got, err := fetch(signed(t, direct, "k"))
			if whole := string(got) == "old" || c.mayBeDone && string(got) == large; err != nil || !whole {
				t.Errorf("the object is now %d bytes long, %v", len(got), err)
			}
		})
	}
}

// within fails the test where f takes longer.
func within(t *testing.T, limit time.Duration, f func() error) error {
	t.Helper()
	began := time.Now()
	err := f()
	if took := time.Since(began); took > limit {
		t.Errorf("it took %v; want %v at most", took, limit)
	}
	return err
}

func TestABriefFailureIsNotNoticed(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	p := newProxy(t, bucket.Host())
	s := openS3(t, bucket.At(p.host()))
	p.set(refusing)
	time.AfterFunc(50*time.Millisecond, func() { p.set(passing) })
	put(t, s, "k", large)
	shows(t, signed(t, s, "k"), large)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	var followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	var away atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		relay(w, r, bucket.Host())
	}))
	defer front.Close()
	s := openS3(t, bucket.At(front.Listener.Addr().String()))
	away.Store(true)
	err := within(t, 20*time.Second, func() error { return s.Put(context.Background(), "k", "image/jpeg", []byte("photo")) })
	if err == nil || followed.Load() != 0 {
		t.Errorf("%d requests went elsewhere: %v", followed.Load(), err)
	}
}

// TestA500IsTriedAgain has a server in front that fails twice before each answer.
func TestA500IsTriedAgain(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	var failures, asked atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1); failures.Add(-1) >= 0 {
			http.Error(w, "<Error><Code>InternalError</Code></Error>", http.StatusInternalServerError)
			return
		}
		relay(w, r, bucket.Host())
	}))
	defer front.Close()
	s := openS3(t, bucket.At(front.Listener.Addr().String()))
	direct := openS3(t, bucket.URL)

	failures.Store(2)
	put(t, s, "k", large)
	shows(t, signed(t, direct, "k"), large)

	failures.Store(1000)
	asked.Store(0)
	err := within(t, 5*time.Second, func() error { return s.Put(context.Background(), "k", "image/jpeg", []byte("other")) })
	if err == nil || !strings.Contains(err.Error(), "the server answered 500") || errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("Put: %v", err)
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("it was asked %d times; want 3", n)
	}
	shows(t, signed(t, direct, "k"), large)
}

// relay passes a request on with the host that was signed.
func relay(w http.ResponseWriter, r *http.Request, server string) {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.RequestURI = "http", server, ""
	answer, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = answer.Body.Close() }()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

func TestASilentServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	p := newProxy(t, bucket.Host())
	s := openS3(t, bucket.At(p.host()))
	p.set(refusing)
	for range 3 {
		if err := s.Delete(context.Background(), "k"); !errors.Is(err, blob.ErrUnavailable) {
			t.Fatalf("Delete: %v", err)
		}
	}
	asked := p.conns.Load()
	err := within(t, 3*time.Second, func() (err error) {
		for range 100 {
			err = errors.Join(err, s.Put(context.Background(), "k", "image/jpeg", []byte("x")))
		}
		return err
	})
	if !errors.Is(err, blob.ErrUnavailable) || p.conns.Load() != asked {
		t.Errorf("Put: %.80v; it was asked %d times", err, p.conns.Load()-asked)
	}
	if _, failed := s.Calls(); failed != 103 {
		t.Errorf("%d calls are counted as failed, want those that were not made too", failed)
	}
	p.set(passing)
	time.Sleep(3 * time.Second)
	put(t, s, "k", "back")
	shows(t, signed(t, s, "k"), "back")
}

func TestACallerWhoGoesAwayIsLetGo(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	p := newProxy(t, bucket.Host())
	s := openS3(t, bucket.At(p.host()))
	p.set(stalling)
	for range 5 {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, cancel)
		err := within(t, 3*time.Second, func() error { return s.Put(ctx, "k", "image/jpeg", []byte("x")) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Put: %v", err)
		}
	}
	p.set(passing)
	before, _ := s.Calls()
	put(t, s, "k", "back") // five callers said nothing about the server
	if answered, failed := s.Calls(); failed != 0 || answered != before+1 {
		t.Errorf("%d calls are counted as answered, %d as failed", answered-before, failed)
	}
}

// TestABodyThatIsAlteredIsRefused has a server in front that changes a byte on the way.
func TestABodyThatIsAlteredIsRefused(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	var altering atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if altering.Load() {
			body, _ := io.ReadAll(r.Body)
			body[0] ^= 1
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		relay(w, r, bucket.Host())
	}))
	defer front.Close()
	s := openS3(t, bucket.At(front.Listener.Addr().String()))
	altering.Store(true)
	if err := s.Put(context.Background(), "k", "image/jpeg", []byte(large)); err == nil {
		t.Error("Put succeeded")
	}
	if got, err := fetch(signed(t, openS3(t, bucket.URL), "k")); !errors.Is(err, blobtest.ErrDenied) {
		t.Errorf("there is an object of %d bytes, %v", len(got), err)
	}
}
