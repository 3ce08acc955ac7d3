package mail

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	remembered = 8               // real tries that a mail for nobody may be like: few, so that they are of late
	failedAge  = 2 * time.Minute // after which one that failed tells nothing of the mail server

	guessed = 500 * time.Millisecond // for a try, while none is known
)

var errLikeFailed = errors.New("not tried, like one that failed")

// fate is what became of a try to send a mail.
type fate struct {
	took  time.Duration
	again bool // it failed, and another try may not
	at    time.Time
}

// fates are those of the last tries of this node that tell of the mail server, and not of
// one address: who may choose addresses must not choose what a mail for nobody is like. Safe
// for concurrent use; the zero value is ready.
type fates struct {
	mu   sync.Mutex
	last []fate // oldest first
}

func (f *fates) note(took time.Duration, err error) {
	if errors.Is(err, ErrRefused) || errors.Is(err, errDeferred) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.last) == remembered {
		f.last = f.last[1:]
	}
	f.last = append(f.last, fate{took, !settled(err), time.Now()})
}

// draw returns one of them by chance, and a guess where there is none yet.
func (f *fates) draw() fate {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = slices.DeleteFunc(f.last, func(one fate) bool { return one.again && time.Since(one.at) > failedAge })
	if len(f.last) == 0 {
		return fate{took: guessed}
	}
	return f.last[rand.N(len(f.last))] //nolint:gosec // which one it was is of no use to anybody
}

// rehearser is a Transport whose work is done on this machine, where others who ask at the
// same time feel it.
type rehearser interface {
	// Rehearse does the work of Send and leaves nothing of it.
	Rehearse(ctx context.Context, m Message) error
}

// pretend has a mail for nobody fare as a real one did of late, from when its try began: it
// keeps its slot for as long, and comes back where that one had to. All mails share a few
// slots, so whoever asks for a mail of their own learns by its coming how long the one before
// it kept its slot. One that left at once would tell that its address is unknown, blocked or
// closed.
func (w *Worker) pretend(ctx context.Context, m Message, began time.Time) error {
	if t, ok := w.transport.(rehearser); ok {
		if t.Rehearse(ctx, m) != nil {
			return errLikeFailed
		}
		return errExpired // as it was born
	}
	like := w.recent.draw()
	select {
	case <-time.After(min(like.took, sendTimeout) - time.Since(began)):
	case <-ctx.Done():
		return errExpired
	}
	if like.again {
		return errLikeFailed
	}
	return errExpired
}
