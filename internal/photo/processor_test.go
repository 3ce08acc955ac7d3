package photo

import (
	"context"
	"errors"
	"image"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestNoMoreThanTheSlotsAreAtWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewProcessor(2, 8, time.Minute)
		var atWork, most atomic.Int64
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := p.enter(t.Context()); err != nil {
					t.Errorf("enter: %v", err)
					return
				}
				defer p.leave()
				if n := atWork.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Second)
				atWork.Add(-1)
			})
		}
		all.Wait()
		if most.Load() != 2 {
			t.Errorf("%d were at work at once; want 2", most.Load())
		}
	})
}

func TestPastTheQueueItIsBusyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewProcessor(1, 1, time.Minute)
		if err := p.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		waited := make(chan error)
		go func() { waited <- p.enter(t.Context()) }()
		synctest.Wait()
		start := time.Now()
		if err := p.enter(t.Context()); !errors.Is(err, ErrBusy) || time.Since(start) != 0 {
			t.Errorf("past the queue: %v after %v", err, time.Since(start))
		}
		if got := p.Load(); got != (Load{Active: 1, Waiting: 1, Refused: 1}) {
			t.Errorf("the load is %+v", got)
		}
		p.leave()
		if err := <-waited; err != nil {
			t.Errorf("in the queue: %v", err)
		}
		p.leave()
		if err := p.enter(t.Context()); err != nil {
			t.Errorf("after all have left: %v", err)
		}
	})
}

func TestNobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewProcessor(1, 1, time.Minute)
		if err := p.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := p.enter(t.Context()); !errors.Is(err, ErrBusy) || time.Since(start) != time.Minute {
			t.Errorf("in the queue: %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with an ended context: %v", err)
		}
		p.leave()
		if err := p.enter(t.Context()); err != nil {
			t.Errorf("those who gave up are still in the queue: %v", err)
		}
	})
}

func TestAProcessorHasASlot(t *testing.T) {
	t.Parallel()
	p := NewProcessor(0, -1, 0)
	if err := p.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.enter(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("the second: %v", err)
	}
}

// wild is an image whose pixels cannot be read.
type wild struct{ image.Image }

func TestAPanicIsNoImage(t *testing.T) {
	t.Parallel()
	panics := func(io.Reader) (image.Image, error) { panic("decoder") }
	returnsWild := func(io.Reader) (image.Image, error) { return wild{}, nil }
	for what, s := range map[string]source{
		"in the decoder": {format: format{decode: panics}},
		"in the picture": {format: format{decode: returnsWild}},
	} {
		if out, err := s.jpeg(t.Context()); out != nil || !errors.Is(err, ErrNotAnImage) {
			t.Errorf("a panic %s gave %d bytes, %v", what, len(out), err)
		}
	}
	config := source{format: format{decodeConfig: func(io.Reader) (image.Config, error) { panic("config") }}}
	if err := config.inspect(); !errors.Is(err, ErrNotAnImage) {
		t.Errorf("a panic in the header: %v", err)
	}
	meta := source{format: format{orientation: func([]byte) orientation { panic("metadata") }}}
	if got := meta.orientation(); got != upright {
		t.Errorf("a panic in the metadata turned the picture by %d", got)
	}
}

func TestAContextThatEndsWhileDecodingEndsTheWork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := source{format: format{decode: func(io.Reader) (image.Image, error) {
		cancel()
		return image.NewRGBA(image.Rect(0, 0, 1, 1)), nil
	}}}
	if out, err := s.jpeg(ctx); out != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("it gave %d bytes, %v", len(out), err)
	}
}
