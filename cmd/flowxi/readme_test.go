package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// TestTheWalkInTheReadmeWorksAsWritten runs every line of the README's walk against a
// server that was started on an empty folder, in the shell that a reader would use.
func TestTheWalkInTheReadmeWorksAsWritten(t *testing.T) {
	t.Parallel()
	if err := (authtest.Walk{Server: "http://" + serve(t)}).Take(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// serve starts the command on an empty folder and returns its address once it
// answers.
func serve(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "flowxi")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	addr := freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, "serve")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	// Nobody's settings but the test's: a name that is no setting would end the start.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(line string) bool { return strings.HasPrefix(line, "FLOWXI_") })
	cmd.Env = append(cmd.Env, "FLOWXI_ADDR="+addr, "FLOWXI_DATA_DIR="+t.TempDir())
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = cmd.Wait() })
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + addr + "/api/v1/health")
		if err == nil {
			_ = resp.Body.Close()
			return addr
		}
	}
	stop()
	_ = cmd.Wait()
	t.Fatalf("the server does not answer:\n%s", &output)
	return ""
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
