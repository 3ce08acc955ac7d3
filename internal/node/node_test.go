package node_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/seal"
)

// settings are those of a server in a folder of its own, on either engine.
func settings(t *testing.T, e dbtest.Engine, environ ...string) config.Config {
	t.Helper()
	if e == dbtest.Postgres {
		environ = append(environ, "FLOWXI_DATABASE_URL="+dbtest.Blank(t, e).URL, "FLOWXI_KEYS="+seal.NewKey())
	}
	cfg, err := config.Load(append([]string{"FLOWXI_DATA_DIR=" + filepath.Join(t.TempDir(), "data")}, environ...))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func start(t *testing.T, cfg config.Config, log *slog.Logger) *node.Node {
	t.Helper()
	n, err := node.New(t.Context(), cfg, node.Options{Version: "v1", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func get(n *node.Node, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8080"+path, nil)
	r.RemoteAddr = "127.0.0.1:1234"
	n.Handler().ServeHTTP(w, r)
	return w
}

func TestANodeTellsWhichPagesItServes(t *testing.T) {
	t.Parallel()
	n := start(t, settings(t, dbtest.SQLite), nil)
	public := start(t, settings(t, dbtest.SQLite, "FLOWXI_PUBLIC_URL=https://id.example.org", "FLOWXI_SMTP_URL=smtps://localhost"), nil)
	for path, want := range map[string][2]bool{
		"/docs": {true, true}, "/docs/try": {true, true}, "/dev/inbox": {true, false}, "/files": {true, true},
		"/docs/login": {}, "/dev": {}, "/nowhere": {}, "/": {}, "": {},
	} {
		if got := [2]bool{n.Serves(path), public.Serves(path)}; got != want {
			t.Errorf("of %q it says %v, want %v", path, got, want)
		}
	}
}

func TestANodeMakesWhatItNeedsAndAnswers(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		n := start(t, settings(t, e), nil)
		if w := get(n, "/api/v1/health"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"v1"`) {
			t.Errorf("health: %d %s", w.Code, w.Body)
		}
	})
}

func TestWhatItKeepsIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	cfg := settings(t, dbtest.SQLite)
	start(t, cfg, nil)
	err := filepath.WalkDir(cfg.DataDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestASecondServerOnTheSameDataRefuses(t *testing.T) {
	t.Parallel()
	cfg := settings(t, dbtest.SQLite)
	first := start(t, cfg, nil)
	_, err := node.New(t.Context(), cfg, node.Options{})
	if err == nil || !strings.Contains(err.Error(), "another server (process ") || !strings.Contains(err.Error(), cfg.DataDir) {
		t.Fatalf("the second one says %v", err)
	}
	if w := get(first, "/api/v1/health"); w.Code != http.StatusOK {
		t.Errorf("the first one answers %d afterwards", w.Code)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, cfg, nil)
}

func TestServersOnPostgresShareItAndNoFolder(t *testing.T) {
	t.Parallel()
	cfg := settings(t, dbtest.Postgres)
	start(t, cfg, nil)
	if _, err := node.New(t.Context(), cfg, node.Options{}); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Errorf("a second server in the same folder: %v", err)
	}
	cfg.DataDir = t.TempDir()
	start(t, cfg, nil)
}

func TestAKeyRingThatIsNotWholeStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(path string) error
		want  string
	}{
		"missing":        {os.Remove, "restore it from a backup"},
		"damaged":        {func(p string) error { return os.WriteFile(p, []byte("k1:x\n"), 0o600) }, "restore it from a backup"},
		"open to others": {func(p string) error { return os.Chmod(p, 0o644) }, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := settings(t, dbtest.SQLite)
			if err := start(t, cfg, nil).Close(); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(node.KeyFile(cfg)); err != nil {
				t.Fatal(err)
			}
			_, err := node.New(t.Context(), cfg, node.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), node.KeyFile(cfg)) {
				t.Errorf("it says %v, want %q", err, c.want)
			}
		})
	}
}

// A node that was left behind when the others took up another key must not serve: right
// codes would be wrong there.
func TestARingWithoutTheKeyInUseStopsTheStart(t *testing.T) {
	t.Parallel()
	before, after := seal.NewKey(), seal.NewKey()
	id, _, _ := strings.Cut(after, ":")
	cfg := settings(t, dbtest.Postgres)
	with := func(ring string) config.Config {
		c := cfg
		c.Keys = account.Secret(ring)
		return c
	}
	for _, ring := range []string{before, before + "," + after, after + "," + before} {
		if err := start(t, with(ring), nil).Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := node.New(t.Context(), with(before), node.Options{}); err == nil || !strings.Contains(err.Error(), id) {
		t.Errorf("it says %v, want what it is about %s", err, id)
	}
	start(t, with(after+","+before), nil)
}

func TestASettingThatTurnsOutWrongIsNamed(t *testing.T) {
	t.Parallel()
	for name, setting := range map[string]string{
		"FLOWXI_KEYS":     "hunter2",
		"FLOWXI_SMTP_URL": "smtp://hunter2@localhost",
	} {
		_, err := node.New(t.Context(), settings(t, dbtest.SQLite, name+"="+setting), node.Options{})
		var wrong *config.Error
		if !errors.As(err, &wrong) || wrong.Name != name || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: it says %v", name, err)
		}
	}
}

// Photos are refused meanwhile; that is no reason to refuse everything.
func TestAnS3ThatFailsKeepsNoNodeFromStarting(t *testing.T) {
	t.Parallel()
	for what, status := range map[string]int{"fails": 500, "is too busy": 503, "limits": 429} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			defer s3.Close()
			for _, region := range []string{"", "region=us-east-1&"} {
				cfg := settings(t, dbtest.SQLite)
				cfg.StorageURL = account.Secret("s3://key:secret@" + s3.Listener.Addr().String() + "/bucket?" + region + "tls=false")
				var log bytes.Buffer
				start(t, cfg, slog.New(slog.NewTextHandler(&log, nil)))
				if !strings.Contains(log.String(), "S3 is out of order") {
					t.Errorf("with %q the log has:\n%s", region, &log)
				}
			}
		})
	}
}

func TestADataDirectoryThatCannotBeIsSaid(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := settings(t, dbtest.SQLite)
	cfg.DataDir = filepath.Join(file, "data")
	if _, err := node.New(t.Context(), cfg, node.Options{}); err == nil || !strings.Contains(err.Error(), "data directory") {
		t.Errorf("it says %v", err)
	}
}

func TestWarningsAreLogged(t *testing.T) {
	t.Parallel()
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelError} { // nobody is too quiet for them
		var log bytes.Buffer
		start(t, settings(t, dbtest.Postgres, "FLOWXI_RATE_LIMITS=off"), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level})))
		for _, want := range []string{"EVERY LIMIT IS OFF", "one node only"} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("at level %v the log does not say %q once:\n%s", level, want, &log)
			}
		}
	}
}

func TestTheInboxPageIsThereForThisMachineOnly(t *testing.T) {
	t.Parallel()
	for status, environ := range map[int][]string{
		http.StatusOK:       nil,
		http.StatusNotFound: {"FLOWXI_ENVIRONMENT=sandbox", "FLOWXI_ADDR=:8080", "FLOWXI_INSECURE_HTTP=allow"},
	} {
		if w := get(start(t, settings(t, dbtest.SQLite, environ...), nil), "/dev/inbox"); w.Code != status {
			t.Errorf("with %q the inbox answers %d, want %d", environ, w.Code, status)
		}
	}
	n := start(t, settings(t, dbtest.SQLite, "FLOWXI_SMTP_URL=smtp://localhost"), nil)
	if w := get(n, "/dev/inbox"); w.Code != http.StatusNotFound || n.Inbox() != nil {
		t.Errorf("with a mail server the inbox answers %d", w.Code)
	}
}

func TestAnOperatorsCommandWorksBesideAServer(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		cfg := settings(t, e)
		start(t, cfg, nil)
		a, err := node.OpenAdmin(t.Context(), cfg, "operator:test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.ListUsers(t.Context(), "", 0, 10); err != nil {
			t.Error(err)
		}
		if _, _, err := a.FindUser(t.Context(), "1"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("a stranger is found: %v", err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnOperatorsCommandMakesNothing(t *testing.T) {
	t.Parallel()
	cfg := settings(t, dbtest.SQLite)
	if _, err := node.OpenAdmin(t.Context(), cfg, "operator:test"); err == nil {
		t.Error("it opened a database that is not there")
	}
	if _, err := os.Stat(cfg.DataDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it made the data folder: %v", err)
	}
}

func TestMigrateMakesWhatAServerStartsOn(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		cfg := settings(t, e)
		for range 2 {
			if err := node.Migrate(context.Background(), cfg, nil); err != nil {
				t.Fatal(err)
			}
		}
		start(t, cfg, nil)
	})
}

func TestMigrateMakesNoFolderWhereEverythingIsKeptElsewhere(t *testing.T) {
	t.Parallel()
	cfg := settings(t, dbtest.Postgres, "FLOWXI_REDIS_URL=redis://127.0.0.1:1", "FLOWXI_SMTP_URL=smtp://127.0.0.1:1",
		"FLOWXI_STORAGE_URL=s3://id:secret@127.0.0.1:1/photos?tls=false")
	if err := node.Migrate(context.Background(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cfg.DataDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it made the data folder: %v", err)
	}
}

func TestADescriptionThatCannotBeWrittenIsSaidOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	n, err := node.New(t.Context(), settings(t, dbtest.SQLite), node.Options{Version: "\xff", Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/openapi.yaml", "/openapi.json", "/openapi.yaml"} {
		if w := get(n, path); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"SERVER_ERROR"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if said := strings.Count(log.String(), "cannot describe the API"); said != 1 {
		t.Errorf("it is said %d times", said)
	}
}
