package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// maxTries is how many wrong tries kill a code in these tests.
const maxTries = 5

var (
	right = [][]byte{[]byte("right under a new key"), []byte("right")}
	wrong = [][]byte{[]byte("wrong under a new key"), []byte("wrong")}
)

// putCode gives a person a code that ends at a time.
func (d db) putCode(id account.UserID, expires time.Time) {
	d.t.Helper()
	d.tx(func(tx *store.Tx) error { return tx.PutCode(d.ctx, id, []byte("right"), noon, expires) })
}

func (d db) checkCode(email string, digests [][]byte, tries int, now time.Time) store.CodeCheck {
	d.t.Helper()
	return write(d, func(tx *store.Tx) (store.CodeCheck, error) {
		outcome, about, err := tx.CheckCode(d.ctx, email, digests, tries, now)
		if outcome != store.CodeWrong && about == 0 {
			d.t.Error("a right code is nobody's")
		}
		return outcome, err
	})
}

// tries finds out how many wrong tries a code has had: one more would have it live.
func (d db) tries(email string) int {
	d.t.Helper()
	for n := range 2 * callers {
		if d.checkCode(email, right, n+1, noon) == store.CodeRight {
			return n
		}
	}
	d.t.Fatal("the right code is never right")
	return 0
}

func (d db) spendCode(email string, digests [][]byte, now time.Time) (id account.UserID, err error) {
	err = d.Tx(d.ctx, func(tx *store.Tx) (err error) {
		id, err = tx.SpendCode(d.ctx, email, digests, maxTries, now)
		return err
	})
	return id, err
}

func TestACodeIsRightUnderAnyKeyUntilItExpires(t *testing.T) {
	each(t, func(d db) {
		d.putCode(d.pending(ada).ID, after(600))
		for _, c := range []struct {
			digests [][]byte
			now     time.Time
			want    store.CodeCheck
		}{
			{right, noon, store.CodeRight},
			{right[1:], noon, store.CodeRight},
			{wrong, noon, store.CodeWrong},
			{right, after(600).Add(-tick), store.CodeRight},
			{right, after(600), store.CodeExpired},
			{wrong, after(600), store.CodeWrong},
		} {
			same(d.t, d.checkCode(ada, c.digests, maxTries, c.now), c.want)
		}
	})
}

func TestACodeIsNobodysButThePendingPersons(t *testing.T) {
	each(t, func(d db) {
		d.pending(bob)
		for _, status := range []account.Status{account.Active, account.Blocked, account.Closed} {
			d.putCode(d.inState(string(status)+"@example.org", status).ID, after(600))
		}
		d.putCode(d.pending(ada).ID, after(600))
		for _, email := range []string{bob, "nobody@example.org", "active@example.org", "blocked@example.org", "closed@example.org"} {
			same(d.t, d.checkCode(email, right, maxTries, noon), store.CodeWrong)
			_, err := d.spendCode(email, right, noon)
			notFound(d.t, err)
		}
	})
}

func TestWrongTriesAreCountedAndRightOnesAreNot(t *testing.T) {
	each(t, func(d db) {
		id := d.pending(ada).ID
		d.putCode(id, after(600))
		for range maxTries - 1 {
			same(d.t, d.checkCode(ada, wrong, maxTries, noon), store.CodeWrong)
			same(d.t, d.checkCode(ada, right, maxTries, noon), store.CodeRight)
		}
		same(d.t, d.tries(ada), maxTries-1)
		same(d.t, d.checkCode(ada, wrong, maxTries, noon), store.CodeWrong)
		same(d.t, d.checkCode(ada, right, maxTries, noon), store.CodeWrong)
		_, err := d.spendCode(ada, right, noon)
		notFound(d.t, err)

		d.putCode(id, after(600))
		same(d.t, d.tries(ada), 0)
	})
}

func TestManyWrongTriesAtOnceAreAllCounted(t *testing.T) {
	each(t, func(d db) {
		d.putCode(d.pending(ada).ID, after(600))
		d.allOf(func(_ int, tx *store.Tx) error {
			_, _, err := tx.CheckCode(d.ctx, ada, wrong, 2*callers, noon)
			return err
		})
		same(d.t, d.tries(ada), callers)
	})
}

