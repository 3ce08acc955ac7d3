package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
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

func TestServeTellsItsSupervisorOnceItAnswers(t *testing.T) {
	t.Parallel()
	dir, supervisor := newSupervisor(t)
	addr := freeAddr(t)
	s := onScreen(t, []string{"FLOWXI_ADDR=" + addr, "FLOWXI_DATA_DIR=" + filepath.Join(dir, "data"), "NOTIFY_SOCKET=" + filepath.Join(dir, "notify")}, "flowxi", "serve")
	if err := supervisor.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 100)
	n, err := supervisor.Read(said)
	if err != nil || string(said[:n]) != "READY=1" {
		t.Fatalf("it says %q, %v", said[:n], err)
	}
	resp, err := http.Get("http://" + addr + "/api/v1/health")
	if err != nil {
		t.Fatalf("it is not there yet: %v", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("it answers %d", resp.StatusCode)
	}
	s.types(ctrlC)
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
	if err := notifyReady(nil); err != nil {
		t.Errorf("nobody asked, and yet %v", err)
	}
	if err := notifyReady([]string{"NOTIFY_SOCKET=" + filepath.Join(t.TempDir(), "gone")}); err == nil {
		t.Error("nobody heard it, and it says nothing")
	}
}
