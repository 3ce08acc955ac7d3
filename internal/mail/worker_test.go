package mail_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/trace"
)

// office is an outbox with workers and a transport that the test plays.
type office struct {
	t     *testing.T
	store *store.Store
	keys  *seal.KeyRing
	log   *lines
	trap  string         // the log panics at this message, if it is not empty
	other mail.Transport // in the place of the test's, if there is one

	mu     sync.Mutex
	ahead  time.Duration // of the real clock
	sent   []mail.Message
	answer func(ctx context.Context, m mail.Message) error // nil takes everything
}

func newOffice(t *testing.T) *office {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "flowxi.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &office{t: t, store: s, keys: ring(t, "k1", 'a'), log: &lines{}}
}

func ring(t *testing.T, id string, fill byte) *seal.KeyRing {
	t.Helper()
	keys, err := seal.Parse(id + ":" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// lines is what a logger has written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Now().Add(o.ahead)
}

func (o *office) advance(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ahead += d
}

// Send implements mail.Transport.
func (o *office) Send(ctx context.Context, m mail.Message) error {
	if o.answer != nil {
		if err := o.answer(ctx, m); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, m)
	return nil
}

func (o *office) delivered() []mail.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]mail.Message(nil), o.sent...)
}

// code returns the row of the n-th mail with a code.
func (o *office) code(n int) account.Mail {
	o.t.Helper()
	now := o.now()
	m := account.Mail{
		ID: fmt.Sprintf("%032x", n), Kind: account.MailRegistrationCode, To: reader, Locale: "en",
		CreatedAt: now, ExpiresAt: now.Add(10 * time.Minute),
	}
	content, err := json.Marshal(account.MailContent{Code: fmt.Sprintf("9%05d", n), TTL: 10 * time.Minute})
	if err != nil {
		o.t.Fatal(err)
	}
	m.Sealed = o.keys.Seal(content, m.SealContext())
	return m
}

