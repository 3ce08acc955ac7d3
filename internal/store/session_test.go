package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

// longAgo is before every session of these tests was used.
var longAgo = after(-1_000_000)

// login makes a session that is used at a time and ends an hour after noon.
func (d db) login(id account.UserID, device string, used time.Time) account.SessionID {
	d.t.Helper()
	return write(d, func(tx *store.Tx) (account.SessionID, error) {
		return d.open(tx, session(id, device, used), "hash")
	})
}

// open opens a session as a login does.
func (d db) open(tx *store.Tx, s account.Session, tokenHash string) (id account.SessionID, err error) {
	if _, err := tx.HoldUser(d.ctx, s.UserID); err != nil {
		return 0, err
	}
	id, _, err = tx.PutSession(d.ctx, s, []byte(tokenHash))
	return id, err
}

func session(id account.UserID, device string, used time.Time) account.Session {
	return account.Session{
		UserID: id, Device: account.Device{ID: device}, CreatedAt: noon, LastUsedAt: used, ExpiresAt: after(3600),
	}
}

// sessions lists the ids of a person's sessions that are live at noon.
func (d db) sessions(id account.UserID) []account.SessionID {
	d.t.Helper()
	return d.sessionsAt(id, noon, longAgo)
}

func (d db) sessionsAt(id account.UserID, now, idleSince time.Time) (ids []account.SessionID) {
	d.t.Helper()
	list, err := d.Sessions(d.ctx, id, now, idleSince)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

func (d db) identity(id account.SessionID) account.Identity {
	d.t.Helper()
	who, _, err := d.Identity(d.ctx, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return who
}

// steppedUp is when a session of a person last proved the second factor.
func (d db) steppedUp(u account.UserID, id account.SessionID) time.Time {
	d.t.Helper()
	list, err := d.Sessions(d.ctx, u, longAgo, longAgo)
	for _, s := range list {
		if s.ID == id {
			return s.SteppedUp
		}
	}
	d.t.Fatalf("no session %d: %v", id, err)
	return time.Time{}
}

func TestASessionIsReadAsItWasPut(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada)
		for _, device := range []account.Device{
			{ID: "phone", Type: "ios", Name: "Ada's phone ☎", Country: "BJ"},
			{},
		} {
			want := account.Session{UserID: u.ID, Device: device, IP: "2001:db8::1", CreatedAt: noon, LastUsedAt: after(1), ExpiresAt: after(2)}
			want.ID = write(d, func(tx *store.Tx) (account.SessionID, error) {
				return d.open(tx, want, "\x00\x01\xff")
			})
			who, hash, err := d.Identity(d.ctx, want.ID)
			if err != nil {
				d.t.Fatal(err)
			}
			known := account.Session{ID: want.ID, UserID: u.ID, Device: account.Device{ID: device.ID}, LastUsedAt: want.LastUsedAt, ExpiresAt: want.ExpiresAt}
			person := u
			person.PasswordHash, person.PasswordChanged, person.SessionsRevoked, person.DevicesRevoked = "", time.Time{}, time.Time{}, time.Time{}
			person.TOTP.Sealed = nil
			same(d.t, who, account.Identity{Session: known, User: person})
			same(d.t, hash, []byte{0, 1, 0xff})
			list, err := d.Sessions(d.ctx, u.ID, noon, longAgo)
			if err != nil {
				d.t.Fatal(err)
			}
			same(d.t, list[0], want) // of two used at once the newer one comes first
		}
	})
}

func TestNoSessionOpensAnAccountThatIsNotActive(t *testing.T) {
	each(t, func(d db) {
		for _, status := range []account.Status{account.Pending, account.Blocked, account.Closed} {
			u := d.inState(string(status)+"@example.org", status)
			_, _, err := d.Identity(d.ctx, d.login(u.ID, "phone", noon))
			notFound(d.t, err)
		}
		_, _, err := d.Identity(d.ctx, 12345)
		notFound(d.t, err)
	})
}

