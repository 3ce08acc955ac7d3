package store_test

import (
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

func mail(id string, created time.Time) account.Mail {
	return account.Mail{
		ID: id, Kind: account.MailRegistrationCode, To: ada, Locale: "fr", Sealed: []byte{0, 0xff},
		CreatedAt: created, ExpiresAt: created.Add(time.Hour),
	}
}

func (d db) putMail(list ...account.Mail) {
	d.t.Helper()
	for _, m := range list {
		d.tx(func(tx *store.Tx) error { return tx.PutMail(d.ctx, m) })
	}
}

// claimed is a mail as claimMail returns it.
func claimed(m account.Mail, now time.Time) account.Mail {
	m.ClaimedUntil = now.Add(10 * time.Second)
	return m
}

// claimMail claims mails for ten seconds.
func (d db) claimMail(now time.Time, limit int) []account.Mail {
	d.t.Helper()
	list, err := d.ClaimMail(d.ctx, now, now.Add(10*time.Second), limit)
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func TestAMailIsClaimedAsItWasPut(t *testing.T) {
	each(t, func(d db) {
		for i, m := range []account.Mail{
			mail("full", noon),
			{ID: "empty", Sealed: []byte{}, CreatedAt: noon, ExpiresAt: noon},
		} {
			d.putMail(m)
			now := after(i)
			same(d.t, d.claimMail(now, 10), []account.Mail{claimed(m, now)})
		}
	})
}

func TestAMailIsDueFromItsMakingOn(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("m", noon))
		same(d.t, len(d.claimMail(noon.Add(-tick), 10)), 0)
		same(d.t, len(d.claimMail(noon, 10)), 1)
	})
}

func TestAClaimedMailIsNobodyElsesUntilTheLeaseEnds(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("m", noon))
		same(d.t, len(d.claimMail(noon, 10)), 1)
		same(d.t, len(d.claimMail(after(10).Add(-tick), 10)), 0)
		same(d.t, d.claimMail(after(10), 10), []account.Mail{claimed(mail("m", noon), after(10))})
	})
}

func TestTheMailLongestDueIsClaimedFirst(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("c", after(2)), mail("a", noon), mail("b", after(1)))
		for _, id := range []string{"a", "b", "c"} {
			list := d.claimMail(after(3), 1)
			if len(list) != 1 || list[0].ID != id {
				d.t.Errorf("got %v; want %s alone", list, id)
			}
		}
	})
}

func TestNoMailIsClaimedByTwo(t *testing.T) {
	each(t, func(d db) {
		d.tx(func(tx *store.Tx) error {
			for i := range 2 * callers {
				if err := tx.PutMail(d.ctx, mail(fmt.Sprint(i), noon)); err != nil {
					return err
				}
			}
			return nil
		})
		claims := newClaims()
		for _, err := range crowd(func(int) error {
			list, err := d.ClaimMail(d.ctx, noon, after(60), 3)
			for _, m := range list {
				claims.note(m.ID)
			}
			return err
		}) {
			if err != nil {
				d.t.Error(err)
			}
		}
		claims.eachOnce(d.t, 2*callers)
	})
}

func TestAFailedMailIsCountedAndPutOff(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("m", noon), mail("other", after(500)))
		m := d.claimMail(noon, 10)[0]
		for try := range 3 {
			due := after(100 * (try + 1))
			if err := d.MailFailed(d.ctx, m, due); err != nil {
				d.t.Fatal(err)
			}
			same(d.t, len(d.claimMail(due.Add(-tick), 10)), 0)
			want := mail("m", noon)
			want.Attempts = try + 1
			list := d.claimMail(due, 10)
			same(d.t, list, []account.Mail{claimed(want, due)})
			m = list[0]
		}
		same(d.t, d.claimMail(after(500), 1)[0].Attempts, 3)
		same(d.t, d.claimMail(after(500), 1), []account.Mail{claimed(mail("other", after(500)), after(500))})
	})
}

func TestAFailureThatIsNotedAgainCountsOnce(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("m", noon))
		m := d.claimMail(noon, 1)[0]
		for _, err := range crowd(func(int) error { return d.MailFailed(d.ctx, m, after(1)) }) {
			if err != nil {
				d.t.Error(err)
			}
		}
		same(d.t, d.claimMail(after(1), 1)[0].Attempts, 1)
	})
}