func (o *office) put(mails ...account.Mail) {
	o.t.Helper()
	err := o.store.Tx(o.t.Context(), func(tx *store.Tx) error {
		for _, m := range mails {
			if err := tx.PutMail(o.t.Context(), m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// open starts a worker and returns it with a function that ends it and waits.
func (o *office) open() (w *mail.Worker, stop func()) {
	o.t.Helper()
	var handler slog.Handler = slog.NewTextHandler(o.log, &slog.HandlerOptions{Level: slog.LevelDebug})
	if o.trap != "" {
		handler = trapped{handler, o.trap}
	}
	logger := slog.New(handler)
	var transport mail.Transport = o
	if o.other != nil {
		transport = o.other
	}
	w, err := mail.NewWorker(o.store, o.keys, newCatalog(o.t), transport, sender, o.now, logger, trace.Tracer{})
	if err != nil {
		o.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			o.t.Errorf("Run returned %v", err)
		}
	})
	o.t.Cleanup(stop)
	return w, stop
}

// left lists the mails in the outbox, due or not, as they are once a year has passed.
func (o *office) left() []account.Mail {
	o.t.Helper()
	later := o.now().AddDate(1, 0, 0)
	mails, err := o.store.ClaimMail(o.t.Context(), later, later, 1000)
	if err != nil {
		o.t.Fatal(err)
	}
	return mails
}

// eventually waits for something to become true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

func (o *office) awaitDelivery(n int) {
	o.t.Helper()
	eventually(o.t, fmt.Sprintf("%d mails delivered", n), func() bool { return len(o.delivered()) >= n })
}

func (o *office) awaitLog(text string) {
	o.t.Helper()
	eventually(o.t, "log says "+text, func() bool { return strings.Contains(o.log.String(), text) })
}

func TestAMailInTheOutboxIsSentAndRemoved(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	w, stop := o.open()
	row := o.code(7)
	o.put(row)
	w.Wake()
	o.awaitDelivery(1)
	stop()

	m := o.delivered()[0]
	if m.ID != row.ID || m.To != reader || m.From != sender || m.Locale != "en" || m.Kind != row.Kind || m.Date.IsZero() {
		t.Errorf("sent %+v", m)
	}
	if m.Subject != "Your Flowxi registration code" || !strings.Contains(m.Text, "\n900007\n") || !strings.Contains(inline.ReplaceAllString(m.HTML, ""), "900007") {
		t.Errorf("it says %q, %q", m.Subject, m.Text)
	}
	if left := o.left(); len(left) != 0 {
		t.Errorf("left in the outbox: %v", left)
	}
	for _, secret := range []string{reader, "900007"} {
		if strings.Contains(o.log.String(), secret) {
			t.Errorf("the log tells %s: %s", secret, o.log)
		}
	}
}

func TestAMailThatHadToWaitTellsWhenItWasAskedFor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	w, stop := o.open()
	row := o.code(7)
	row.CreatedAt = row.CreatedAt.Add(-3 * time.Minute)
	o.put(row)
	w.Wake()
	o.awaitDelivery(1)
	stop()
	if m := o.delivered()[0]; !strings.Contains(m.Text, row.CreatedAt.UTC().Format("\nDate: 2 January 2006 at 15:04 (UTC time)\n")) || !strings.Contains(m.Text, " 7 minutes.") {
		t.Errorf("asked for at %v it says %q", row.CreatedAt, m.Text)
	}
}

func TestMailThatWasThereBeforeTheWorkerIsSent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.put(o.code(1), o.code(2), o.code(3))
	o.open()
	o.awaitDelivery(3)
}

func TestAMailOfAnUnsupportedLanguageGoesOutInTheDefault(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	row := o.code(1)
	row.Locale = "es"
	o.put(row)
	o.open()
	o.awaitDelivery(1)
	if m := o.delivered()[0]; m.Locale != "fr" || !strings.Contains(m.Text, "Bonjour") {
		t.Errorf("sent %+v", m)
	}
}

func TestATemporaryFaultIsTriedAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tries := 0
	o.answer = func(context.Context, mail.Message) error {
		if tries++; tries < 4 {
			o.advance(30 * time.Second)
			return errors.New("busy")
		}
		return nil
	}
	o.put(o.code(1))
	w, stop := o.open()
	eventually(t, "delivered", func() bool {
		o.advance(100 * time.Millisecond) // the clock runs, so that back-off takes no time
		w.Wake()
		return len(o.delivered()) == 1
	})
	stop()
	if left := o.left(); tries != 4 || len(left) != 0 {
		t.Errorf("%d tries, left %v", tries, left)
	}
	if got := w.Counts(); got != (mail.Counts{Sent: 1, Retried: 3}) {
		t.Errorf("it counts %+v", got)
	}
	if text := o.delivered()[0].Text; !strings.Contains(text, "expires in 8 minutes") {
		t.Errorf("more than a minute late it says %q", text)
	}
	if text := o.log.String(); !strings.Contains(text, "attempt=3") || strings.Contains(text, reader) {
		t.Errorf("the log says %s", text)
	}
}

func TestAFailedMailComesBackByItself(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tries := 0
	o.answer = func(context.Context, mail.Message) error {
		if tries++; tries == 1 {
			return errors.New("busy")
		}
		return nil
	}
	start := time.Now()
	o.put(o.code(1))
	o.open()
	o.awaitDelivery(1)
	if took := time.Since(start); took < 800*time.Millisecond || took > 4*time.Second {
		t.Errorf("the second try came after %v, want about a second", took)
	}
}

func TestWhatCannotBeSentIsDropped(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*office, *account.Mail)
		answer error
		log    string
	}{
		{"expired", func(_ *office, m *account.Mail) {
			m.CreatedAt = m.CreatedAt.Add(-time.Hour)
			m.ExpiresAt = m.ExpiresAt.Add(-time.Hour)
		}, nil, "level=WARN"},
		{"written for nobody", func(_ *office, m *account.Mail) { m.ExpiresAt = m.CreatedAt }, nil, "level=DEBUG"},
		{"refused", func(*office, *account.Mail) {}, fmt.Errorf("%w: no such mailbox", mail.ErrRefused), "level=WARN"},
		{"sealed content that was touched", func(_ *office, m *account.Mail) { m.Sealed[len(m.Sealed)-1] ^= 1 }, nil, "level=ERROR"},
		{"sealed content of another mail", func(o *office, m *account.Mail) { m.Sealed = o.code(2).Sealed }, nil, "level=ERROR"},
		{"content that is not JSON", func(o *office, m *account.Mail) {
			m.Sealed = o.keys.Seal([]byte("123456"), m.SealContext())
		}, nil, "level=ERROR"},
		{"content without what it is about", func(o *office, m *account.Mail) {
			m.Sealed = o.keys.Seal([]byte("{}"), m.SealContext())
		}, nil, "level=ERROR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.answer = func(context.Context, mail.Message) error { return tt.answer }
			row := o.code(1)
			tt.change(o, &row)
			o.put(row)
			w, stop := o.open()
			o.awaitLog("mail dropped")
			stop()
			if counted := w.Counts().Dropped == 1; counted == row.Blank() {
				t.Errorf("it counts %+v", w.Counts())
			}
			if left := o.left(); len(left) != 0 || len(o.delivered()) != 0 {
				t.Errorf("left %v, delivered %v", left, o.delivered())
			}
			text := o.log.String()
			for _, want := range []string{tt.log + ` msg="mail dropped"`, "mail=" + row.ID, "kind=registration_code", "attempt=1"} {
				if !strings.Contains(text, want) {
					t.Errorf("the log lacks %s: %s", want, text)
				}
			}
			if strings.Contains(text, reader) || strings.Contains(text, "123456") {
				t.Errorf("the log tells too much: %s", text)
			}
		})
	}
}

