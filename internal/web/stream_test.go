package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestAStreamShowsThatItLives(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	read, write := io.Pipe()
	st := &streams{beat: time.Millisecond, closing: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		st.run(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), stream{write, http.NewResponseController(httptest.NewRecorder())}, nil)
	}()
	const want = mailEvent + beatEvent + beatEvent
	got := make([]byte, len(want))
	if _, err := io.ReadFull(read, got); err != nil || string(got) != want {
		t.Errorf("got %q, error %v", got, err)
	}
	close(st.closing)
	_ = read.Close()
	<-ended
}
