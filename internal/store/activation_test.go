package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// squatted gives a pending person everything that a stranger could ever have left there.
func (d db) squatted(email string) account.User {
	d.t.Helper()
	u := d.pending(email)
	d.set(`UPDATE users SET first_name = 'Eve', last_name = 'Eve', birth_date = '1990-01-01', country = 'FR',
		nationality = 'FRA', phone_number = '+33100000000', photo_key = 'eve.jpg', totp_enabled_at = 1, password_hash = 'eve' WHERE id = $1`, u.ID)
	d.set(`UPDATE users SET totp_sealed = $2 WHERE id = $1`, u.ID, []byte("eve"))
	d.putCode(u.ID, after(600))
	d.putLink(u.ID, "link of "+email, after(3600))
	d.tx(func(tx *store.Tx) error {
		if _, err := d.open(tx, account.Session{UserID: u.ID, LastUsedAt: noon, ExpiresAt: after(900)}, "token"); err != nil {
			return err
		}
		return tx.RememberDevice(d.ctx, u.ID, []byte("phone"), noon, 200)
	})
	return u
}

func (d db) activate(id account.UserID, a store.Activation) (u account.User, err error) {
	err = d.Tx(d.ctx, func(tx *store.Tx) (err error) {
		u, err = tx.Activate(d.ctx, id, a)
		return err
	})
	return u, err
}

func TestActivationLeavesNothingOfBefore(t *testing.T) {
	each(t, func(d db) {
		was, other := d.squatted(ada), d.squatted(bob)
		got, err := d.activate(was.ID, store.Activation{PasswordHash: "hash", Locale: "en", At: after(1)})
		if err != nil {
			d.t.Fatal(err)
		}
		want := was
		want.Status, want.Locale, want.PasswordHash = account.Active, "en", "hash"
		want.PasswordChanged, want.UpdatedAt = after(1), after(1)
		same(d.t, got, want)
		same(d.t, string(got.PasswordHash), "hash")
		same(d.t, d.user(was.ID), want)
		for _, table := range []string{"registration_codes", "registration_links", "sessions", "known_devices"} {
			count := `SELECT COUNT(*) FROM ` + table + ` WHERE user_id = $1`
			same(d.t, d.number(count, was.ID), 0)
			same(d.t, d.number(count, other.ID), 1)
		}
		same(d.t, d.user(other.ID).PhotoKey, "eve.jpg")
	})
}

// Whoever adds a column says here whether a stranger's value could survive activation.
func TestActivationHasAnOpinionOnEveryColumn(t *testing.T) {
	kept := []string{"id", "email", "username", "locale", "created_at", "sessions_revoked_at", "devices_revoked_at"}
	written := []string{"status", "password_hash", "password_changed_at", "email_verified_at", "updated_at"}
	cleared := append(store.ProfileColumns(), "name", "photo_key", "totp_sealed", "totp_enabled_at")
	want := slices.Sorted(slices.Values(slices.Concat(kept, written, cleared)))
	each(t, func(d db) {
		rows, err := d.raw().QueryContext(d.ctx, `SELECT * FROM users`)
		if err != nil {
			d.t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err := errors.Join(err, rows.Err()); err != nil {
			d.t.Fatal(err)
		}
		same(d.t, slices.Sorted(slices.Values(columns)), want)
	})
}

func TestActivationKeepsTheLocaleWhereNoneIsGiven(t *testing.T) {
	each(t, func(d db) { same(d.t, d.active(ada).Locale, "fr") })
}

func TestActivationVerifiesTheAddressOnce(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		same(d.t, d.number(`SELECT email_verified_at FROM users WHERE id = $1`, id), noon.UnixMicro())
		d.setStatus(id, account.Active, account.Pending)
		if _, err := d.activate(id, store.Activation{PasswordHash: "hash", At: after(60)}); err != nil {
			d.t.Fatal(err)
		}
		same(d.t, d.number(`SELECT email_verified_at FROM users WHERE id = $1`, id), noon.UnixMicro())
	})
}

func TestOnlyAPendingPersonIsActivated(t *testing.T) {
	each(t, func(d db) {
		for _, status := range []account.Status{account.Active, account.Blocked, account.Closed} {
			want := d.inState(string(status)+"@example.org", status)
			d.tx(func(tx *store.Tx) error { return tx.RememberDevice(d.ctx, want.ID, []byte("phone"), noon, 200) })
			_, err := d.activate(want.ID, store.Activation{PasswordHash: "other", At: after(5)})
			notFound(d.t, err)
			same(d.t, d.user(want.ID), want)
			same(d.t, string(d.user(want.ID).PasswordHash), "hash")
			same(d.t, d.number(`SELECT COUNT(*) FROM known_devices WHERE user_id = $1`, want.ID), 1)
		}
		_, err := d.activate(12345, store.Activation{PasswordHash: "other", At: noon})
		notFound(d.t, err)
	})
}

func TestAPersonIsActivatedByOneOfManyCallers(t *testing.T) {
	each(t, func(d db) {
		id := d.squatted(ada).ID
		d.oneOf(func(tx *store.Tx) error {
			got, err := tx.SpendCode(d.ctx, ada, right, maxTries, noon)
			if err != nil {
				return err
			}
			_, err = tx.Activate(d.ctx, got, store.Activation{PasswordHash: "hash", At: noon})
			return err
		})
		same(d.t, d.user(id).Status, account.Active)
	})
}

