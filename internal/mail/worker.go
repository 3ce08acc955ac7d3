package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/rescue"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/trace"
)

const (
	parallel = 4               // mails on the way at once, so that one slow server does not hold up all
	poll     = 5 * time.Second // how long a mail written by another node, or left by one, may wait

	// lease is how long a node has a mail for itself: longer than a send may take,
	// short enough for others to take over within a minute from a node that died.
	lease = 40 * time.Second

	outboxTime = 10 * time.Second // for one look into the outbox, or one note

	grace = 10 * time.Second // what a send has left when the worker is told to stop
)

// Worker sends the mails of the outbox. Several, on any number of nodes, may share
// one database.
type Worker struct {
	store     *store.Store
	keys      *seal.KeyRing
	renderer  *Renderer
	transport Transport
	from      string
	now       func() time.Time
	logger    *slog.Logger
	tracer    trace.Tracer
	wake      chan struct{}
	recent    fates

	sent, retried, dropped atomic.Uint64
}

// NewWorker returns a worker that sends as from, an address with or without a name. Each
// send is a trace of its own, linked to the request that caused it.
func NewWorker(s *store.Store, keys *seal.KeyRing, c *locale.Catalog, t Transport, from string,
	now func() time.Time, logger *slog.Logger, tracer trace.Tracer) (*Worker, error) {
	if err := ValidFrom(from); err != nil {
		return nil, fmt.Errorf("mail sender: %w", err)
	}
	renderer, err := NewRenderer(c)
	if err != nil {
		return nil, err
	}
	return &Worker{
		store: s, keys: keys, renderer: renderer, transport: t, from: from, now: now, logger: logger,
		tracer: tracer, wake: make(chan struct{}, 1),
	}, nil
}

// Wake tells the worker that there is mail. It never blocks, and any number of calls
// may come from anywhere.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it has been told already
	}
}

// Run sends until ctx ends. Mails that are on the way then have some ten seconds to
// arrive; others stay in the outbox. It returns nil.
func (w *Worker) Run(ctx context.Context) error {
	sending, stopSending := outlive(ctx, grace)
	defer stopSending()
	noting, stopNoting := outlive(ctx, grace+2*time.Second)
	defer stopNoting()

	var onTheWay sync.WaitGroup
	defer onTheWay.Wait()
	slots := make(chan struct{}, parallel)
	for acquire(ctx, slots) {
		m, ok := w.claim(ctx)
		if !ok {
			<-slots
			w.rest(ctx)
			continue
		}
		until := sending
		if m.Blank() {
			until = ctx // nobody waits for it
		}
		onTheWay.Go(func() {
			defer func() { <-slots }()
			w.send(until, noting, m)
		})
	}
	return nil
}

// send delivers a mail and notes how that went. One that ends in a panic is tried again,
// as others are that fail, and dropped when it expires. Where the panic is in the noting,
// a mail that needs no other try is taken out of the outbox all the same: else it would
// go out again each time its lease ends.
func (w *Worker) send(sending, noting context.Context, m account.Mail) {
	failed := rescue.Do(func() error { return w.deliver(sending, m) })
	err := rescue.Do(func() error { w.settle(noting, m, failed); return nil })
	if err == nil {
		return
	}
	if over(m, failed) {
		err = errors.Join(err, rescue.Do(func() error { w.done(noting, m); return nil }))
	}
	w.logger.ErrorContext(noting, "cannot note what became of a mail", "mail", m.ID, "error", err, rescue.Stack(err))
}

// outlive returns a context that ends a while after ctx does.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return longer, func() { stop(); cancel() }
}

// acquire takes a slot. It fails once ctx has ended, even where a slot is free.
func acquire(ctx context.Context, slots chan<- struct{}) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// rest waits for something to do.
func (w *Worker) rest(ctx context.Context) {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-w.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// claim gets one mail that is due, if there is one. Mails are claimed one by one: a
// claimed mail that waited for a slot could outwait its lease.
func (w *Worker) claim(ctx context.Context) (account.Mail, bool) {
	ctx, cancel := context.WithTimeout(ctx, outboxTime)
	defer cancel()
	now := w.now()
	var mails []account.Mail
	err := rescue.Do(func() (err error) {
		mails, err = w.store.ClaimMail(ctx, now, now.Add(lease), 1)
		return err
	})
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		w.logger.WarnContext(ctx, "cannot read the outbox, will try again", "error", err, rescue.Stack(err))
	}
	if err != nil || len(mails) == 0 {
		return account.Mail{}, false
	}
	return mails[0], true
}

var (
	errExpired  = errors.New("expired before it could be sent")
	errUnusable = errors.New("cannot be made into a mail")
)

// deliver sends the mail, or pretends to, and tells how that went: nil, errExpired,
// errUnusable, ErrRefused, or an error that another try may not have.
func (w *Worker) deliver(ctx context.Context, m account.Mail) error {
	began, now := time.Now(), w.now()
	if !m.Blank() && !now.Before(m.ExpiresAt) {
		return errExpired
	}
	content, err := w.open(m)
	if errors.Is(err, seal.ErrUnknownKey) {
		return err // a node that has been given the new key already will know it
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUnusable, err)
	}
	content.TTL -= now.Sub(m.CreatedAt) // a mail that had to wait promises no more than what is left
	if m.Blank() && content.TTL <= 0 {
		return errExpired // by now, as a real one would be
	}
	r, err := w.renderer.Render(m.Kind, m.Locale, content, m.CreatedAt)
	if errors.Is(err, errUnknownKind) {
		return err // a node of a newer version will know it
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUnusable, err)
	}
	ctx, span := w.tracer.Root(ctx, "send mail: "+string(m.Kind), content.Origin)
	message := Message{
		ID: m.ID, Kind: m.Kind, From: w.from, To: m.To, Locale: w.renderer.catalog.OrDefault(m.Locale),
		Subject: r.Subject, Text: r.Text, HTML: r.HTML, Date: now,
	}
	if m.Blank() {
		err = w.pretend(ctx, message, began)
		span.End(nil)
		return err
	}
	err = w.transport.Send(ctx, message)
	span.End(err)
	w.recent.note(time.Since(began), err)
	return err
}

func (w *Worker) open(m account.Mail) (c account.MailContent, err error) {
	plain, err := w.keys.Open(m.Sealed, m.SealContext())
	if err != nil {
		return c, fmt.Errorf("open its content: %w", err)
	}
	if json.Unmarshal(plain, &c) != nil {
		return c, errors.New("its content is not JSON") // the cause would quote it
	}
	return c, nil
}
