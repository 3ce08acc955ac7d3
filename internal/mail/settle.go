package mail

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/rescue"
)

// settle notes in the outbox how a delivery went. Log lines name a mail by its id:
// its address is nobody's business.
func (w *Worker) settle(ctx context.Context, m account.Mail, err error) {
	level, message := verdict(err)
	if m.Blank() {
		level = slog.LevelDebug // nothing is lost, and strangers could fill the log
	}
	args := []any{"mail", m.ID, "kind", m.Kind, "attempt", m.Attempts + 1}
	if err != nil {
		args = append(args, "error", err, rescue.Stack(err))
	}
	w.logger.Log(ctx, level, message, args...)
	w.count(m, err)
	if over(m, err) {
		w.done(ctx, m)
		return
	}
	delay := backoff(m.Attempts)
	next := w.now().Add(delay)
	w.note(ctx, m, func(ctx context.Context) error { return w.store.MailFailed(ctx, m, next) })
	time.AfterFunc(delay, w.Wake)
}

// done takes a mail out of the outbox.
func (w *Worker) done(ctx context.Context, m account.Mail) {
	w.note(ctx, m, func(ctx context.Context) error { return w.store.MailDone(ctx, m) })
}

// over tells whether a mail is done with. One for nobody comes back for one reason alone:
// it has no end of its own, as real ones have that fail.
func over(m account.Mail, err error) bool {
	return settled(err) || m.Blank() && !errors.Is(err, errLikeFailed)
}

// settled tells whether there is no need of another try.
func settled(err error) bool { return err == nil || final(err) }

func final(err error) bool {
	return errors.Is(err, errExpired) || errors.Is(err, errUnusable) || errors.Is(err, ErrRefused)
}

func verdict(err error) (slog.Level, string) {
	switch {
	case err == nil:
		return slog.LevelDebug, "mail sent"
	case errors.Is(err, errExpired):
		return slog.LevelWarn, "mail dropped"
	case errors.Is(err, errUnusable):
		return slog.LevelError, "mail dropped"
	case errors.Is(err, ErrRefused):
		return slog.LevelWarn, "mail dropped"
	default:
		return slog.LevelWarn, "mail not sent, will try again"
	}
}

// note writes to the outbox, again and again until it works or the worker must end:
// a mail that was sent and is not noted is sent twice.
func (w *Worker) note(ctx context.Context, m account.Mail, write func(context.Context) error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := w.try(ctx, write)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			w.logger.ErrorContext(ctx, "outbox not updated, the mail may be sent again", "mail", m.ID, "error", err)
			return
		case <-time.After(wait):
		}
	}
}

func (w *Worker) try(ctx context.Context, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, outboxTime)
	defer cancel()
	return write(ctx)
}

// Counts is what became of mails on this node, since the start. Those that were written
// for nobody are not among them.
type Counts struct {
	Sent    uint64
	Retried uint64 // tries that failed and are made again
	Dropped uint64
}

// Counts tells what became of mails.
func (w *Worker) Counts() Counts {
	return Counts{Sent: w.sent.Load(), Retried: w.retried.Load(), Dropped: w.dropped.Load()}
}

func (w *Worker) count(m account.Mail, err error) {
	switch {
	case m.Blank():
	case err == nil:
		w.sent.Add(1)
	case final(err):
		w.dropped.Add(1)
	default:
		w.retried.Add(1)
	}
}

// backoff is how long to wait after that many earlier failures. Up to a fifth of it
// is taken off by chance, so that mails which failed together do not return together.
func backoff(failures int) time.Duration {
	steps := [...]int{1, 2, 5, 15, 30, 60, 120}
	full := time.Duration(steps[min(failures, len(steps)-1)]) * time.Second
	return full - rand.N(full/5) //nolint:gosec // spreads tries, guards nothing
}
