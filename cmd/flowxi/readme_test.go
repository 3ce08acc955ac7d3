package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestTheWalkInTheReadmeWorksAsWritten runs every line of the README's walk against a
// server that was started on an empty folder, in the shell that a reader would use.
func TestTheWalkInTheReadmeWorksAsWritten(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	walk := regexp.MustCompile("(?s)```sh\n(.*?)```").FindSubmatch(readme)
	if walk == nil {
		t.Fatal("the README has no walk")
	}
	addr := serveWith(t)
	script := strings.ReplaceAll(string(walk[1]), "localhost:8080", addr)
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, code := range []string{
		"HEALTH_OK", "OTP_SENT", "TOKEN_ISSUED", "ME_OK", "phone-1", "ME_UPDATED", "VALIDATION_FAILED",
		"TWOFA_STATUS", "LOGOUT_SUCCESS", "UNAUTHENTICATED",
	} {
		if !strings.Contains(string(out), code) {
			t.Errorf("the walk never shows %s:\n%s", code, out)
		}
	}
}

// serveWith starts the command on an empty folder and returns its address once it
// answers.
func serveWith(t *testing.T, env ...string) string {
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
	cmd.Env = append(os.Environ(), "FLOWXI_ADDR="+addr, "FLOWXI_PUBLIC_URL=http://"+addr, "FLOWXI_DATA_DIR="+t.TempDir())
	cmd.Env = append(cmd.Env, env...)
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
	t.Fatal("the server does not answer")
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
