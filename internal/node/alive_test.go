package node

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// A node lives as long as it answers, whatever it does.
func TestANodeLivesAsLongAsItAnswers(t *testing.T) {
	t.Parallel()
	n := newNode(t, "FLOWXI_PUBLIC_URL=https://id.example.org", "FLOWXI_SMTP_URL=smtps://localhost")
	defer func() { _ = n.Close() }()
	answer := n.handler
	var answers []int
	n.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		made := httptest.NewRecorder()
		answer.ServeHTTP(made, r)
		answers = append(answers, made.Code)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(made.Code)
		_, _ = w.Write(made.Body.Bytes())
	})
	n.Alive(t.Context())
	if err := n.store.Close(); err != nil {
		t.Fatal(err)
	}
	n.Alive(t.Context())
	if want := []int{http.StatusOK, http.StatusServiceUnavailable}; !slices.Equal(answers, want) {
		t.Errorf("it answers %v, want %v", answers, want)
	}
	n.handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	n.Alive(t.Context())
}

func TestANodeThatHangsIsNotAlive(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	defer func() { _ = n.Close() }()
	hangs, ended := make(chan struct{}), make(chan struct{})
	n.handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs })
	go func() {
		n.Alive(t.Context())
		close(ended)
	}()
	select {
	case <-ended:
		t.Error("it hangs, and is called alive")
	case <-time.After(50 * time.Millisecond):
	}
	close(hangs)
	<-ended
}
