package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// sending is a body for one try. The transport may read it for longer than that: where the
// answer came before all was sent, it goes on beside whoever has got the answer, who may use
// the file again by then. Once the try is over, sending reads no more.
type sending struct {
	content io.Reader
	over    atomic.Bool
	turn    chan struct{} // full while the content is read
}

func newSending(content io.Reader) *sending {
	return &sending{content: content, turn: make(chan struct{}, 1)}
}

var errOver = errors.New("the request is over")

// Read implements io.Reader.
func (s *sending) Read(p []byte) (int, error) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.over.Load() {
		return 0, errOver
	}
	return s.content.Read(p)
}

// Close implements io.Closer. It closes nothing: the content is the caller's.
func (*sending) Close() error { return nil }

// errHeld says that a read of the content has not come back, so that nobody else may use it.
var errHeld = errors.New("what is sent is still being read")

// end has the content read no more. A read that is under way is waited for, as long as the
// context lets it.
func (s *sending) end(ctx context.Context) error {
	s.over.Store(true)
	select {
	case s.turn <- struct{}{}:
		<-s.turn
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errHeld, ctx.Err())
	}
}
