package node_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/blob/s3test"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/transfer"
)

func quiet(string, int64, int64) {}

// jpegOf is a photo of a width that tells it from others.
func jpegOf(t testing.TB, width int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, 8)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// photoWidth loads the photo of a person, 0 where they have none.
func photoWidth(c *authtest.Client) int {
	me := c.Get("/me").Expect(200, "ME_OK")
	if me.Value("data.photo_url") == nil {
		return 0
	}
	a := c.Token("").Send("GET", me.Text("data.photo_url"), nil)
	img, err := jpeg.Decode(bytes.NewReader(a.Body))
	if a.Status != 200 || err != nil {
		a.Fail("the photo does not load: %v", err)
	}
	return img.Bounds().Dx()
}

// code is that of somebody's authenticator, half a minute later than the one before.
func code(t testing.TB, srv *authtest.Server, secret string) string {
	t.Helper()
	srv.Advance(30 * time.Second)
	code, err := totp.GenerateCode(secret, srv.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// on is how a server is told to run on the data and with the key ring of other settings.
func on(cfg config.Config) authtest.Option {
	if cfg.DatabaseURL == "" {
		return authtest.On(cfg.DataDir, "FLOWXI_KEYS="+string(cfg.Keys))
	}
	return authtest.WithEnv("FLOWXI_DATABASE_URL="+string(cfg.DatabaseURL), "FLOWXI_STORAGE_URL="+string(cfg.StorageURL), "FLOWXI_KEYS="+string(cfg.Keys))
}

func TestAPersonGoesAlongWithTokenSecondFactorAndPhoto(t *testing.T) {
	t.Parallel()
	srv := authtest.Start(t, authtest.Embedded, authtest.FastHash())
	ada := srv.Client(t).Register("ada@example.org")
	phone := ada.LoginOn("phone")
	phone.Upload(jpegOf(t, 23)).Expect(200, "ME_PHOTO_UPDATED")
	phone.Patch("/me", authtest.Fields{"first_name": "Ada é"}).Expect(200, "ME_UPDATED")
	secret := phone.Get("/auth/2fa/status").Text("secret")
	phone.Post("/auth/2fa/enable", authtest.Fields{"code": code(t, srv, secret)}).Expect(200, "TWOFA_ENABLED")
	srv.Client(t).SendCode("later@example.org")
	waiting := srv.Client(t).Mail("later@example.org", 1).Code

	cfg := srv.Config(t)
	to := node.Target{Database: account.Secret(dbtest.Blank(t, dbtest.Postgres).URL), Storage: account.Secret(s3test.New(t).URL)}
	if _, err := node.Move(t.Context(), cfg, to, quiet); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Fatalf("beside a running server it says %v", err)
	}
	srv.Stop()
	if _, err := node.Move(t.Context(), cfg, to, quiet); err != nil {
		t.Fatal(err)
	}

	cfg.DatabaseURL, cfg.StorageURL = to.Database, to.Storage
	other := cfg
	other.Keys = account.Secret(seal.NewKey())
	if _, err := node.New(t.Context(), other, node.Options{}); err == nil || !strings.Contains(err.Error(), "not in the ring") {
		t.Errorf("a server with another ring says %v", err)
	}
	scaled := authtest.Start(t, authtest.Scaled, authtest.FastHash(), on(cfg))
	scaled.Advance(time.Minute)
	there := scaled.Client(t).Token(phone.Bearer())
	if me := there.Get("/me").Expect(200, "ME_OK"); me.Text("data.first_name") != "Ada é" || me.Int("data.id") != ada.ID {
		me.Fail("it is not the same person")
	}
	if got := photoWidth(there); got != 23 {
		t.Errorf("the photo is %d wide", got)
	}
	there.Post("/auth/2fa/verify", authtest.Fields{"code": code(t, scaled, secret)}).Expect(200, "TWOFA_VERIFIED")
	there.Token("").Login("ada@example.org", "tablet").Expect(200, "TWOFA_REQUIRED")
	if ids := there.Get("/auth/devices").Len("data.devices"); ids != 1 {
		t.Errorf("%d devices", ids)
	}
	there.Token("").SetPassword("later@example.org", waiting).Expect(200, "TOKEN_ISSUED")
	if bob := scaled.Client(t).Register("bob@example.org"); bob.ID != ada.ID+2 {
		t.Errorf("the next person has the id %d", bob.ID)
	}
}

func TestNoServerStartsOnHalfAMove(t *testing.T) {
	t.Parallel()
	srv := authtest.Start(t, authtest.Embedded, authtest.FastHash())
	srv.Client(t).Register("ada@example.org")
	srv.Stop()
	cfg, database := srv.Config(t), dbtest.Blank(t, dbtest.Postgres).URL
	ctx, cancel := context.WithCancel(t.Context())
	_, err := node.Move(ctx, cfg, node.Target{Database: account.Secret(database)}, func(stage string, _, _ int64) {
		if stage == transfer.StageCopy {
			cancel()
		}
	})
	if err == nil {
		t.Fatal("it was not stopped")
	}
	scaled := cfg
	scaled.DatabaseURL, scaled.DataDir = account.Secret(database), t.TempDir()
	if _, err := node.New(t.Context(), scaled, node.Options{}); !errors.Is(err, transfer.ErrMoving) {
		t.Errorf("a server says %v", err)
	}
	if _, err := node.Backup(t.Context(), scaled, &bytes.Buffer{}, node.BackupOptions{Progress: quiet}); !errors.Is(err, transfer.ErrMoving) {
		t.Errorf("a backup says %v", err)
	}
	if _, err := node.Move(t.Context(), cfg, node.Target{Database: account.Secret(database)}, quiet); err != nil {
		t.Fatal(err)
	}
	start(t, scaled, nil)
}

func TestAMoveIsOfAnEmbeddedInstanceToPostgres(t *testing.T) {
	t.Parallel()
	cfg := settings(t, dbtest.SQLite)
	for name, c := range map[string]struct {
		cfg  config.Config
		to   node.Target
		want string
	}{
		"not embedded":    {settings(t, dbtest.Postgres), node.Target{}, "FLOWXI_DATABASE_URL is set"},
		"not to Postgres": {cfg, node.Target{Database: "mysql://joe:hunter2@localhost/flowxi"}, "--to is [secret]"},
		"no name":         {cfg, node.Target{Database: "postgres://joe:hunter2@localhost"}, "--to is [secret]"},
		"not to S3":       {cfg, node.Target{Database: "postgres://localhost/flowxi", Storage: "file:///hunter2"}, "--storage is [secret]"},
		"nobody there":    {cfg, node.Target{Database: "postgres://joe:hunter2@localhost/flowxi"}, "there is no database"},
	} {
		_, err := node.Move(t.Context(), c.cfg, c.to, quiet)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: it says %v", name, err)
		}
	}
}