func TestWhatAnotherNodeMayBeAbleToSendIsKept(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*office, *account.Mail){
		"a kind of a newer version": func(_ *office, m *account.Mail) { m.Kind = "newsletter" },
		"a key of a newer ring":     func(o *office, m *account.Mail) { m.Sealed = ring(o.t, "k2", 'b').Seal([]byte("{}"), m.SealContext()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			row := o.code(1)
			change(o, &row)
			o.put(row)
			_, stop := o.open()
			o.awaitLog("will try again")
			stop()
			if left := o.left(); len(left) != 1 || left[0].Attempts == 0 || len(o.delivered()) != 0 {
				t.Errorf("left %v, delivered %v", left, o.delivered())
			}
		})
	}
}

func TestASlowServerHoldsUpOnlyOneMailAndNotAllAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	release := make(chan struct{})
	var mu sync.Mutex
	now, most := 0, 0
	o.answer = func(_ context.Context, m mail.Message) error {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		defer func() { mu.Lock(); now--; mu.Unlock() }()
		if strings.HasSuffix(m.ID, "01") {
			<-release
		}
		time.Sleep(time.Millisecond)
		return nil
	}
	for n := 1; n <= 20; n++ {
		o.put(o.code(n))
	}
	o.open()
	o.awaitDelivery(19)
	close(release)
	o.awaitDelivery(20)
	mu.Lock()
	defer mu.Unlock()
	if most > mail.Parallel || most < 2 {
		t.Errorf("%d were on the way at once", most)
	}
}

func TestTheMailOfADeadNodeIsTakenOver(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.put(o.code(1))
	if claimed, err := o.store.ClaimMail(t.Context(), o.now(), o.now().Add(time.Minute), 10); err != nil || len(claimed) != 1 {
		t.Fatalf("the dead node claimed %v, %v", claimed, err)
	}
	o.put(o.code(2))
	w, _ := o.open()
	o.awaitDelivery(1)
	if sent := o.delivered(); len(sent) != 1 || sent[0].ID != o.code(2).ID {
		t.Fatalf("%v was sent: another node had the other", sent)
	}
	o.advance(61 * time.Second)
	w.Wake()
	o.awaitDelivery(2)
}

func TestSeveralWorkersSendEachMailOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const n = 60
	for i := range n {
		o.put(o.code(i))
	}
	var stops []func()
	for range 3 {
		_, stop := o.open()
		stops = append(stops, stop)
	}
	o.awaitDelivery(n)
	for _, stop := range stops {
		stop()
	}
	times := map[string]int{}
	for _, m := range o.delivered() {
		times[m.ID]++
	}
	if len(o.delivered()) != n || len(times) != n || len(o.left()) != 0 {
		t.Errorf("%d sent, %d different ones, %d left; want %d, %d, 0", len(o.delivered()), len(times), len(o.left()), n, n)
	}
}

