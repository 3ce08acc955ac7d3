package store_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

func (d db) enable(id account.UserID, secret string, now time.Time) bool {
	d.t.Helper()
	return write(d, func(tx *store.Tx) (bool, error) { return tx.EnableTOTP(d.ctx, id, []byte(secret), now) })
}

func (d db) disable(id account.UserID, enabled time.Time) bool {
	d.t.Helper()
	return write(d, func(tx *store.Tx) (bool, error) { return tx.DisableTOTP(d.ctx, id, enabled, after(9)) })
}

func (d db) useStep(id account.UserID, step int64) bool {
	d.t.Helper()
	return write(d, func(tx *store.Tx) (bool, error) { return tx.UseStep(d.ctx, id, step) })
}

func TestASecondFactorIsEnabledWhereThereIsNone(t *testing.T) {
	each(t, func(d db) {
		want := d.active(ada)
		if !d.enable(want.ID, "sealed", after(1)) {
			d.t.Error("it was not enabled")
		}
		if d.enable(want.ID, "another", after(2)) {
			d.t.Error("it was enabled on top of another")
		}
		want.TOTP = account.TOTP{Sealed: []byte("sealed"), EnabledAt: after(1)}
		want.UpdatedAt = after(1)
		same(d.t, d.user(want.ID), want)
	})
}

func TestASecondFactorIsForActivePeople(t *testing.T) {
	each(t, func(d db) {
		for _, status := range []account.Status{account.Pending, account.Blocked, account.Closed} {
			want := d.inState(string(status)+"@example.org", status)
			if d.enable(want.ID, "sealed", after(1)) {
				d.t.Errorf("a %s person enabled a second factor", status)
			}
			same(d.t, d.user(want.ID), want)
		}
	})
}

func TestASecondFactorIsEnabledByOneOfManyCallers(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		d.oneTrue(func(tx *store.Tx) (bool, error) { return tx.EnableTOTP(d.ctx, id, []byte("sealed"), noon) })
	})
}

func TestASecondFactorIsDisabledAsTheOneThatWasSeen(t *testing.T) {
	each(t, func(d db) {
		want := d.active(ada)
		d.enable(want.ID, "sealed", after(1))
		if d.disable(want.ID, after(1).Add(tick)) {
			d.t.Error("another one was disabled")
		}
		if !d.disable(want.ID, after(1)) {
			d.t.Error("it was not disabled")
		}
		want.UpdatedAt = after(9)
		same(d.t, d.user(want.ID), want)
	})
}

func TestWhereThereIsNoSecondFactorNoneIsDisabled(t *testing.T) {
	each(t, func(d db) {
		want := d.active(ada)
		if d.disable(want.ID, want.TOTP.EnabledAt) {
			d.t.Error("one that never was is disabled")
		}
		same(d.t, d.user(want.ID), want)
	})
}

func TestASecondFactorIsDisabledByOneOfManyCallers(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		d.enable(id, "sealed", after(1))
		d.oneTrue(func(tx *store.Tx) (bool, error) { return tx.DisableTOTP(d.ctx, id, after(1), noon) })
	})
}

func TestATimeStepIsUsedOnceByEachPerson(t *testing.T) {
	each(t, func(d db) {
		u, other := d.active(ada).ID, d.active(bob).ID
		for _, c := range []struct {
			who  account.UserID
			step int64
			want bool
		}{{u, 100, true}, {u, 100, false}, {u, 101, true}, {u, 99, true}, {other, 100, true}, {other, 100, false}} {
			if got := d.useStep(c.who, c.step); got != c.want {
				d.t.Errorf("step %d of %d: %t; want %t", c.step, c.who, got, c.want)
			}
		}
	})
}

func TestATimeStepIsUsedByOneOfManyCallers(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		d.oneTrue(func(tx *store.Tx) (bool, error) { return tx.UseStep(d.ctx, id, 100) })
	})
}

func TestAStepOfATransactionThatFailedIsStillToBeUsed(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		_ = d.Tx(d.ctx, func(tx *store.Tx) error {
			if _, err := tx.UseStep(d.ctx, id, 100); err != nil {
				d.t.Error(err)
			}
			return store.ErrNotFound
		})
		same(d.t, d.useStep(id, 100), true)
	})
}

func TestANewSecretForgetsTheStepsOfTheOldOne(t *testing.T) {
	each(t, func(d db) {
		u, other := d.active(ada).ID, d.active(bob).ID
		d.useStep(u, 100)
		d.useStep(other, 100)
		d.enable(u, "sealed", noon)
		same(d.t, d.useStep(u, 100), true)
		same(d.t, d.useStep(other, 100), false)
		d.enable(u, "refused", noon)
		same(d.t, d.useStep(u, 100), false)
	})
}

func TestOldStepsAreSweptOldestFirstWithinTheLimit(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		for step := range int64(3) {
			d.useStep(id, 100+step)
		}
		sweep := func(before int64, limit int) int64 {
			return write(d, func(tx *store.Tx) (int64, error) { return tx.SweepSteps(d.ctx, before, limit) })
		}
		same(d.t, sweep(100, 10), 0)
		same(d.t, sweep(102, 1), 1)
		same(d.t, d.number(`SELECT MIN(step) FROM totp_steps`), 101)
		same(d.t, sweep(102, 10), 1)
		same(d.t, d.useStep(id, 102), false)
	})
}

func TestSealedSecretsAreListedInPages(t *testing.T) {
	each(t, func(d db) {
		var want []store.Sealed[account.UserID]
		d.active("none@example.org")
		for _, email := range []string{ada, bob, "eve@example.org"} {
			id := d.active(email).ID
			d.enable(id, email, noon)
			want = append(want, store.Sealed[account.UserID]{ID: id, Value: []byte(email)})
		}
		first, err := d.SealedTOTP(d.ctx, 0, 2)
		if err != nil {
			d.t.Fatal(err)
		}
		rest, err := d.SealedTOTP(d.ctx, first[1].ID, 2)
		if err != nil {
			d.t.Fatal(err)
		}
		same(d.t, append(first, rest...), want)
	})
}

func TestASecretIsResealedUnlessItHasChanged(t *testing.T) {
	each(t, func(d db) {
		id, other := d.active(ada).ID, d.active(bob).ID
		d.enable(id, "sealed", noon)
		d.enable(other, "sealed", noon)
		reseal := func(was, value string) {
			d.tx(func(tx *store.Tx) error {
				return tx.ResealTOTP(d.ctx, store.Sealed[account.UserID]{ID: id, Value: []byte(was)}, []byte(value))
			})
		}
		reseal("sealed", "sealed anew")
		reseal("sealed", "too late")
		same(d.t, string(d.user(id).TOTP.Sealed), "sealed anew")
		same(d.t, string(d.user(other).TOTP.Sealed), "sealed")
	})
}