func TestACodeAndALinkActivateOnceBetweenThem(t *testing.T) {
	each(t, func(d db) {
		id := d.squatted(ada).ID
		won := 0
		for i, err := range crowd(func(i int) error {
			return d.Tx(d.ctx, func(tx *store.Tx) (err error) {
				if err = tx.HoldPending(d.ctx, ada, noon); err != nil {
					return err
				}
				if i%2 == 0 {
					_, err = tx.SpendCode(d.ctx, ada, right, maxTries, noon)
				} else {
					_, err = tx.SpendLink(d.ctx, []byte("link of "+ada), ada, noon)
				}
				if err != nil {
					return err
				}
				_, err = tx.Activate(d.ctx, id, store.Activation{PasswordHash: account.Secret(fmt.Sprint(i)), At: noon})
				return err
			})
		}) {
			if err == nil {
				won++
				same(d.t, string(d.user(id).PasswordHash), fmt.Sprint(i))
			} else {
				notFound(d.t, err)
			}
		}
		same(d.t, won, 1)
	})
}

func TestASpentLinkIsRememberedAfterActivation(t *testing.T) {
	each(t, func(d db) {
		id := d.pending(ada).ID
		d.putLink(id, "link", after(3600))
		d.tx(func(tx *store.Tx) error {
			got, err := tx.SpendLink(d.ctx, []byte("link"), ada, noon)
			if err != nil {
				return err
			}
			_, err = tx.Activate(d.ctx, got, store.Activation{PasswordHash: "hash", At: noon})
			return err
		})
		same(d.t, d.link("link", ada, after(1)), store.LinkOver)
	})
}

func (d db) dropPending(before time.Time, limit int) int64 {
	d.t.Helper()
	return write(d, func(tx *store.Tx) (int64, error) { return tx.DropPending(d.ctx, before, limit) })
}

func TestAPendingPersonIsDroppedWithAllThatIsTheirs(t *testing.T) {
	each(t, func(d db) {
		id := d.squatted(ada).ID
		same(d.t, d.dropPending(after(3600), 10), 1)
		_, err := d.UserByID(d.ctx, id)
		notFound(d.t, err)
		for _, table := range []string{"registration_codes", "registration_links", "sessions", "known_devices", "notification_preferences"} {
			same(d.t, d.number(`SELECT COUNT(*) FROM `+table), 0)
		}
		if again := d.pending(ada).ID; again <= id {
			d.t.Errorf("id %d came after %d: an id is never used again", again, id)
		}
	})
}

func TestAPendingPersonStaysWhileSomethingOfTheirsLives(t *testing.T) {
	each(t, func(d db) {
		coded, linked, fresh := d.pending("code@example.org"), d.pending("link@example.org"), d.pending("fresh@example.org")
		d.putCode(coded.ID, after(600))
		d.putLink(linked.ID, "link", after(600))
		d.set(`UPDATE users SET updated_at = $1 WHERE id = $2`, after(600).UnixMicro(), fresh.ID)
		same(d.t, d.dropPending(after(600).Add(-tick), 10), 0)
		same(d.t, d.dropPending(after(600), 10), 2)
		same(d.t, d.dropPending(after(600).Add(tick), 10), 1)
	})
}

func TestNobodyButThePendingIsDropped(t *testing.T) {
	each(t, func(d db) {
		for _, status := range []account.Status{account.Active, account.Blocked, account.Closed} {
			d.inState(string(status)+"@example.org", status)
		}
		same(d.t, d.dropPending(after(1_000_000), 10), 0)
	})
}

func TestThePendingAreDroppedLongestWaitingFirstWithinTheLimit(t *testing.T) {
	each(t, func(d db) {
		var ids []account.UserID
		for i := range 3 {
			ids = append(ids, d.pending(fmt.Sprint(i, ada)).ID)
			d.set(`UPDATE users SET updated_at = $1 WHERE id = $2`, after(-i).UnixMicro(), ids[i])
		}
		same(d.t, d.dropPending(after(1), 2), 2)
		if left := d.user(ids[0]); left.ID != ids[0] {
			d.t.Errorf("%d is left", left.ID)
		}
	})
}

// On SQLite one waits for the other.
func TestARowTxSeesWhatBecameOfItsRowMeanwhile(t *testing.T) {
	each(t, func(d db) {
		if d.Engine() != "postgres" {
			return
		}
		was, tries := d.pending(ada), 0
		var found account.User
		err := d.RowTx(d.ctx, func(tx *store.Tx) (err error) {
			tries++
			if found, err = tx.UserByEmail(d.ctx, ada); err != nil {
				return err
			}
			if tries == 1 {
				if _, err := d.activate(was.ID, store.Activation{PasswordHash: "hash", At: after(1)}); err != nil {
					return err
				}
			}
			found, err = tx.EnsureApplicant(d.ctx, ada, "fr", after(2))
			return err
		})
		if err != nil {
			d.t.Fatal(err)
		}
		same(d.t, tries, 2)
		same(d.t, found.Status, account.Active)
	})
}