func TestANewSessionReplacesTheOneOfTheSameDevice(t *testing.T) {
	each(t, func(d db) {
		u, other := d.active(ada).ID, d.active(bob).ID
		old, tablet, others := d.login(u, "phone", noon), d.login(u, "tablet", after(1)), d.login(other, "phone", noon)
		d.tx(func(tx *store.Tx) error { return tx.StepUp(d.ctx, old, noon) })
		fresh := d.login(u, "phone", after(2))
		same(d.t, d.sessions(u), []account.SessionID{fresh, tablet})
		same(d.t, d.sessions(other), []account.SessionID{others})
		same(d.t, d.steppedUp(u, fresh), time.Time{})
		if fresh <= others {
			d.t.Errorf("id %d came after %d: an id is never used again", fresh, others)
		}
	})
}

func TestSessionsWithoutADeviceStandSideBySide(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		a, b := d.login(u, "", noon), d.login(u, "", noon)
		same(d.t, d.sessions(u), []account.SessionID{b, a})
	})
}

func TestOfManyLoginsOnADeviceOneSessionIsLeftAndWasAnswered(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		var answered [callers]account.SessionID
		d.allOfRows(func(i int, tx *store.Tx) (err error) {
			answered[i], err = d.open(tx, session(u, "phone", noon), fmt.Sprint(i))
			return err
		})
		left := d.sessions(u)
		if len(left) != 1 {
			d.t.Fatalf("%d sessions are left; want one", len(left))
		}
		_, hash, err := d.Identity(d.ctx, left[0])
		if err != nil {
			d.t.Fatal(err)
		}
		for i, id := range answered {
			if id == left[0] && string(hash) == fmt.Sprint(i) {
				return
			}
		}
		d.t.Errorf("session %d was never answered: %v", left[0], answered)
	})
}

func TestSessionsAreListedByUseWhileTheyLive(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		older, newer, twin := d.login(u, "a", noon), d.login(u, "b", after(9)), d.login(u, "c", noon)
		all := []account.SessionID{newer, twin, older}
		for _, c := range []struct {
			now, idleSince time.Time
			want           []account.SessionID
		}{
			{noon, longAgo, all},
			{after(3600).Add(-tick), longAgo, all},
			{after(3600), longAgo, nil},
			{noon, noon.Add(-tick), all},
			{noon, noon, all[:1]},
			{noon, after(9), nil},
		} {
			same(d.t, d.sessionsAt(u, c.now, c.idleSince), c.want)
		}
	})
}

func TestTrimmingLogsOutTheDevicesLongestUnused(t *testing.T) {
	each(t, func(d db) {
		u, other := d.active(ada).ID, d.active(bob).ID
		bare, others := d.login(u, "", after(-9)), d.login(other, "phone", after(-9))
		ids := []account.SessionID{d.login(u, "a", after(2)), d.login(u, "b", after(1)), d.login(u, "c", after(1)), d.login(u, "d", after(3))}
		count := func() int {
			return write(d, func(tx *store.Tx) (int, error) { return tx.CountDevices(d.ctx, u) })
		}
		trim := func(keep int) int64 {
			return write(d, func(tx *store.Tx) (int64, error) { return tx.TrimDevices(d.ctx, u, ids[3], keep) })
		}
		same(d.t, count(), 4)
		same(d.t, trim(4), 0)
		same(d.t, trim(3), 1)
		same(d.t, d.sessions(u), []account.SessionID{ids[3], ids[0], ids[2], bare})
		same(d.t, trim(1), 2)
		same(d.t, count(), 1)
		same(d.t, d.sessions(u), []account.SessionID{ids[3], bare})
		same(d.t, d.sessions(other), []account.SessionID{others})
	})
}

func TestTheNewestDeviceStaysWhateverTheClockSays(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		d.login(u, "a", after(10))
		b, newest := d.login(u, "b", after(11)), d.login(u, "c", noon)
		same(d.t, write(d, func(tx *store.Tx) (int64, error) { return tx.TrimDevices(d.ctx, u, newest, 2) }), 1)
		same(d.t, d.sessions(u), []account.SessionID{b, newest})
	})
}

func TestManyLoginsAtOnceStayWithinTheDevicesKept(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		d.allOfRows(func(i int, tx *store.Tx) error {
			id, err := d.open(tx, session(u, fmt.Sprint(i), noon), "hash")
			if err != nil {
				return err
			}
			_, err = tx.TrimDevices(d.ctx, u, id, 5)
			return err
		})
		same(d.t, len(d.sessions(u)), 5)
	})
}

