package photo

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	stdlog "log"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"flowxi.app/flowxi/internal/rescue"
)

func TestNoMoreThanTheSlotsAreAtWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewProcessor(2, time.Minute)
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

func TestTheLoadTellsWhoWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewProcessor(1, time.Minute)
		if err := p.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		const callers = 40
		ended := make(chan error)
		for range callers {
			go func() { ended <- p.enter(t.Context()) }()
		}
		synctest.Wait()
		if got := p.Load(); got != (Load{Active: 1, Waiting: callers}) {
			t.Errorf("the load is %+v", got)
		}
		p.leave()
		if err := <-ended; err != nil {
			t.Errorf("whose turn it was: %v", err)
		}
		for range callers - 1 {
			if err := <-ended; !errors.Is(err, ErrBusy) {
				t.Errorf("who has waited for a minute: %v", err)
			}
		}
		if got := p.Load(); got != (Load{Active: 1, Refused: callers - 1}) {
			t.Errorf("the load is %+v", got)
		}
	})
}

func TestNobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewProcessor(1, time.Minute)
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
	p := NewProcessor(0, 0)
	if err := p.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.enter(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("the second: %v", err)
	}
}

// wild is an image whose pixels cannot be read.
type wild struct{ image.Image }

// TestAPanicIsNoImage is not parallel: it reads the log of the process.
func TestAPanicIsNoImage(t *testing.T) {
	log := listen(t)
	before := rescue.Caught()
	panics := func(io.Reader) (image.Image, error) { panic("place of the photo") }
	returnsWild := func(io.Reader) (image.Image, error) { return wild{}, nil }
	for what, s := range map[string]source{
		"in the decoder": {format: format{decode: panics}},
		"in the picture": {format: format{decode: returnsWild}},
	} {
		out, err := s.jpeg(t.Context())
		if out != nil || !errors.Is(err, ErrNotAnImage) || strings.Contains(err.Error(), "place of") {
			t.Errorf("a panic %s gave %d bytes, %v", what, len(out), err)
		}
	}
	config := source{format: format{decodeConfig: func(io.Reader) (image.Config, error) { panic("place of the photo") }}}
	if err := config.inspect(); !errors.Is(err, ErrNotAnImage) {
		t.Errorf("a panic in the header: %v", err)
	}
	meta := source{format: format{orientation: func([]byte) orientation { panic("place of the photo") }}}
	if got := meta.orientation(); got != upright {
		t.Errorf("a panic in the metadata turned the picture by %d", got)
	}
	if got := rescue.Caught() - before; got != 4 {
		t.Errorf("%d of 4 panics are counted", got)
	}
	text := log.String()
	if strings.Count(text, "stack=") != 4 || !strings.Contains(text, "processor_test.go") || strings.Contains(text, "place of") {
		t.Errorf("the log is %s", text)
	}
}

// listen has the log of the process written to a buffer until the end of the test.
func listen(t *testing.T) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	logger, out, flags := slog.Default(), stdlog.Writer(), stdlog.Flags()
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil))) // which changes the other two as well
	t.Cleanup(func() {
		slog.SetDefault(logger)
		stdlog.SetOutput(out)
		stdlog.SetFlags(flags)
	})
	return &b
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
