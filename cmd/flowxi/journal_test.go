//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"flowxi.app/flowxi/internal/config"
)

// newStream is a socket such as systemd hands to a service for its log, and what is read
// at its end. The name is what JOURNAL_STREAM has for it.
func newStream(t *testing.T) (service *os.File, name string, read func() string) {
	t.Helper()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	service, far := os.NewFile(uintptr(ends[0]), "service"), os.NewFile(uintptr(ends[1]), "journal")
	t.Cleanup(func() { _ = errors.Join(service.Close(), far.Close()) })
	return service, nameOf(t, service), func() string {
		_ = service.Close()
		text, err := io.ReadAll(far)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
}

func nameOf(t *testing.T, file *os.File) string {
	t.Helper()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

func logEachLevel(cfg config.Config, to *os.File, stream string) {
	log := newLogger(cfg, to, []string{"JOURNAL_STREAM=" + stream})
	for _, log := range []*slog.Logger{log, log.With("by", "a part"), log.WithGroup("a").With("by", "a part")} {
		log.Debug("one")
		log.Info("two")
		log.Warn("three")
		log.Error("four", "error", errors.New("a\nb"))
	}
	slog.NewLogLogger(log.Handler(), slog.LevelWarn).Print("what a library says\n<0>in two lines")
}

func TestTheJournalIsToldWhatEachLineIs(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{"json": "7643764376434", "text": "76437643764344"} {
		service, name, read := newStream(t)
		logEachLevel(config.Config{LogLevel: "debug", LogFormat: format}, service, name)
		got := ""
		for line := range strings.Lines(read()) {
			if len(line) < 4 || line[0] != '<' || line[2] != '>' || line[len(line)-1] != '\n' || format == "json" && line[3] != '{' {
				t.Fatalf("%s: a line is %q", format, line)
			}
			got += line[1:2]
		}
		if got != want {
			t.Errorf("%s: the priorities are %s, want %s", format, got, want)
		}
	}
}

func TestOnlyTheJournalIsToldWhatALineIs(t *testing.T) {
	t.Parallel()
	_, other, _ := newStream(t)
	for what, stream := range map[string]string{"nobody": "", "another stream": other, "nonsense": "1:2:3"} {
		service, _, read := newStream(t)
		logEachLevel(config.Config{LogLevel: "warn", LogFormat: "json"}, service, stream)
		for line := range strings.Lines(read()) {
			if line[0] != '{' {
				t.Errorf("%s is named, and a line is %q", what, line)
			}
		}
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	if leadsToJournal(file, []string{"JOURNAL_STREAM=" + other}) || leadsToJournal(file, nil) {
		t.Error("a closed file leads to the journal")
	}
}

func TestWhyAServerDoesNotStartIsAnErrorInTheJournal(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{true, false} {
		service, name, read := newStream(t)
		serve := exec.CommandContext(t.Context(), "flowxi", "serve")
		serve.Stderr, serve.Env = service, []string{"PATH=" + os.Getenv("PATH"), "FLOWXI_DATA_DIR=" + t.TempDir(), "FLOWXI_ADDR=nowhere"}
		want := "flowxi: FLOWXI_ADDR"
		if named {
			serve.Env = append(serve.Env, "JOURNAL_STREAM="+name)
			want = asError + want
		}
		if err := serve.Run(); err == nil || serve.ProcessState.ExitCode() != 2 {
			t.Errorf("it ends with %v", err)
		}
		if got := read(); !strings.HasPrefix(got, want) {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}

// A line of the log is written for each request, and what the journal is told costs it no
// memory.
func TestTheJournalCostsNoMemory(t *testing.T) { //nolint:paralleltest // what others allocate would count
	p := &prefixed{to: io.Discard, prefix: asInfo}
	line := []byte(`{"level":"INFO","msg":"request"}` + "\n")
	if n := testing.AllocsPerRun(1000, func() { _, _ = p.Write(line) }); n > 0 {
		t.Errorf("a line takes %v allocations", n)
	}
}