func TestADoneMailIsGone(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("m", noon), mail("other", noon.Add(tick)))
		m := d.claimMail(noon, 1)[0]
		for range 2 {
			if err := d.MailDone(d.ctx, m); err != nil {
				d.t.Fatal(err)
			}
		}
		if err := d.MailFailed(d.ctx, m, noon); err != nil {
			d.t.Error(err)
		}
		same(d.t, d.claimMail(after(10), 10), []account.Mail{claimed(mail("other", noon.Add(tick)), after(10))})
	})
}

func TestWhoseClaimIsOverLeavesTheMailToWhoHasItNow(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("m", noon))
		late := d.claimMail(noon, 1)[0]
		now := d.claimMail(after(10), 1)[0]
		if err := errors.Join(d.MailFailed(d.ctx, late, noon), d.MailDone(d.ctx, late)); err != nil {
			d.t.Fatal(err)
		}
		same(d.t, len(d.claimMail(after(11), 1)), 0)
		same(d.t, d.claimMail(after(20), 1), []account.Mail{claimed(mail("m", noon), after(20))})
		if err := d.MailDone(d.ctx, now); err != nil {
			d.t.Fatal(err)
		}
		same(d.t, d.number(`SELECT COUNT(*) FROM outbox`), 1)
	})
}

// A plan that chooses anew for each row is what a database may take where it knows little
// of the table. Here it is left no other.
func TestNoPlanClaimsMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	o := dbtest.Database(t, dbtest.Postgres)
	at, err := url.Parse(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	settings := at.Query()
	for _, plan := range []string{"enable_hashjoin", "enable_mergejoin", "enable_hashagg", "enable_sort", "enable_material"} {
		settings.Set(plan, "off")
	}
	at.RawQuery = settings.Encode()
	o.URL = at.String()
	d := open(t, dbtest.Postgres, o)
	for i := range 10 {
		d.putMail(mail(fmt.Sprint(i), noon))
	}
	same(t, len(d.claimMail(noon, 3)), 3)
}

func TestAMailOfATransactionThatFailedIsNeverSent(t *testing.T) {
	each(t, func(d db) {
		_ = d.Tx(d.ctx, func(tx *store.Tx) error {
			if err := tx.PutMail(d.ctx, mail("m", noon)); err != nil {
				d.t.Error(err)
			}
			return store.ErrNotFound
		})
		same(d.t, len(d.claimMail(noon, 10)), 0)
	})
}

func TestSealedMailsAreListedInPages(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("b", noon), mail("c", noon), mail("a", noon))
		first, err := d.SealedMail(d.ctx, "", 2)
		if err != nil {
			d.t.Fatal(err)
		}
		rest, err := d.SealedMail(d.ctx, first[1].ID, 2)
		if err != nil {
			d.t.Fatal(err)
		}
		if n, err := d.CountSealed(d.ctx); err != nil || n < 3 {
			d.t.Errorf("%d values are sealed: %v", n, err)
		}
		value := mail("", noon).Sealed
		same(d.t, append(first, rest...), []store.Sealed[string]{{ID: "a", Value: value}, {ID: "b", Value: value}, {ID: "c", Value: value}})
	})
}

func TestAMailIsResealedUnlessItHasChanged(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("m", noon))
		was := store.Sealed[string]{ID: "m", Value: mail("m", noon).Sealed}
		for _, value := range []string{"sealed anew", "too late"} {
			d.tx(func(tx *store.Tx) error { return tx.ResealMail(d.ctx, was, []byte(value)) })
		}
		same(d.t, string(d.claimMail(noon, 1)[0].Sealed), "sealed anew")
	})
}

// claims counts how often each thing was handed out.
type claims struct {
	mu    sync.Mutex
	count map[string]int
}

func newClaims() *claims { return &claims{count: map[string]int{}} }

func (c *claims) note(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count[id]++
}

// eachOnce wants n things to have been handed out, each of them to one.
func (c *claims) eachOnce(t testing.TB, n int) {
	t.Helper()
	if len(c.count) != n {
		t.Errorf("%d were handed out; want %d", len(c.count), n)
	}
	for id, times := range c.count {
		if times != 1 {
			t.Errorf("%s was handed to %d", id, times)
		}
	}
}