func TestACodeIsDeadAtTheLimitHoweverManyGuessAtOnce(t *testing.T) {
	each(t, func(d db) {
		d.putCode(d.pending(ada).ID, after(600))
		d.allOf(func(_ int, tx *store.Tx) error {
			outcome, _, err := tx.CheckCode(d.ctx, ada, wrong, maxTries, noon)
			if outcome != store.CodeWrong {
				d.t.Errorf("a wrong code came out as %d", outcome)
			}
			return err
		})
		same(d.t, d.checkCode(ada, right, maxTries, noon), store.CodeWrong)
		same(d.t, d.tries(ada), maxTries)
	})
}

func TestAWrongTryStaysCountedWhenALaterTransactionFails(t *testing.T) {
	each(t, func(d db) {
		d.putCode(d.pending(ada).ID, after(600))
		d.checkCode(ada, wrong, maxTries, noon)
		failure := errors.New("the mail server is on fire")
		if err := d.Tx(d.ctx, func(tx *store.Tx) error {
			if _, err := tx.SpendCode(d.ctx, ada, right, maxTries, noon); err != nil {
				return err
			}
			return failure
		}); !errors.Is(err, failure) {
			d.t.Error(err)
		}
		same(d.t, d.tries(ada), 1)
	})
}

func TestACodeIsSpentOnce(t *testing.T) {
	each(t, func(d db) {
		id := d.pending(ada).ID
		d.putCode(id, after(600))
		d.oneOf(func(tx *store.Tx) error {
			got, err := tx.SpendCode(d.ctx, ada, right, maxTries, noon)
			if err == nil && got != id {
				d.t.Errorf("the code of %d was %d's", id, got)
			}
			return err
		})
		same(d.t, d.checkCode(ada, right, maxTries, noon), store.CodeWrong)
	})
}

func TestACodeIsSpentInTimeAndRight(t *testing.T) {
	each(t, func(d db) {
		d.putCode(d.pending(ada).ID, after(600))
		_, err := d.spendCode(ada, wrong, noon)
		notFound(d.t, err)
		_, err = d.spendCode(ada, right, after(600))
		notFound(d.t, err)
		if _, err = d.spendCode(ada, right[1:], after(600).Add(-tick)); err != nil {
			d.t.Error(err)
		}
	})
}

func TestANewCodeReplacesTheOldOne(t *testing.T) {
	each(t, func(d db) {
		id := d.pending(ada).ID
		d.tx(func(tx *store.Tx) error { return tx.PutCode(d.ctx, id, []byte("older"), noon, after(9000)) })
		d.putCode(id, after(600))
		same(d.t, d.checkCode(ada, [][]byte{[]byte("older")}, maxTries, noon), store.CodeWrong)
		same(d.t, d.checkCode(ada, right, maxTries, after(600)), store.CodeExpired)
	})
}

func (d db) putLink(id account.UserID, digest string, expires time.Time) {
	d.t.Helper()
	d.tx(func(tx *store.Tx) error { return tx.PutLink(d.ctx, id, []byte(digest), noon, expires) })
}

func (d db) link(digest, email string, now time.Time) store.LinkState {
	d.t.Helper()
	state, _, err := d.Link(d.ctx, []byte(digest), email, now)
	if err != nil {
		d.t.Fatal(err)
	}
	return state
}

func (d db) spendLink(digest, email string, now time.Time) (id account.UserID, err error) {
	err = d.Tx(d.ctx, func(tx *store.Tx) (err error) {
		id, err = tx.SpendLink(d.ctx, []byte(digest), email, now)
		return err
	})
	return id, err
}

func TestALinkIsLiveUntilItExpires(t *testing.T) {
	each(t, func(d db) {
		d.pending(bob)
		d.putLink(d.pending(ada).ID, "link", after(3600))
		for _, c := range []struct {
			digest, email string
			now           time.Time
			want          store.LinkState
		}{
			{"link", ada, noon, store.LinkLive},
			{"link", ada, after(3600).Add(-tick), store.LinkLive},
			{"link", ada, after(3600), store.LinkOver},
			{"link", bob, noon, store.LinkUnknown},
			{"link", "nobody@example.org", noon, store.LinkUnknown},
			{"forged", ada, noon, store.LinkUnknown},
			{"", ada, noon, store.LinkUnknown},
		} {
			if got := d.link(c.digest, c.email, c.now); got != c.want {
				d.t.Errorf("%q of %s at %s is %d; want %d", c.digest, c.email, c.now, got, c.want)
			}
		}
	})
}

