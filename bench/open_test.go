package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// answering is a target that answers so, and closes connections that were idle for so long.
func answering(t *testing.T, idle time.Duration, answer http.HandlerFunc) *target {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.IdleTimeout = idle
	s.Start()
	t.Cleanup(s.Close)
	return &target{name: t.Name(), people: people{count: 1, prefix: "fxp_"}, server: &process{URL: s.URL}}
}

func empty(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }

// isWhole looks at a window of ten requests a tenth of a second, or fewer. As many connections
// and as many that wait for one as half of them can miss none, however long all stands still.
func isWhole(t *testing.T, w window, requests int) {
	t.Helper()
	if w.FirstError != nil || w.Errors != 0 || w.Requests != requests || w.Missed != 0 {
		t.Errorf("%d of %d requests, %d wrong, %d missed: %v", w.Requests, requests, w.Errors, w.Missed, w.FirstError)
	}
}

func TestAnOpenLoopMissesWhatNobodyIsFreeFor(t *testing.T) {
	t.Parallel()
	const due, connections = 20, 2
	slow := answering(t, time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Second)
		_, _ = io.WriteString(w, "{}")
	})
	w := slow.open(t.Context(), 1e6, connections, due*time.Microsecond)
	if w.FirstError != nil || w.Errors != 0 {
		t.Fatal(w.FirstError)
	}
	if w.Requests != 2*connections || w.Missed != due-2*connections { // as many wait for a connection
		t.Errorf("%d requests, %d missed of %d due", w.Requests, w.Missed, due)
	}
	if n := w.Late.TotalCount(); n != due {
		t.Errorf("of %d requests due is told how late they were", n)
	}
	if at := w.At(100); at < 2*time.Second {
		t.Errorf("one that waited for a connection was answered after %v", at)
	}
}

func TestAnOpenLoopReadsAnswersInPieces(t *testing.T) {
	t.Parallel()
	pieces := answering(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/me" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer 1|fxp_") {
			w.WriteHeader(http.StatusUnauthorized)
		}
		w.Header().Set("Content-Length", "2")
		for _, piece := range []string{"", "{", "}"} {
			_, _ = io.WriteString(w, piece)
			_ = http.NewResponseController(w).Flush()
		}
	})
	isWhole(t, pieces.open(t.Context(), 100, 5, 100*time.Millisecond), 10)
}

func TestAnOpenLoopConnectsAgain(t *testing.T) {
	t.Parallel()
	idle := answering(t, 10*time.Millisecond, empty)
	isWhole(t, idle.open(t.Context(), 20, 4, 200*time.Millisecond), 4)

	var seen sync.Map // connections that have asked before, which are closed once they ask again
	once := answering(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		if _, again := seen.LoadOrStore(r.RemoteAddr, true); again {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "{}")
	})
	isWhole(t, once.open(t.Context(), 100, 5, 100*time.Millisecond), 10)
}

func TestAnOpenLoopCountsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"another status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		"no answer":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no length": func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "{}")
		},
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, strings.Repeat(" ", 100_000))
		},
	} {
		w := answering(t, time.Minute, answer).open(t.Context(), 100, 4, 50*time.Millisecond)
		if w.Requests != 5 || w.Errors != 5 || w.FirstError == nil {
			t.Errorf("%s: %d of %d are wrong: %v", name, w.Errors, w.Requests, w.FirstError)
		}
	}
}

func TestAnOpenLoopAsksWhenItIsDue(t *testing.T) {
	t.Parallel()
	const d = time.Second
	one := answering(t, time.Minute, empty)
	w := one.open(t.Context(), 10, 5, d)
	isWhole(t, w, 10)
	if w.Elapsed < d*9/10 {
		t.Errorf("the last was due after %v, and all was over after %v", d*9/10, w.Elapsed)
	}
	if late := w.Late.ValueAtPercentile(50); late > (d * 3 / 10).Microseconds() { // half of them by half of it, if it looked once a second
		t.Errorf("half of the requests were made %d µs late", late)
	}
}

func TestAnOpenLoopEndsWithItsMeasurement(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	one := answering(t, time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		_, _ = io.WriteString(w, "{}")
	})
	w := one.open(ctx, 0.01, 1, time.Hour) // the second is due after more than a minute
	if !errors.Is(w.FirstError, context.Canceled) || w.Elapsed > time.Minute {
		t.Errorf("ended after %v: %v", w.Elapsed, w.FirstError)
	}
}

func TestAnswersAreWhole(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	for answer, want := range map[string]struct{ whole, bad bool }{
		"":              {},
		head:            {},
		head + "\r\n{":  {},
		head + "\r\n{}": {whole: true},
		"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{":  {},
		"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}": {whole: true, bad: true},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":             {bad: true},
		"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n":                     {bad: true},
	} {
		if whole, bad := answered([]byte(answer)); whole != want.whole || (bad != nil) != want.bad {
			t.Errorf("%q: %t, %v", answer, whole, bad)
		}
	}
}
