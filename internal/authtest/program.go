package authtest

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/backing"
)

// programTime is the most that the program takes to answer after its start, or to end.
const programTime = time.Minute

// Build builds the program and returns its path. It is gone when the test has ended.
func Build(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flowxi")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/flowxi")
	cmd.Dir = backing.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// Serve starts a program that Build has built, on an empty folder and with such settings,
// and returns the URL that it answers at. It ends with the test.
func Serve(t testing.TB, program string, environ ...string) string {
	t.Helper()
	ports, release, err := backing.Ports()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports))
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "serve")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = programTime
	// Nobody's settings but the test's: a name that is no setting would end the start.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(line string) bool { return strings.HasPrefix(line, "FLOWXI_") })
	cmd.Env = append(cmd.Env, "FLOWXI_ADDR="+addr, "FLOWXI_DATA_DIR="+t.TempDir())
	cmd.Env = append(cmd.Env, environ...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	var end error // once ended is closed
	go func() {
		end = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		if t.Failed() {
			t.Logf("the last words of the server:\n%s", lastLines(output.String(), 20))
		}
	})
	for deadline := time.Now().Add(programTime); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get("http://" + addr + basePath + "/health"); err == nil {
			_ = resp.Body.Close()
			return "http://" + addr
		}
		select {
		case <-ended:
			t.Fatalf("the server ended at its start: %v", end)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not answer")
		}
	}
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
