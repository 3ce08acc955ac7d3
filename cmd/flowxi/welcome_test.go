package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
)

// freeAddr is one that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestServeWelcomesWhoeverIsAtATerminal(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := onScreen(t, []string{"FLOWXI_ADDR=" + freeAddr(t), "FLOWXI_OPS_ADDR=" + freeAddr(t), "FLOWXI_DATA_DIR=" + data, "FLOWXI_DRAIN_DELAY=0s"}, "flowxi", "serve")
	text := s.shows("Ctrl-C stops it.")
	for _, want := range []string{"  Docs      http://localhost:", "  Inbox     http://localhost:", "  Metrics   http://127.0.0.1:", "  Database  SQLite in " + data, "  Photos    in " + filepath.Join(data, "photos"), "\x1b[33mNot for production: plain HTTP, mail stays"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q in %s", want, text)
		}
	}
	found := regexp.MustCompile(`(?m)^  \w+ +(http://\S+[^\s,])`).FindAllStringSubmatch(text, -1)
	if len(found) < 6 {
		t.Errorf("only %d addresses are told", len(found))
	}
	for _, address := range found[1:] { // the first, that of the API, is the beginning of others
		resp, err := http.Get(address[1])
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d", address[1], resp.StatusCode)
		}
	}
	everyFileIsNamed(t, data)
	s.types(ctrlC)
	if code := s.exits(); code != 0 {
		t.Errorf("it exits with %d", code)
	}
}

// everyFileIsNamed holds the manual page to what is in the folder of a server.
func everyFileIsNamed(t *testing.T, data string) {
	t.Helper()
	list, err := os.ReadDir(data)
	if err != nil || len(list) == 0 {
		t.Fatalf("there is nothing in the folder: %v", err)
	}
	named := node.Files(config.Config{DataDir: data})
	for _, file := range list {
		if !slices.ContainsFunc(named, func(f node.File) bool { return strings.HasPrefix(filepath.Join(data, file.Name()), f.Path) }) {
			t.Errorf("node.Files does not tell of %s", file.Name())
		}
	}
}

// Where the node has no inbox, none is told of; and no secret is.
func TestWelcomeTellsNoSecret(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load([]string{
		"FLOWXI_PUBLIC_URL=https://id.example.org", "FLOWXI_TRUSTED_PROXIES=10.0.0.0/8", "FLOWXI_ADDR=:8080",
		"FLOWXI_KEYS=k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
		"FLOWXI_DATABASE_URL=postgres://flowxi:pa%2Fss@db:5432/flowxi?password=hush",
		"FLOWXI_REDIS_URL=rediss://:pass@cache:6379/1",
		"FLOWXI_STORAGE_URL=s3://KEYID:pa@s/s@s3.example.org/flowxi?region=eu-west-1",
		"FLOWXI_SMTP_URL=smtps://user:pass@mail.example.org:465", "FLOWXI_MAIL_FROM=Flowxi <id@example.org>",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []place{
		{"Database", "postgres://db:5432/flowxi"}, {"Limits", "rediss://cache:6379/1"},
		{"Photos", "s3://s3.example.org/flowxi"}, {"Mail", "smtps://mail.example.org:465"},
	}
	if got := backing(cfg); !slices.Equal(got, want) {
		t.Errorf("it tells of %v", got)
	}
	if list := cfg.Shortcuts(); len(list) > 0 {
		t.Errorf("it warns of %v", list)
	}
}

func TestAddressesAreShownWithoutTheirSecrets(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]string{
		"postgres://db/flowxi":                            {"postgres://db/flowxi", "postgres://db/flowxi"},
		"postgres://ada:hush@db:5432/flowxi?sslmode=full": {"postgres://db:5432/flowxi", "postgres://[secret]@db:5432/flowxi?[as given]"},
		"postgres://ada:hu@sh@db/flowxi":                  {"postgres://db/flowxi", "postgres://[secret]@db/flowxi"},
		"s3://ID:hu@s/h@s3.example.org/b?region=r":        {"s3://s3.example.org/b", "s3://[secret]@s3.example.org/b?[as given]"},
		"smtp://ada:hu/sh@mail.example.org:25":            {"smtp://mail.example.org:25", "smtp://[secret]@mail.example.org:25"},
		"postgres://db/flowxi?password=hu@sh":             {"postgres://…", "postgres://[secret]@…?[as given]"},
		"s3://ID:hu?sh@s3.example.org/b":                  {"s3://…", "s3://[secret]@…?[as given]"},
		"postgres://user:hush@h:x/name":                   {"postgres://…", "postgres://[secret]@…"},
	} {
		if got := [2]string{bare(address), masked(address)}; got != want {
			t.Errorf("%s is shown as %q, want %q", address, got, want)
		}
	}
}

func TestColoursAreForWhoeverWantsThem(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for environ, want := range map[string]bool{
		"": false, "CLICOLOR_FORCE=1": true, "FORCE_COLOR=1": true, "FORCE_COLOR=0": false, "CLICOLOR_FORCE=": false,
		"CLICOLOR_FORCE=1 NO_COLOR=1": false, "FORCE_COLOR=1 NO_COLOR=": true, "FORCE_COLOR=1 TERM=dumb": true,
		"NO_COLOR=1 NO_COLOR= FORCE_COLOR=1": true,
	} {
		if got := coloured(file, strings.Fields(environ)); got != want {
			t.Errorf("with %q it is %v", environ, got)
		}
	}
	for environ, want := range map[string]string{"TERM=xterm": "\x1b[32mOK", "TERM=dumb": "OK    settings", "TERM=xterm NO_COLOR=1": "OK    settings"} {
		s := onScreen(t, append(strings.Fields(environ), "FLOWXI_DATA_DIR=nowhere", "FLOWXI_ADDR="+freeAddr(t)), "flowxi", "doctor")
		if text := s.shows("flowxi: failures:"); !strings.Contains(text, want) || strings.Contains(text, "\x1b") != strings.HasPrefix(want, "\x1b") {
			t.Errorf("with %q doctor draws %q", environ, text)
		}
		if code := s.exits(); code != 1 {
			t.Errorf("it exits with %d", code)
		}
	}
}
