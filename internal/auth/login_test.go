package auth

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/ratelimit"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

const email, right = "ada@example.org", "correct horse"

// olderHash starts use cases on a database with an active person whose hash is of an
// older kind.
func olderHash(t *testing.T) (a *Auth, at store.Options, hash account.Secret) {
	t.Helper()
	return olderHashOn(t, dbtest.SQLite)
}

func olderHashOn(t *testing.T, e dbtest.Engine) (a *Auth, at store.Options, hash account.Secret) {
	t.Helper()
	keys, err := seal.Parse(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	at = dbtest.Database(t, e)
	at.Keys = keys
	older, err := password.NewHasher(password.Options{Params: password.Params{MemoryKiB: 64, Time: 1}}).Hash(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	memory := cache.NewMemory(time.Now, cache.Options{})
	t.Cleanup(memory.Close)
	cfg, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	a = New(Deps{
		Chance: Random{},
		Store:  dbtest.Open(t, at), Cache: memory, Limiter: ratelimit.New(memory, nil, false), Keys: keys, Config: cfg, Now: time.Now,
		Hasher: password.NewHasher(password.Options{Params: password.Params{MemoryKiB: 64, Time: 2}}),
	})
	err = a.store.Tx(t.Context(), func(tx *store.Tx) error {
		u, err := tx.EnsureApplicant(t.Context(), email, "fr", time.Now())
		if err != nil {
			return err
		}
		_, err = tx.Activate(t.Context(), u.ID, store.Activation{PasswordHash: account.Secret(older), At: time.Now()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, at, account.Secret(older)
}

func login(ctx context.Context, a *Auth) (LoginResult, error) {
	return a.Login(ctx, &Caller{IP: netip.MustParseAddr("192.0.2.1")}, LoginInput{Email: email, Password: right})
}

func hashNow(t *testing.T, a *Auth) account.Secret {
	t.Helper()
	u, err := a.store.UserByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	return u.PasswordHash
}

func TestALoginRenewsAnOlderHash(t *testing.T) {
	t.Parallel()
	a, _, older := olderHash(t)
	if in, err := login(t.Context(), a); err != nil || in.Issued.Token == "" {
		t.Errorf("%v, %v", in, err)
	}
	if hashNow(t, a) == older {
		t.Error("the hash is the older one")
	}
}

func TestALoginIsRightWhereTheHashCannotBeRenewed(t *testing.T) {
	t.Parallel()
	a, at, older := olderHash(t)
	db, err := sql.Open("sqlite", at.Path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `CREATE TRIGGER t BEFORE UPDATE OF password_hash ON users BEGIN SELECT RAISE(ABORT, 'broken'); END`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if in, err := login(t.Context(), a); err != nil || in.Issued.Token == "" {
		t.Errorf("%v, %v", in, err)
	}
	if hashNow(t, a) != older {
		t.Error("the hash was renewed after all")
	}
}

// A password takes a while to check. What happens to its person meanwhile holds for the
// login as if that came after.
func TestALoginHeedsWhatHappensWhileItsPasswordIsChecked(t *testing.T) {
	t.Parallel()
	enable := func(tx *store.Tx, a *Auth, u account.User) error {
		_, err := tx.EnableTOTP(t.Context(), u.ID, a.keys.Seal([]byte("secret"), totpContext(u.ID)), time.Now())
		return err
	}
	const token, challenge, refused = "a token", "a challenge", "refused"
	for name, c := range map[string]struct {
		before, meanwhile func(*store.Tx, *Auth, account.User) error
		want              string
	}{
		"logged out everywhere": {nil, func(tx *store.Tx, _ *Auth, u account.User) error {
			_, err := tx.RevokeAll(t.Context(), u.ID, time.Now())
			return err
		}, token},
		"a second factor on": {nil, enable, challenge},
		"a second factor off": {enable, func(tx *store.Tx, _ *Auth, u account.User) error {
			_, err := tx.DisableTOTP(t.Context(), u.ID, u.TOTP.EnabledAt, time.Now())
			return err
		}, token},
		"blocked": {nil, func(tx *store.Tx, _ *Auth, u account.User) error {
			return tx.SetStatus(t.Context(), u.ID, account.Active, account.Blocked, time.Now())
		}, refused},
		"blocked, with a second factor": {enable, func(tx *store.Tx, _ *Auth, u account.User) error {
			return tx.SetStatus(t.Context(), u.ID, account.Active, account.Blocked, time.Now())
		}, refused},
		"a new password": {nil, func(tx *store.Tx, _ *Auth, u account.User) error {
			if err := tx.SetStatus(t.Context(), u.ID, account.Active, account.Pending, time.Now()); err != nil {
				return err
			}
			_, err := tx.Activate(t.Context(), u.ID, store.Activation{PasswordHash: "another", At: time.Now().Add(time.Second)})
			return err
		}, refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _, _ := olderHash(t)
			do := func(what func(*store.Tx, *Auth, account.User) error) account.User {
				u, err := a.store.UserByEmail(t.Context(), email)
				if err == nil && what != nil {
					err = a.store.Tx(t.Context(), func(tx *store.Tx) error { return what(tx, a, u) })
				}
				if err != nil {
					t.Fatal(err)
				}
				return u
			}
			do(c.before)
			checked := do(c.meanwhile)
			in, err := a.finishLogin(t.Context(), &Caller{IP: netip.MustParseAddr("192.0.2.1")}, checked, account.Device{ID: "phone"})
			got := "nothing"
			switch {
			case errors.Is(err, account.ErrInvalidCredentials):
				got = refused
			case in.Challenge != "":
				got = challenge
			case in.Issued.Token != "":
				got = token
			}
			if got != c.want {
				t.Errorf("%s, %v; want %s", got, err, c.want)
			}
		})
	}
}

// A block that has begun is not overtaken by a login that has read the person before.
func TestALoginWaitsForABlockThatHasBegun(t *testing.T) {
	t.Parallel()
	a, at, _ := olderHashOn(t, dbtest.Postgres)
	u, err := a.store.UserByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", at.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	answered := make(chan error, 1)
	err = a.store.Tx(t.Context(), func(tx *store.Tx) error {
		if err := tx.SetStatus(t.Context(), u.ID, account.Active, account.Blocked, time.Now()); err != nil {
			return err
		}
		if _, err := tx.RevokeAll(t.Context(), u.ID, time.Now()); err != nil {
			return err
		}
		go func() {
			_, err := a.finishLogin(t.Context(), &Caller{IP: netip.MustParseAddr("192.0.2.1")}, u, account.Device{ID: "phone"})
			answered <- err
		}()
		for waiting := 0; waiting == 0 && len(answered) == 0; time.Sleep(time.Millisecond) {
			err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-answered; !errors.Is(err, account.ErrInvalidCredentials) {
		t.Errorf("it was let in: %v", err)
	}
}
