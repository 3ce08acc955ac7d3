package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// patience is what a machine that does much else may need.
const patience = time.Minute

// screen is a terminal with a program in it.
type screen struct {
	t       *testing.T
	file    *os.File
	program *exec.Cmd
	drawn   chan struct{}

	mu   sync.Mutex
	text string
}

// onScreen starts a program on a terminal that is 100 columns wide, with nothing in
// its environment but what is given.
func onScreen(t *testing.T, environ []string, name string, args ...string) *screen {
	t.Helper()
	program := exec.CommandContext(t.Context(), name, args...)
	program.Env, program.Dir = environ, t.TempDir()
	file, err := pty.StartWithSize(program, &pty.Winsize{Rows: 50, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, file: file, program: program, drawn: make(chan struct{}, 1)}
	t.Cleanup(func() { _ = file.Close() })
	go s.read()
	return s
}

func (s *screen) read() {
	for part := make([]byte, 4096); ; {
		n, err := s.file.Read(part)
		s.mu.Lock()
		s.text += string(part[:n])
		s.mu.Unlock()
		select {
		case s.drawn <- struct{}{}:
		default:
		}
		if err != nil {
			return // the program is gone
		}
	}
}

// shows waits until a text is on the screen, and returns all that came until then.
func (s *screen) shows(text string) string {
	s.t.Helper()
	for deadline := time.After(patience); ; {
		s.mu.Lock()
		all := s.text
		s.mu.Unlock()
		if strings.Contains(all, text) {
			return all
		}
		select {
		case <-s.drawn:
		case <-time.After(100 * time.Millisecond):
		case <-deadline:
			s.t.Fatalf("the screen does not show %q, but %q", text, all)
		}
	}
}

// turnsTo waits for a text behind what it waited for before.
func (s *screen) turnsTo(text string) {
	s.t.Helper()
	s.shows(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, s.text, _ = strings.Cut(s.text, text)
}

func (s *screen) types(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.file, keys); err != nil {
		s.t.Fatal(err)
	}
}

// exits waits for the end of the program, and returns its exit status.
func (s *screen) exits() int {
	s.t.Helper()
	var ended *exec.ExitError
	if err := s.program.Wait(); errors.As(err, &ended) {
		return ended.ExitCode()
	} else if err != nil {
		s.t.Fatal(err)
	}
	return 0
}

const ctrlC = "\x03"
