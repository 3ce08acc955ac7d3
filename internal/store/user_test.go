package store_test

import (
	"fmt"
	"slices"
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

func TestAStrangerBecomesAPendingPerson(t *testing.T) {
	each(t, func(d db) {
		u := d.pending(ada)
		want := account.User{
			ID: u.ID, Email: ada, Username: account.Username(u.ID), Status: account.Pending, Locale: "fr",
			CreatedAt: noon, UpdatedAt: noon,
		}
		same(d.t, u, want)
		same(d.t, d.user(u.ID), want)
		preferences := `SELECT COUNT(*) FROM notification_preferences WHERE user_id = $1 AND email_enabled AND inapp_enabled AND NOT push_enabled`
		same(d.t, d.number(preferences, u.ID), 1)
	})
}

func TestAPendingPersonKeepsWhatTheyHave(t *testing.T) {
	each(t, func(d db) {
		first := d.pending(ada)
		again := write(d, func(tx *store.Tx) (account.User, error) { return tx.EnsureApplicant(d.ctx, ada, "en", after(1)) })
		want := first
		want.UpdatedAt = after(1)
		same(d.t, again, want)
		same(d.t, d.user(first.ID), want)
	})
}

func TestAPendingPersonGetsWhatTheyLack(t *testing.T) {
	each(t, func(d db) {
		first := d.pending(ada)
		d.set(`UPDATE users SET locale = '', username = NULL WHERE id = $1`, first.ID)
		same(d.t, d.user(first.ID).Username, "")
		again := write(d, func(tx *store.Tx) (account.User, error) { return tx.EnsureApplicant(d.ctx, ada, "en", after(1)) })
		want := first
		want.Locale, want.UpdatedAt = "en", after(1)
		same(d.t, again, want)
		same(d.t, d.user(first.ID), want)
	})
}

func TestAPersonInAnyOtherStateIsLeftAlone(t *testing.T) {
	each(t, func(d db) {
		for _, status := range []account.Status{account.Active, account.Blocked, account.Closed} {
			email := string(status) + "@example.org"
			before := d.inState(email, status)
			got := write(d, func(tx *store.Tx) (account.User, error) { return tx.EnsureApplicant(d.ctx, email, "en", after(9)) })
			same(d.t, got, before)
			same(d.t, d.user(before.ID), before)
		}
	})
}

func TestManyApplicationsMakeOnePerson(t *testing.T) {
	each(t, func(d db) {
		var ids [callers]account.UserID
		d.allOf(func(i int, tx *store.Tx) error {
			u, err := tx.EnsureApplicant(d.ctx, ada, "fr", noon)
			ids[i] = u.ID
			return err
		})
		people, err := d.Users(d.ctx, "", 0, 10)
		if err != nil || len(people) != 1 {
			d.t.Fatalf("got %d people, %v; want one", len(people), err)
		}
		same(d.t, people[0].Username, account.Username(people[0].ID))
		for _, id := range ids {
			same(d.t, id, people[0].ID)
		}
	})
}

func TestAPersonIsFoundByIDEmailAndUsername(t *testing.T) {
	each(t, func(d db) {
		want := d.active(ada)
		d.active(bob)
		byEmail, err := d.UserByEmail(d.ctx, ada)
		if err != nil {
			d.t.Error(err)
		}
		byName, err := d.UserByUsername(d.ctx, want.Username)
		if err != nil {
			d.t.Error(err)
		}
		for _, got := range []account.User{d.user(want.ID), byEmail, byName} {
			same(d.t, got, want)
		}
	})
}

func TestWhoIsNotThereIsNotFound(t *testing.T) {
	each(t, func(d db) {
		_, err := d.UserByID(d.ctx, 1)
		notFound(d.t, err)
		_, err = d.UserByEmail(d.ctx, ada)
		notFound(d.t, err)
		_, err = d.UserByUsername(d.ctx, "fx00000001")
		notFound(d.t, err)
		_, err = d.Applicant(d.ctx, ada, []byte("phone"))
		notFound(d.t, err)
	})
}

func TestAnApplicantIsKnownByTheirOwnDevices(t *testing.T) {
	each(t, func(d db) {
		u, other := d.active(ada), d.active(bob)
		d.tx(func(tx *store.Tx) error { return tx.RememberDevice(d.ctx, u.ID, []byte("phone"), noon, 200) })
		d.tx(func(tx *store.Tx) error { return tx.RememberDevice(d.ctx, other.ID, []byte("tablet"), noon, 200) })
		for device, known := range map[string]bool{"phone": true, "tablet": false, "": false} {
			got, err := d.Applicant(d.ctx, ada, []byte(device))
			if err != nil {
				d.t.Fatal(err)
			}
			same(d.t, got, store.Applicant{User: u, KnownDevice: known})
		}
	})
}

func TestPeopleAreListedByIDAndStatus(t *testing.T) {
	each(t, func(d db) {
		var ids []account.UserID
		for i := range 3 {
			ids = append(ids, d.pending(fmt.Sprint(i, ada)).ID)
		}
		ids = append(ids, d.active(bob).ID)
		for _, c := range []struct {
			status account.Status
			after  account.UserID
			limit  int
			want   []account.UserID
		}{
			{"", 0, 10, ids},
			{"", 0, 2, ids[:2]},
			{"", ids[1], 10, ids[2:]},
			{account.Pending, 0, 10, ids[:3]},
			{account.Active, 0, 10, ids[3:]},
			{account.Closed, 0, 10, nil},
		} {
			people, err := d.Users(d.ctx, c.status, c.after, c.limit)
			if err != nil {
				d.t.Fatal(err)
			}
			var got []account.UserID
			for _, u := range people {
				got = append(got, u.ID)
			}
			same(d.t, got, c.want)
		}
	})
}

func TestARehashNeedsThePasswordThatItWasMadeOf(t *testing.T) {
	each(t, func(d db) {
		want := d.active(ada)
		rehash := func(from, to account.Secret) {
			d.tx(func(tx *store.Tx) error { return tx.Rehash(d.ctx, want.ID, from, to) })
		}
		rehash("an older hash", "stale")
		same(d.t, string(d.user(want.ID).PasswordHash), "hash")
		rehash("hash", "better")
		want.PasswordHash = "better"
		same(d.t, d.user(want.ID), want)
		same(d.t, string(d.user(want.ID).PasswordHash), "better")
	})
}

func TestAStatusChangesOnlyFromTheOneGiven(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		if d.setStatus(id, account.Blocked, account.Closed) {
			d.t.Error("an active person was closed as a blocked one")
		}
		if !d.setStatus(id, account.Active, account.Blocked) {
			d.t.Error("an active person was not blocked")
		}
		u := d.user(id)
		same(d.t, u.Status, account.Blocked)
		same(d.t, u.UpdatedAt, after(1))
		if d.setStatus(id+1, account.Active, account.Blocked) {
			d.t.Error("nobody was blocked")
		}
	})
}

