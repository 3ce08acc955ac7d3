package faults_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// refuses demands that a start with the same settings, on another port, ends with 1 and
// one sentence that has all of the words.
func (s *single) refuses(t *testing.T, words ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t), "serve")
	var said bytes.Buffer
	cmd.Env, cmd.Stderr = append(s.environ, "FLOWXI_ADDR=127.0.0.1:0"), &said
	_ = cmd.Run() // how it ended is looked at below
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		t.Fatalf("it ended with %d, and said %s", code, said.String())
	}
	var sentences []string
	for line := range strings.Lines(said.String()) {
		if !strings.HasPrefix(line, "{") { // a line of the log
			sentences = append(sentences, strings.TrimSpace(line))
		}
	}
	if len(sentences) != 1 || !strings.HasPrefix(sentences[0], "flowxi: ") {
		t.Fatalf("it said %q, want one sentence", sentences)
	}
	t.Log(sentences[0])
	for _, word := range words {
		if !strings.Contains(sentences[0], word) {
			t.Errorf("it said %q, which has nothing of %q", sentences[0], word)
		}
	}
}

// lived is a folder that somebody has registered in, and whose server has ended.
func lived(t *testing.T) (s *single, token string) {
	t.Helper()
	s = newSingle(t, t.TempDir())
	s.start(t)
	_, token = resident(t, s, newTally("", 0), "resident@example.com")
	if code := s.terminate(t); code != 0 {
		t.Fatalf("it ended with %d", code)
	}
	return s, token
}

func TestASecondServerOnAFolderRefuses(t *testing.T) {
	s := newSingle(t, t.TempDir())
	s.start(t)
	s.refuses(t, fmt.Sprintf("another server (process %d) uses the data directory", s.pid()))
	resident(t, s, newTally("", 0), "resident@example.com")
}

func TestABadKeyRingStopsTheStart(t *testing.T) {
	s, token := lived(t)
	ring := filepath.Join(s.dir, "keys")
	good, err := os.ReadFile(ring)
	if err != nil {
		t.Fatal(err)
	}
	put := func(text string, mode os.FileMode) func() error {
		return func() error { return writeMode(ring, text, mode) }
	}
	for _, c := range []struct {
		name   string
		breaks func() error
		words  []string
	}{
		{"noise", put("\x00\x01\x02", 0o600), []string{"is damaged", "restore it from a backup"}},
		{"half a key", put(string(good[:len(good)/2]), 0o600), []string{"is damaged", "restore it from a backup"}},
		{"nothing in it", put("", 0o600), []string{"is empty", "restore it from a backup"}},
		{"open to others", put(string(good), 0o644), []string{"is open to others", "chmod 600"}},
		{"missing", func() error { return os.Remove(ring) }, []string{"is missing, but there is a database", "restore it from a backup"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.breaks(); err != nil {
				t.Fatal(err)
			}
			s.refuses(t, append(c.words, ring)...)
		})
	}
	if err := writeMode(ring, string(good), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	if r := newCaller(s.url(), func(reply) {}).call("GET", "/me", token, nil); r.Status != 200 {
		t.Errorf("with its keys back, a token is answered %d", r.Status)
	}
}

func writeMode(path, text string, mode os.FileMode) error {
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

func TestARunningServerOutlivesItsKeyFile(t *testing.T) {
	s := newSingle(t, t.TempDir())
	s.start(t)
	if err := writeMode(filepath.Join(s.dir, "keys"), "noise", 0o600); err != nil {
		t.Fatal(err)
	}
	if l := s.awaitLog(t, "cannot reload the key ring"); l.Level != "ERROR" || !strings.Contains(l.Error, "is damaged") {
		t.Errorf("it logs %+v", l)
	}
	resident(t, s, newTally("", 0), "resident@example.com") // takes the keys, to seal the mail and for the code
}

func TestADamagedDatabaseStopsTheStart(t *testing.T) {
	s, _ := lived(t)
	database := filepath.Join(s.dir, "flowxi.db")
	whole, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	noise := func(from, length int) []byte {
		b := bytes.Clone(whole)
		for i := from; i < min(len(b), from+length); i++ {
			b[i] = byte(i*7 + 1)
		}
		return b
	}
	for name, damaged := range map[string][]byte{
		"its head is noise":   noise(0, 4096),
		"its schema is noise": noise(100, 4096-100),
		"it is all noise":     noise(0, len(whole)),
		"half of it is gone":  whole[:len(whole)/2/4096*4096],
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(database, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			s.refuses(t, "database "+database+" is damaged", "restore it from a backup")
		})
	}
}