func TestALinkIsSpentOnce(t *testing.T) {
	each(t, func(d db) {
		id := d.pending(ada).ID
		d.putLink(id, "link", after(3600))
		d.oneOf(func(tx *store.Tx) error {
			got, err := tx.SpendLink(d.ctx, []byte("link"), ada, noon)
			if err == nil && got != id {
				d.t.Errorf("the link of %d was %d's", id, got)
			}
			return err
		})
		same(d.t, d.link("link", ada, noon), store.LinkOver)
	})
}

func TestALinkIsSpentInTimeByItsPerson(t *testing.T) {
	each(t, func(d db) {
		d.pending(bob)
		d.putLink(d.pending(ada).ID, "link", after(3600))
		for _, c := range []struct {
			digest, email string
			now           time.Time
		}{{"forged", ada, noon}, {"link", bob, noon}, {"link", "nobody@example.org", noon}, {"link", ada, after(3600)}} {
			_, err := d.spendLink(c.digest, c.email, c.now)
			notFound(d.t, err)
		}
		if _, err := d.spendLink("link", ada, after(3600).Add(-tick)); err != nil {
			d.t.Error(err)
		}
	})
}

func TestANewLinkReplacesTheUnspentOneAlone(t *testing.T) {
	each(t, func(d db) {
		id := d.pending(ada).ID
		d.putLink(id, "spent", after(3600))
		if _, err := d.spendLink("spent", ada, noon); err != nil {
			d.t.Fatal(err)
		}
		d.putLink(id, "older", after(3600))
		d.putLink(id, "newer", after(3600))
		for digest, want := range map[string]store.LinkState{"spent": store.LinkOver, "older": store.LinkUnknown, "newer": store.LinkLive} {
			same(d.t, d.link(digest, ada, noon), want)
		}
	})
}

func TestOfManyNewLinksOneIsLive(t *testing.T) {
	each(t, func(d db) {
		id := d.pending(ada).ID
		d.allOf(func(i int, tx *store.Tx) error {
			return tx.PutLink(d.ctx, id, []byte(fmt.Sprint("link", i)), noon, after(3600))
		})
		live := 0
		for i := range callers {
			if d.link(fmt.Sprint("link", i), ada, noon) == store.LinkLive {
				live++
			}
		}
		same(d.t, live, 1)
	})
}

func TestALinkSaysNothingOfALockedAccount(t *testing.T) {
	each(t, func(d db) {
		for status, want := range map[account.Status]store.LinkState{
			account.Active: store.LinkOver, account.Blocked: store.LinkUnknown, account.Closed: store.LinkUnknown,
		} {
			email := string(status) + "@example.org"
			id := d.pending(email).ID
			d.putLink(id, email, after(3600))
			d.setStatus(id, account.Pending, status)
			same(d.t, d.link(email, email, noon), want)
			_, err := d.spendLink(email, email, noon)
			notFound(d.t, err)
		}
	})
}

func TestEndedRegistrationsAreSweptWithinTheLimit(t *testing.T) {
	each(t, func(d db) {
		for i := range 3 {
			id := d.pending(fmt.Sprint(i, ada)).ID
			d.putCode(id, after(i))
			d.putLink(id, fmt.Sprint("link", i), after(i))
		}
		sweep := func(before time.Time, limit int) int64 {
			return write(d, func(tx *store.Tx) (int64, error) { return tx.SweepRegistrations(d.ctx, before, limit) })
		}
		same(d.t, sweep(noon, 10), 0)
		same(d.t, sweep(after(2), 1), 2)
		same(d.t, d.number(`SELECT MIN(expires_at) FROM registration_codes`), after(1).UnixMicro())
		same(d.t, d.number(`SELECT MIN(expires_at) FROM registration_links`), after(1).UnixMicro())
		same(d.t, sweep(after(2), 10), 2)
		same(d.t, sweep(after(2).Add(tick), 10), 2)
	})
}
