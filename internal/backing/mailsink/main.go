// Command mailsink is a mail server for tests: it takes every mail, shows what has come
// as JSON, and fails as it is told. Its one rule: a mail that it has taken it shows.
//
//	mailsink -smtp 127.0.0.1:2525 -http 127.0.0.1:8025 -dir mails
//
//	GET  /inbox.json?to=ada@example.com   the mails to an address, newest first
//	POST /fault?mode=busy                 fail from now on; without a mode, no more
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"
)

// The ways to fail.
const (
	busy    = "busy"    // 4xx at RCPT
	refused = "refused" // 5xx at RCPT
	stalled = "stalled" // no answer to DATA
	cut     = "cut"     // takes the mail and hangs up before it says so
)

// sink is the server.
type sink struct {
	dir string

	mu    sync.Mutex
	mode  string
	mails []letter // oldest first
}

func main() {
	smtpAddr := flag.String("smtp", "127.0.0.1:2525", "address of the mail server")
	httpAddr := flag.String("http", "127.0.0.1:8025", "address that shows the mails")
	dir := flag.String("dir", "mails", "folder to keep the mails in")
	flag.Parse()
	if err := run(*smtpAddr, *httpAddr, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "mailsink:", err)
		os.Exit(1)
	}
}

func run(smtpAddr, httpAddr, dir string) error {
	s := &sink{dir: dir}
	if err := s.load(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	mailServer := smtp.NewServer(s)
	mailServer.Addr, mailServer.Domain, mailServer.EnableSMTPUTF8 = smtpAddr, "localhost", true
	mailServer.ReadTimeout, mailServer.WriteTimeout = time.Minute, time.Minute
	mailServer.MaxMessageBytes, mailServer.MaxRecipients = 1<<20, 10
	page := &http.Server{Addr: httpAddr, Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	failed := make(chan error, 2)
	go func() { failed <- mailServer.ListenAndServe() }()
	go func() { failed <- page.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// load reads the mails of an earlier run.
func (s *sink) load() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*.eml"))
	if err != nil {
		return err
	}
	for _, file := range files { // in the order of their numbers
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		l, err := read(source)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		s.mails = append(s.mails, l)
	}
	return nil
}

// take keeps a mail, on disk first.
func (s *sink) take(source []byte) error {
	l, err := read(source)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := filepath.Join(s.dir, fmt.Sprintf("%08d.eml", len(s.mails)+1))
	if err := os.WriteFile(path, source, 0o600); err != nil {
		return err
	}
	s.mails = append(s.mails, l)
	return nil
}

func (s *sink) failing() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode
}

func (s *sink) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /inbox.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"mails": s.to(r.FormValue("to"))})
	})
	mux.HandleFunc("POST /fault", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mode = r.FormValue("mode")
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// to lists the mails to an address, or all of them, newest first.
func (s *sink) to(address string) []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []letter{}
	for i := len(s.mails) - 1; i >= 0; i-- {
		if address == "" || s.mails[i].To == address {
			list = append(list, s.mails[i])
		}
	}
	return list
}
