package node_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/seal"
)

// guarded registers somebody with a second factor, whose secret it returns.
func guarded(t *testing.T, srv *authtest.Server, email string) (secret string) {
	t.Helper()
	c := srv.Client(t).Register(email)
	secret = c.Get("/auth/2fa/status").Text("secret")
	c.Post("/auth/2fa/enable", authtest.Fields{"code": code(t, srv, secret)}).Expect(200, "TWOFA_ENABLED")
	return secret
}

// secondStep answers the challenge of a login.
func secondStep(t *testing.T, srv *authtest.Server, email, secret string) *authtest.Answer {
	t.Helper()
	c := srv.Client(t)
	id := c.Login(email, "phone").Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
	return c.Post("/auth/login/2fa", authtest.Fields{"challenge_id": id, "code": code(t, srv, secret), "device_id": "phone"})
}

// reseal does what flowxi keys retire does.
func reseal(t *testing.T, cfg config.Config, retired string) error {
	t.Helper()
	a, err := node.OpenAdmin(t.Context(), cfg, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	if err := a.Reseal(t.Context(), func(int64, int64) {}); err != nil {
		return err
	}
	return a.Store.DropKey(t.Context(), retired)
}

func backedUp(t *testing.T, cfg config.Config) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := node.Backup(t.Context(), cfg, &file, node.BackupOptions{Progress: quiet}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func keyID(ring account.Secret) string {
	id, _, _ := strings.Cut(string(ring), ":")
	return id
}

// TestAnInstanceThatLostItsKeysLivesOn gives up what a lost key has sealed: what others have
// is backed up, restored and sealed anew, and what it has opens once it is found.
func TestAnInstanceThatLostItsKeysLivesOn(t *testing.T) {
	t.Parallel()
	srv := authtest.Start(t, authtest.Embedded, authtest.FastHash())
	ada := guarded(t, srv, "ada@example.org")
	srv.Stop()
	cfg := srv.Config(t)
	lost := cfg.Keys
	cfg.Keys = account.Secret(seal.NewKey())
	if err := reseal(t, cfg, keyID(lost)); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("what is not given up is left as it is: %v", err)
	}
	a, err := node.OpenAdmin(t.Context(), cfg, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.Store.DropKey(t.Context(), keyID(lost)), a.Close()); err != nil {
		t.Fatal(err)
	}
	if err := restore(t, restoreSettings(t, authtest.Embedded, cfg), backedUp(t, cfg)); err != nil {
		t.Fatalf("before a server has begun with the new key: %v", err)
	}

	srv = authtest.Start(t, authtest.Embedded, authtest.FastHash(), on(cfg))
	srv.Advance(time.Minute)
	bob := guarded(t, srv, "bob@example.org")
	refused := secondStep(t, srv, "ada@example.org", ada).Expect(503, "SERVICE_UNAVAILABLE")
	if refused.Header.Get("Retry-After") == "" {
		refused.Fail("it does not tell how long to wait")
	}
	srv.Stop()

	again := restoreSettings(t, authtest.Embedded, cfg)
	if err := restore(t, again, backedUp(t, cfg)); err != nil {
		t.Fatal(err)
	}
	newest, retired := account.Secret(seal.NewKey()), keyID(again.Keys)
	again.Keys = newest + "," + again.Keys
	if err := reseal(t, again, retired); err != nil {
		t.Fatal(err)
	}
	again.Keys = newest + "," + lost
	srv = authtest.Start(t, authtest.Embedded, authtest.FastHash(), on(again))
	srv.Advance(10 * time.Minute)
	secondStep(t, srv, "bob@example.org", bob).Expect(200, "LOGIN_SUCCESS")
	secondStep(t, srv, "ada@example.org", ada).Expect(200, "LOGIN_SUCCESS")
}

// TestABackupIsRestoredWithAllItsKeys has what an instance in use has sealed under a key that
// the ring of the new place has not.
func TestABackupIsRestoredWithAllItsKeys(t *testing.T) {
	t.Parallel()
	srv := authtest.Start(t, authtest.Embedded, authtest.FastHash())
	guarded(t, srv, "ada@example.org")
	srv.Stop()
	cfg := srv.Config(t)
	older, newest := cfg.Keys, account.Secret(seal.NewKey())
	cfg.Keys = newest + "," + older
	srv = authtest.Start(t, authtest.Embedded, authtest.FastHash(), on(cfg))
	srv.Advance(time.Minute)
	guarded(t, srv, "bob@example.org")
	srv.Stop()
	again := restoreSettings(t, authtest.Embedded, cfg)
	again.Keys = newest
	if err := restore(t, again, backedUp(t, cfg)); err == nil || !strings.Contains(err.Error(), "sealed with the key "+keyID(older)) {
		t.Errorf("without the older key it says %v", err)
	}
}