// A login opens no session on grounds that were revoked, in whatever order the two come,
// though its transaction is watched less than that of the revocation.
func TestNoSessionOutlivesARevocationOfTheSameTime(t *testing.T) {
	each(t, func(d db) {
		for round := range 20 {
			before := d.active(fmt.Sprintf("person-%d@example.org", round))
			for _, err := range crowd(func(i int) error {
				if i == 0 {
					return d.Tx(d.ctx, func(tx *store.Tx) error { _, err := tx.RevokeAll(d.ctx, before.ID, after(3)); return err })
				}
				return d.RowTx(d.ctx, func(tx *store.Tx) error {
					u, err := tx.HoldUser(d.ctx, before.ID)
					if err != nil || !u.SessionsRevoked.Equal(before.SessionsRevoked) {
						return err
					}
					_, _, err = tx.PutSession(d.ctx, session(u.ID, fmt.Sprint(i), noon), []byte("hash"))
					return err
				})
			}) {
				if err != nil {
					d.t.Error(err)
				}
			}
			same(d.t, d.sessions(before.ID), nil)
		}
	})
}

func TestASessionTellsWhetherItTookThePlaceOfAnother(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		for _, c := range []struct {
			device string
			want   bool
		}{{"phone", false}, {"phone", true}, {"tablet", false}, {"", false}, {"", false}} {
			got := write(d, func(tx *store.Tx) (bool, error) {
				_, replaced, err := tx.PutSession(d.ctx, session(u, c.device, noon), []byte("hash"))
				return replaced, err
			})
			same(d.t, got, c.want)
		}
	})
}

func TestASessionIsRevokedOnce(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		id, other := d.login(u, "phone", noon), d.login(u, "tablet", noon)
		d.oneTrue(func(tx *store.Tx) (bool, error) { return tx.Revoke(d.ctx, u, id, noon) })
		_, _, err := d.Identity(d.ctx, id)
		notFound(d.t, err)
		same(d.t, d.sessions(u), []account.SessionID{other})
	})
}

func TestADeviceIsRevokedWhileItsSessionLives(t *testing.T) {
	each(t, func(d db) {
		u, other := d.active(ada).ID, d.active(bob).ID
		d.login(u, "phone", noon)
		d.login(u, "", noon)
		for _, c := range []struct {
			who            account.UserID
			device         string
			now, idleSince time.Time
			want           bool
		}{
			{u, "tablet", noon, longAgo, false},
			{u, "", noon, longAgo, false},
			{other, "phone", noon, longAgo, false},
			{u, "phone", after(3600), longAgo, false},
			{u, "phone", noon, noon, false},
			{u, "phone", after(3600).Add(-tick), noon.Add(-tick), true},
			{u, "phone", noon, longAgo, false},
		} {
			got := write(d, func(tx *store.Tx) (bool, error) { return tx.RevokeDevice(d.ctx, c.who, c.device, c.now, c.idleSince) })
			if got != c.want {
				d.t.Errorf("%q of %d at %s, idle since %s: %t; want %t", c.device, c.who, c.now, c.idleSince, got, c.want)
			}
		}
		same(d.t, len(d.sessions(u)), 1)
	})
}

func TestAllSessionsOfOnePersonAreRevoked(t *testing.T) {
	each(t, func(d db) {
		u, other := d.active(ada).ID, d.active(bob).ID
		d.login(u, "phone", noon)
		d.login(u, "", noon)
		left := d.login(other, "phone", noon)
		all := func() int64 {
			return write(d, func(tx *store.Tx) (int64, error) { return tx.RevokeAll(d.ctx, u, after(3)) })
		}
		same(d.t, all(), 2)
		same(d.t, all(), 0)
		same(d.t, d.sessions(other), []account.SessionID{left})
		same(d.t, d.user(u).SessionsRevoked, after(3))
		same(d.t, d.user(u).DevicesRevoked, after(3))
		same(d.t, d.user(other).SessionsRevoked, time.Time{})
	})
}

func TestASessionStepsUpAlone(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		id, other := d.login(u, "phone", noon), d.login(u, "tablet", noon)
		d.tx(func(tx *store.Tx) error { return tx.StepUp(d.ctx, id, after(7)) })
		same(d.t, d.steppedUp(u, id), after(7))
		same(d.t, d.steppedUp(u, other), time.Time{})
	})
}