func TestAStatusIsChangedByOneOfManyCallers(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		d.oneTrue(func(tx *store.Tx) (bool, error) {
			return found(tx.SetStatus(d.ctx, id, account.Active, account.Blocked, noon))
		})
	})
}

func TestAProfileIsWrittenAsAWhole(t *testing.T) {
	each(t, func(d db) {
		want := d.active(ada)
		want.UpdatedAt = after(1)
		for _, p := range []account.Profile{
			{FirstName: ptr("Ada"), LastName: ptr("Lovelace"), BirthDate: ptr("1985-12-10"), Country: ptr("BJ"), Nationality: ptr("BEN"), PhoneNumber: ptr("+22900000000")},
			{FirstName: ptr(""), LastName: ptr("Ñandú ☂ O'Neil")},
			{},
		} {
			want.Profile = p
			got := write(d, func(tx *store.Tx) (account.User, error) { return tx.UpdateProfile(d.ctx, want.ID, p, after(1)) })
			same(d.t, got, want)
			same(d.t, d.user(want.ID), want)
		}
	})
}

func TestAPhotoHandsBackTheOneBefore(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		for _, step := range []struct{ key, old string }{{"a.jpg", ""}, {"b.jpg", "a.jpg"}, {"", "b.jpg"}, {"", ""}} {
			old := write(d, func(tx *store.Tx) (string, error) { return tx.SetPhoto(d.ctx, id, step.key, after(1)) })
			same(d.t, old, step.old)
			same(d.t, d.user(id).PhotoKey, step.key)
		}
		same(d.t, d.user(id).UpdatedAt, after(1))
	})
}

func TestOfManyPhotosEachIsHandedBackOnceButTheLast(t *testing.T) {
	each(t, func(d db) {
		id := d.active(ada).ID
		var got [callers + 1]string
		want := []string{""}
		for i := range callers {
			want = append(want, fmt.Sprintf("%02d.jpg", i))
		}
		d.allOf(func(i int, tx *store.Tx) (err error) {
			got[i], err = tx.SetPhoto(d.ctx, id, want[i+1], noon)
			return err
		})
		got[callers] = d.user(id).PhotoKey
		same(d.t, slices.Sorted(slices.Values(got[:])), want)
	})
}

func TestOnlyAnActivePersonHasAProfileAndAPhoto(t *testing.T) {
	each(t, func(d db) {
		for _, status := range []account.Status{account.Pending, account.Blocked, account.Closed} {
			want := d.inState(string(status)+"@example.org", status)
			notFound(d.t, d.Tx(d.ctx, func(tx *store.Tx) error {
				_, err := tx.UpdateProfile(d.ctx, want.ID, account.Profile{FirstName: ptr("Eve")}, after(5))
				return err
			}))
			notFound(d.t, d.Tx(d.ctx, func(tx *store.Tx) error {
				_, err := tx.SetPhoto(d.ctx, want.ID, "eve.jpg", after(5))
				return err
			}))
			same(d.t, d.user(want.ID), want)
		}
		notFound(d.t, d.Tx(d.ctx, func(tx *store.Tx) error {
			_, err := tx.SetPhoto(d.ctx, 12345, "eve.jpg", after(5))
			return err
		}))
	})
}
