package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// newSupervisor listens on the socket "notify" of a folder.
func newSupervisor(t *testing.T) (dir string, supervisor *net.UnixConn) {
	t.Helper()
	dir, err := os.MkdirTemp("", "flowxi-notify-") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	supervisor, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = supervisor.Close() })
	return dir, supervisor
}

// hear returns what a supervisor is told next.
func hear(t *testing.T, supervisor *net.UnixConn) string {
	t.Helper()
	if err := supervisor.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 100)
	n, err := supervisor.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	return string(said[:n])
}

func hears(t *testing.T, supervisor *net.UnixConn, want string) {
	t.Helper()
	if said := hear(t, supervisor); said != want {
		t.Fatalf("it says %q, want %q", said, want)
	}
}

func TestServeTellsItsSupervisorHowItIs(t *testing.T) {
	t.Parallel()
	dir, supervisor := newSupervisor(t)
	addr := freeAddr(t)
	s := onScreen(t, []string{"FLOWXI_ADDR=" + addr, "FLOWXI_DATA_DIR=" + filepath.Join(dir, "data"), "NOTIFY_SOCKET=" + filepath.Join(dir, "notify"), "WATCHDOG_USEC=200000"}, "flowxi", "serve")
	hears(t, supervisor, "READY=1")
	resp, err := http.Get("http://" + addr + "/api/v1/health")
	if err != nil {
		t.Fatalf("it is not there yet: %v", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("it answers %d", resp.StatusCode)
	}
	hears(t, supervisor, "WATCHDOG=1")
	hears(t, supervisor, "WATCHDOG=1")
	s.types(ctrlC)
	for hear(t, supervisor) != "STOPPING=1" { // one more may have been on its way
		continue
	}
	if code := s.exits(); code != 0 {
		t.Errorf("it exits with %d", code)
	}
}

func TestAServerThatDoesNotServeTellsItsSupervisorNothing(t *testing.T) {
	t.Parallel()
	dir, supervisor := newSupervisor(t)
	s := onScreen(t, []string{
		"FLOWXI_ADDR=" + freeAddr(t), "FLOWXI_DATA_DIR=" + filepath.Join(dir, "data"), "NOTIFY_SOCKET=" + filepath.Join(dir, "notify"),
		"FLOWXI_PUBLIC_URL=https://localhost", "FLOWXI_TLS_CERT=" + filepath.Join(dir, "gone"), "FLOWXI_TLS_KEY=" + filepath.Join(dir, "gone"),
	}, "flowxi", "serve")
	if code := s.exits(); code != 2 {
		t.Errorf("it exits with %d, want 2", code)
	}
	if err := supervisor.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 100)
	if n, err := supervisor.Read(said); err == nil {
		t.Errorf("it says %q, and does not serve", said[:n])
	}
}

func TestASupervisorThatCannotBeToldIsAnError(t *testing.T) {
	t.Parallel()
	if err := notify(nil, "READY=1"); err != nil {
		t.Errorf("nobody asked, and yet %v", err)
	}
	if err := notify([]string{"NOTIFY_SOCKET=" + filepath.Join(t.TempDir(), "gone")}, "READY=1"); err == nil {
		t.Error("nobody heard it, and it says nothing")
	}
}

func TestASupervisorHearsNothingOfAServerThatHangs(t *testing.T) {
	t.Parallel()
	dir, supervisor := newSupervisor(t)
	ctx, cancel := context.WithCancel(t.Context())
	hangs, ended := make(chan struct{}), make(chan struct{})
	asked := 0
	go func() {
		defer close(ended)
		keepNotified(ctx, []string{"NOTIFY_SOCKET=" + filepath.Join(dir, "notify"), "WATCHDOG_USEC=20000"}, slog.New(slog.DiscardHandler), func(context.Context) {
			if asked++; asked == 2 {
				<-hangs
			}
		})
	}()
	hears(t, supervisor, "READY=1")
	hears(t, supervisor, "WATCHDOG=1")
	if err := supervisor.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := supervisor.Read(make([]byte, 100)); err == nil {
		t.Errorf("it hangs, and says something of %d bytes", n)
	}
	close(hangs)
	hears(t, supervisor, "WATCHDOG=1")
	cancel()
	<-ended
}

func TestWatchdogsAreAnsweredWhereTheyMeanThisProcess(t *testing.T) {
	t.Parallel()
	self := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		environ []string
		want    time.Duration
	}{
		{nil, 0},
		{[]string{"WATCHDOG_PID=" + self}, 0},
		{[]string{"WATCHDOG_USEC=60000000"}, 30 * time.Second},
		{[]string{"WATCHDOG_USEC=60000000", "WATCHDOG_PID=" + self}, 30 * time.Second},
		{[]string{"WATCHDOG_USEC=60000000", "WATCHDOG_PID=1" + self}, 0},
		{[]string{"WATCHDOG_USEC=0"}, 0},
		{[]string{"WATCHDOG_USEC=-1"}, 0},
		{[]string{"WATCHDOG_USEC=18446744073709551615"}, 0},
		{[]string{"WATCHDOG_USEC=soon"}, 0},
	} {
		if got := watchdogPace(c.environ); got != c.want {
			t.Errorf("%q: every %v, want %v", c.environ, got, c.want)
		}
	}
}
