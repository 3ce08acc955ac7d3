package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func server(t *testing.T, idle time.Duration, answer http.HandlerFunc) *target {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.IdleTimeout = idle
	s.Start()
	t.Cleanup(s.Close)
	return &target{name: t.Name(), people: people{count: 1, prefix: "fxp_"}, server: &process{URL: s.URL}}
}

func TestAnOpenLoopMissesWhatNobodyIsFreeFor(t *testing.T) {
	t.Parallel()
	const due, connections = 20, 2
	slow := server(t, time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Second)
		_, _ = w.Write([]byte("{}"))
	})
	w := slow.open(t.Context(), 1e6, connections, due*time.Microsecond)
	if w.FirstError != nil || w.Errors != 0 {
		t.Fatal(w.FirstError)
	}
	if w.Requests != 2*connections || w.Missed != due-2*connections { // as many wait for a connection
		t.Errorf("%d requests, %d missed of %d due", w.Requests, w.Missed, due)
	}
	if at := w.At(100); at < 2*time.Second {
		t.Errorf("one that waited for a connection was answered after %v", at)
	}
}

func TestAnOpenLoopAsksAgainWhereAConnectionWasClosed(t *testing.T) {
	t.Parallel()
	brief := server(t, 20*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/me" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer 1|fxp_") {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte("{}"))
	})
	w := brief.open(t.Context(), 10, 4, time.Second)
	if w.FirstError != nil || w.Errors != 0 || w.Requests != 10 || w.Missed != 0 {
		t.Errorf("%d requests, %d wrong, %d missed: %v", w.Requests, w.Errors, w.Missed, w.FirstError)
	}
}

func TestAnOpenLoopTellsAWrongAnswer(t *testing.T) {
	t.Parallel()
	wrong := server(t, time.Minute, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	if w := wrong.open(t.Context(), 100, 4, 50*time.Millisecond); w.Errors != 5 || w.Rate() != 0 || w.FirstError == nil {
		t.Errorf("%d of %d are wrong: %v", w.Errors, w.Requests, w.FirstError)
	}
	ends := server(t, time.Minute, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if w := ends.open(t.Context(), 100, 4, 50*time.Millisecond); w.FirstError == nil {
		t.Error("nothing is said of a connection that ends without an answer")
	}
}

func TestAnAnswerIsWhole(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	for answer, want := range map[string]struct{ whole, bad bool }{
		"":              {},
		head:            {},
		head + "\r\n{":  {},
		head + "\r\n{}": {whole: true},
		"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{":  {},
		"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}": {whole: true, bad: true},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":             {whole: true, bad: true},
		"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n":                 {whole: true, bad: true},
	} {
		if whole, bad := answered([]byte(answer)); whole != want.whole || (bad != nil) != want.bad {
			t.Errorf("%q: %t, %v", answer, whole, bad)
		}
	}
}