func TestAMailOnItsWayArrivesThoughTheWorkerStops(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	started, release := make(chan struct{}), make(chan struct{})
	o.answer = func(ctx context.Context, _ mail.Message) error {
		close(started)
		<-release
		return ctx.Err()
	}
	o.put(o.code(1))
	_, stop := o.open()
	<-started
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Fatal("the worker did not wait for its mail")
	case <-time.After(100 * time.Millisecond):
	}
	o.put(o.code(2)) // for another to send
	close(release)
	<-stopped
	left := o.left()
	if len(o.delivered()) != 1 || len(left) != 1 || left[0].ID != o.code(2).ID {
		t.Errorf("delivered %v, left %v", o.delivered(), left)
	}
}

func TestWakeNeverBlocks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	w, stop := o.open()
	stop()
	for range 100 {
		w.Wake()
	}
}

func TestAWorkerNeedsASender(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, from := range []string{"", "Flowxi", "a@b.example\r\nBcc: c@d.example"} {
		if _, err := mail.NewWorker(o.store, o.keys, newCatalog(t), o, from, o.now, slog.Default(), trace.Tracer{}); err == nil {
			t.Errorf("%q was taken", from)
		}
	}
}

func TestBackoffGrowsToTwoMinutes(t *testing.T) {
	t.Parallel()
	for failures, seconds := range []float64{1, 2, 5, 15, 30, 60, 120, 120, 120} {
		for range 100 {
			if got := mail.Backoff(failures).Seconds(); got > seconds || got < 0.8*seconds {
				t.Errorf("after %d failures: %v s, want %v to %v", failures, got, 0.8*seconds, seconds)
			}
		}
	}
	if mail.Backoff(1_000_000) > 2*time.Minute {
		t.Error("it grows beyond two minutes")
	}
}

// A mail that nobody can send without a panic holds up none of the others, and has its
// next try as one does that fails.
func TestAPanicOverOneMailIsOneFailedTry(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	bad := o.code(1)
	var tries atomic.Int32
	o.answer = func(_ context.Context, m mail.Message) error {
		if m.ID == bad.ID && tries.Add(1) == 1 {
			panic("the row has " + m.Text)
		}
		return nil
	}
	o.put(bad, o.code(2), o.code(3), o.code(4), o.code(5), o.code(6))
	w, _ := o.open()
	o.awaitDelivery(5)
	o.awaitLog("will try again")
	if text := o.log.String(); !strings.Contains(text, "a value of type string") || !strings.Contains(text, "worker_test.go") || strings.Contains(text, "900001") {
		t.Errorf("the log is %s", text)
	}
	o.advance(time.Minute)
	w.Wake()
	o.awaitDelivery(6)
}

// trapped is a log that cannot write one message.
type trapped struct {
	slog.Handler
	message string
}

// Handle implements slog.Handler.
func (h trapped) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == h.message {
		panic("a trap at " + r.Message)
	}
	return h.Handler.Handle(ctx, r)
}

// A panic after the delivery must not have the person get the mail again and again.
func TestAPanicInTheNotingSendsNoMailTwice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		trap   string
		answer error
		sent   int
	}{
		{"mail sent", nil, 1},
		{"mail dropped", fmt.Errorf("%w: no such mailbox", mail.ErrRefused), 0},
	} {
		t.Run(tt.trap, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.trap = tt.trap
			var tries atomic.Int32
			o.answer = func(context.Context, mail.Message) error { tries.Add(1); return tt.answer }
			o.put(o.code(1))
			w, stop := o.open()
			o.awaitLog("cannot note what became of a mail")
			o.advance(time.Minute) // past the lease
			w.Wake()
			stop()
			if left := o.left(); len(left) != 0 || tries.Load() != 1 || len(o.delivered()) != tt.sent {
				t.Errorf("tried %d times, delivered %d, left %v", tries.Load(), len(o.delivered()), left)
			}
			if text := o.log.String(); !strings.Contains(text, "worker_test.go") || strings.Contains(text, "a trap at") {
				t.Errorf("the log is %s", text)
			}
		})
	}
}

// A mail that failed has its next try when the lease ends, where that cannot be noted.
func TestAPanicInTheNotingLosesNoMail(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.trap = "mail not sent, will try again"
	var tries atomic.Int32
	o.answer = func(context.Context, mail.Message) error {
		if tries.Add(1) == 1 {
			return errors.New("busy")
		}
		return nil
	}
	o.put(o.code(1))
	w, _ := o.open()
	o.awaitLog("cannot note what became of a mail")
	o.advance(time.Minute)
	w.Wake()
	o.awaitDelivery(1)
}
