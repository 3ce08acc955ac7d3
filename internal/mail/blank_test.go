package mail_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/mail"
)

// blank returns the row of the n-th mail, for nobody.
func (o *office) blank(n int) account.Mail {
	o.t.Helper()
	m := o.code(n)
	m.ExpiresAt = m.CreatedAt
	return m
}

var errBusy = errors.New("busy")

// pretended is how long a worker keeps a mail for nobody, and what comes of it.
func pretended(w *mail.Worker) (time.Duration, error) {
	began := time.Now()
	err := w.Pretend(context.Background())
	return time.Since(began), err
}

func TestAMailForNobodyTakesAsLongAsOneOfTheLastTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &mail.Worker{}
		if took, err := pretended(w); took != mail.Guessed || !errors.Is(err, mail.ErrExpired) {
			t.Errorf("with no try to be like it took %v, %v", took, err)
		}
		w.Note(time.Minute, errBusy) // forgotten below
		for n := range mail.Remembered {
			w.Note(time.Duration(n+1)*time.Second, nil)
		}
		seen := map[time.Duration]bool{}
		for range 100 * mail.Remembered {
			took, err := pretended(w)
			if took < time.Second || took > mail.Remembered*time.Second || !errors.Is(err, mail.ErrExpired) {
				t.Fatalf("it took %v, %v", took, err)
			}
			seen[took] = true
		}
		if len(seen) != mail.Remembered {
			t.Errorf("it took %d different times, want %d", len(seen), mail.Remembered)
		}
	})
}

func TestAMailForNobodyComesBackAsOneThatFailedOfLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &mail.Worker{}
		for range mail.Remembered {
			w.Note(time.Hour, errBusy)
		}
		if took, err := pretended(w); took != mail.SendTimeout || !errors.Is(err, mail.ErrLikeFailed) {
			t.Errorf("it took %v, %v; want %v, %v", took, err, mail.SendTimeout, mail.ErrLikeFailed)
		}
		time.Sleep(mail.FailedAge)
		if took, err := pretended(w); took != mail.Guessed || !errors.Is(err, mail.ErrExpired) {
			t.Errorf("once the mail server may be well again it took %v, %v", took, err)
		}
	})
}

// Whoever may ask for mails to any address would choose what one for nobody is like.
func TestAMailForNobodyIsNotLikeOneThatItsAddressWasRefusedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &mail.Worker{}
		w.Note(time.Second, nil)
		for range mail.Remembered {
			w.Note(time.Millisecond, fmt.Errorf("%w: no such mailbox", mail.ErrRefused))
			w.Note(time.Minute, fmt.Errorf("%w: come back later", mail.ErrDeferred))
		}
		if took, err := pretended(w); took != time.Second || !errors.Is(err, mail.ErrExpired) {
			t.Errorf("it took %v, %v", took, err)
		}
	})
}

// A flood of mails for nobody is over when one of real ones would be.
func TestAMailForNobodyIsDroppedAtOnceWhereARealOneWouldHaveExpired(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	w, stop := o.open()
	w.Note(time.Hour, nil)
	late := o.blank(1)
	late.CreatedAt = late.CreatedAt.Add(-time.Hour)
	late.ExpiresAt = late.CreatedAt
	o.put(late)
	w.Wake()
	o.awaitLog("mail=" + late.ID)
	stop()
	if left := o.left(); len(left) != 0 {
		t.Errorf("left in the outbox: %v", left)
	}
}

// What a stranger sees of a mail for nobody: when the mail behind it comes.
func TestTheMailBehindOneForNobodyWaitsAsBehindARealOne(t *testing.T) {
	t.Parallel()
	const take = 300 * time.Millisecond
	o := newOffice(t)
	release, started := make(chan struct{}), make(chan struct{}, mail.Parallel)
	o.answer = func(_ context.Context, m mail.Message) error {
		if strings.HasSuffix(m.ID, "01") || strings.HasSuffix(m.ID, "06") {
			time.Sleep(take)
			return nil
		}
		started <- struct{}{}
		<-release
		return nil
	}
	o.put(o.code(1))
	w, stop := o.open()
	o.awaitLog("mail sent")
	for n := 2; n <= mail.Parallel; n++ {
		o.put(o.code(n))
	}
	w.Wake()
	for range mail.Parallel - 1 {
		<-started
	}
	put := time.Now()
	o.put(o.blank(5))
	o.put(o.code(6))
	w.Wake()
	o.awaitDelivery(2)
	if took := time.Since(put); took < 2*take {
		t.Errorf("the mail behind it came after %v, want %v at the least", took, 2*take)
	}
	close(release)
	o.awaitDelivery(mail.Parallel + 1)
	stop()
	if left := o.left(); len(left) != 0 {
		t.Errorf("left in the outbox: %v", left)
	}
}

func TestAMailForNobodyIsTriedAgainWhereRealOnesAre(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.answer = func(context.Context, mail.Message) error { return errBusy }
	o.put(o.code(1))
	w, stop := o.open()
	o.awaitLog("will try again")
	row := o.blank(2)
	o.put(row)
	w.Wake()
	o.awaitLog("mail=" + row.ID)
	stop()
	if counts := w.Counts(); counts.Dropped != 0 {
		t.Errorf("it counts %+v", counts)
	}
	if left := o.left(); len(left) != 2 || left[0].Attempts == 0 || left[1].Attempts == 0 {
		t.Errorf("left in the outbox: %v", left)
	}
	if text := o.log.String(); !strings.Contains(text, `level=DEBUG msg="mail not sent, will try again" mail=`+row.ID) {
		t.Errorf("the log says %s", text)
	}
}

func TestAMailForNobodyDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	w, stop := o.open()
	w.Note(time.Hour, errBusy)
	o.put(o.blank(1))
	w.Wake()
	eventually(t, "claimed", func() bool {
		now := o.now()
		mails, err := o.store.ClaimMail(t.Context(), now, now, 1)
		return err == nil && len(mails) == 0
	})
	began := time.Now()
	stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if left := o.left(); len(left) != 0 {
		t.Errorf("left in the outbox: %v", left)
	}
}

// watched is an inbox of which it is known what it rehearsed.
type watched struct {
	*mail.Inbox
	rehearsed chan mail.Message
}

func (w watched) Rehearse(ctx context.Context, m mail.Message) error {
	err := w.Inbox.Rehearse(ctx, m)
	w.rehearsed <- m
	return err
}

func TestTheInboxWorksAsHardForNobody(t *testing.T) {
	t.Parallel()
	o, dir := newOffice(t), t.TempDir()
	in := watched{newInbox(t, dir, 10), make(chan mail.Message, 1)}
	o.other = in
	blank := o.blank(1)
	o.put(blank)
	o.put(o.code(2))
	_, stop := o.open()
	if m := <-in.rehearsed; m.ID != blank.ID || m.To != blank.To || m.Text == "" || m.HTML == "" {
		t.Errorf("it rehearsed %+v", m)
	}
	o.awaitLog("mail sent")
	stop()
	if left := o.left(); len(left) != 0 {
		t.Errorf("left in the outbox: %v", left)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if entries := list(t, in.Inbox, ""); len(entries) != 1 || entries[0].ID == blank.ID || len(files) != 1 {
		t.Errorf("the inbox has %v in %v", entries, files)
	}
}