func TestATouchNeverMovesBackNorBringsBack(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		ahead, behind, gone := d.login(u, "a", after(5)), d.login(u, "b", after(5)), d.login(u, "c", noon)
		d.tx(func(tx *store.Tx) error {
			_, err := tx.Revoke(d.ctx, u, gone, noon)
			return err
		})
		d.tx(func(tx *store.Tx) error {
			return tx.Touch(d.ctx, map[account.SessionID]time.Time{ahead: after(9), behind: after(1), gone: after(9)})
		})
		same(d.t, d.identity(ahead).Session.LastUsedAt, after(9))
		same(d.t, d.identity(behind).Session.LastUsedAt, after(5))
		same(d.t, d.sessions(u), []account.SessionID{ahead, behind})
	})
}

// logins are so many that one statement does not touch all of them.
func (d db) logins(u account.UserID, last time.Time) []account.SessionID {
	ids := make([]account.SessionID, 70)
	for i := range ids {
		ids[i] = d.login(u, fmt.Sprintf("device %d", i), last)
	}
	return ids
}

func TestTouchesOfManyAreThoseOfEach(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		ids := d.logins(u, after(5))
		used, want := map[account.SessionID]time.Time{}, map[account.SessionID]time.Time{}
		for i, id := range ids {
			switch i % 7 {
			case 0: // was not used
				want[id] = after(5)
			case 1: // was used later by what another node knew
				used[id], want[id] = after(i%5), after(5)
			case 2: // is gone
				used[id] = after(9)
				d.tx(func(tx *store.Tx) error {
					_, err := tx.Revoke(d.ctx, u, id, noon)
					return err
				})
			default:
				used[id], want[id] = after(6+i), after(6+i)
			}
		}
		d.tx(func(tx *store.Tx) error { return tx.Touch(d.ctx, used) })
		got := map[account.SessionID]time.Time{}
		for _, id := range d.sessions(u) {
			got[id] = d.identity(id).Session.LastUsedAt
		}
		same(d.t, got, want)
	})
}

func TestOfManyTouchesTheLatestStands(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		a, b := d.login(u, "a", noon), d.login(u, "b", noon)
		d.allOf(func(i int, tx *store.Tx) error {
			return tx.Touch(d.ctx, map[account.SessionID]time.Time{a: after(i), b: after(callers - i)})
		})
		same(d.t, d.identity(a).Session.LastUsedAt, after(callers-1))
		same(d.t, d.identity(b).Session.LastUsedAt, after(callers))
	})
}

func TestOfManyNotesTheLatestUseStands(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		a, b, many := d.login(u, "a", noon), d.login(u, "b", noon), d.logins(u, noon)
		for _, err := range crowd(func(i int) error {
			used := map[account.SessionID]time.Time{a: after(i), b: after(callers - i)}
			for n, id := range many {
				used[id] = after(max(i, callers-i) + n%2)
			}
			return d.NoteUses(d.ctx, used)
		}) {
			if err != nil {
				d.t.Error(err)
			}
		}
		for n, id := range many {
			same(d.t, d.identity(id).Session.LastUsedAt, after(callers+n%2))
		}
		same(d.t, d.identity(a).Session.LastUsedAt, after(callers-1))
		same(d.t, d.identity(b).Session.LastUsedAt, after(callers))
		same(d.t, d.Retries(), 0)
	})
}

// TestManyTouchesTakeSessionsByTheirIDs holds the order by which no two flushes each wait for
// the other.
func TestManyTouchesTakeSessionsByTheirIDs(t *testing.T) {
	t.Parallel()
	d := open(t, dbtest.Postgres, dbtest.Database(t, dbtest.Postgres))
	ids := d.logins(d.active(ada).ID, noon)
	used := map[account.SessionID]time.Time{}
	for _, id := range slices.Backward(ids) { // lies in the other order now
		d.tx(func(tx *store.Tx) error { return tx.Touch(d.ctx, map[account.SessionID]time.Time{id: after(1)}) })
		used[id] = after(2)
	}
	other, err := d.raw().BeginTx(d.ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ExecContext(d.ctx, `SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE`, ids[0]); err != nil {
		t.Fatal(err)
	}
	noted := make(chan error, 1)
	go func() { noted <- d.NoteUses(d.ctx, used) }()
	d.untilAny("the session that is held", `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	for _, id := range ids[1:] {
		if _, err := other.ExecContext(d.ctx, `SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE NOWAIT`, id); err != nil {
			t.Fatalf("session %d is taken before %d: %v", id, ids[0], err)
		}
	}
	if err := errors.Join(other.Rollback(), <-noted); err != nil {
		t.Error(err)
	}
	same(t, d.identity(ids[0]).Session.LastUsedAt, after(2))
}

func TestEndedSessionsAreSweptWithinTheLimit(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		sweep := func(now, idleSince time.Time, limit int) int64 {
			return write(d, func(tx *store.Tx) (int64, error) { return tx.SweepSessions(d.ctx, now, idleSince, limit) })
		}
		idle, busy := d.login(u, "a", noon), d.login(u, "b", after(9))
		same(d.t, sweep(after(3600).Add(-tick), noon.Add(-tick), 10), 0)
		same(d.t, sweep(noon, noon, 10), 1)
		same(d.t, d.sessions(u), []account.SessionID{busy})
		same(d.t, sweep(after(3600), longAgo, 10), 1)
		for _, device := range []string{"a", "b", "c"} {
			idle = d.login(u, device, noon)
		}
		same(d.t, sweep(noon, noon, 2), 2)
		same(d.t, sweep(noon, noon, 2), 1)
		_, _, err := d.Identity(d.ctx, idle)
		notFound(d.t, err)
	})
}

func TestADeviceIsRememberedOnceWithItsLastUse(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		d.allOf(func(_ int, tx *store.Tx) error { return tx.RememberDevice(d.ctx, u, []byte("phone"), noon, 200) })
		d.tx(func(tx *store.Tx) error { return tx.RememberDevice(d.ctx, u, []byte("phone"), after(5), 200) })
		same(d.t, d.number(`SELECT COUNT(*) FROM known_devices`), 1)
		same(d.t, d.number(`SELECT first_used_at FROM known_devices`), noon.UnixMicro())
		same(d.t, d.number(`SELECT last_used_at FROM known_devices`), after(5).UnixMicro())
	})
}

func TestSoManyDevicesOfAPersonAreRemembered(t *testing.T) {
	each(t, func(d db) {
		u, other := d.active(ada).ID, d.active(bob).ID
		d.tx(func(tx *store.Tx) error { return tx.RememberDevice(d.ctx, other, []byte("a"), noon, 2) })
		for i, device := range []string{"a", "b", "c"} {
			d.tx(func(tx *store.Tx) error { return tx.RememberDevice(d.ctx, u, []byte(device), after(-i), 2) })
		}
		same(d.t, d.number(`SELECT COUNT(*) FROM known_devices`), 3)
		for device, want := range map[string]bool{"a": true, "b": false, "c": true} {
			a, err := d.Applicant(d.ctx, ada, []byte(device))
			if err != nil || a.KnownDevice != want {
				d.t.Errorf("device %s is known: %t, %v", device, a.KnownDevice, err)
			}
		}
	})
}

func TestDevicesLongestUnusedAreForgottenFirst(t *testing.T) {
	each(t, func(d db) {
		u := d.active(ada).ID
		for i, device := range []string{"oldest", "older", "old"} {
			d.tx(func(tx *store.Tx) error { return tx.RememberDevice(d.ctx, u, []byte(device), after(i), 200) })
		}
		sweep := func(before time.Time, limit int) int64 {
			return write(d, func(tx *store.Tx) (int64, error) { return tx.SweepDevices(d.ctx, before, limit) })
		}
		known := func() (list []bool) {
			for _, device := range []string{"oldest", "older", "old"} {
				a, err := d.Applicant(d.ctx, ada, []byte(device))
				if err != nil {
					d.t.Fatal(err)
				}
				list = append(list, a.KnownDevice)
			}
			return list
		}
		same(d.t, sweep(noon, 10), 0)
		same(d.t, sweep(after(2), 1), 1)
		if diff := cmp.Diff([]bool{false, true, true}, known()); diff != "" {
			d.t.Errorf("which are known (-want +got):\n%s", diff)
		}
		same(d.t, sweep(after(2), 10), 1)
		same(d.t, sweep(after(2).Add(tick), 10), 1)
	})
}
