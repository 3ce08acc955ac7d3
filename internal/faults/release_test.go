package faults_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// lastRelease is the commit of the release before this tree, 0.1.0 of the changelog. With
// each release it moves on to the commit of that one.
const lastRelease = "a9c8a680c25c39dac906409f87edd436d075cf0e"

// TestTheLastReleaseRunsBesideThisOne has one database served by a node of the last
// release and one of this tree, as in a rolling update, and each finish what the other
// began. Then the schema is expanded under both, as the next release would do it.
func TestTheLastReleaseRunsBesideThisOne(t *testing.T) {
	database, keys := dbtest.Blank(t, dbtest.Postgres), seal.NewKey()
	environ := []string{"FLOWXI_DATABASE_URL=" + database.URL, "FLOWXI_KEYS=" + keys}
	before, after := newSingle(t, t.TempDir(), environ...), newSingle(t, t.TempDir(), environ...)
	before.program = buildRelease(t, lastRelease)
	mails := func(_ authtest.TB, to string) []mail.Entry { return append(before.inbox(to), after.inbox(to)...) }
	first := authtest.Remote(t, []string{before.url()}, mails)
	second := authtest.Remote(t, []string{after.url()}, mails)
	first.OnExchange = nil // its answers need not have what has come to today's document since

	before.start(t) // and makes the schema
	early := first.Client(t).Register("early@example.com")
	after.start(t)
	if !second.Client(t).Token(early.Bearer()).IsLoggedIn() {
		t.Error("who logged in before the update is logged out by it")
	}
	work := func(when string) {
		t.Helper()
		begunAndFinished(t, first, second, when+".forward@example.com")
		begunAndFinished(t, second, first, when+".back@example.com")
	}
	work("beside")

	expand(t, environ[0])
	work("expanded")
	for _, s := range []*single{before, after} {
		if code := s.terminate(t); code != 0 {
			t.Errorf("it ended with %d", code)
		}
		s.start(t)
	}
	work("restarted")
	if !first.Client(t).Token(early.Bearer()).IsLoggedIn() {
		t.Error("who logged in before the update is logged out in the end")
	}
	trailOfBoth(t, database, keys)
}

// trailOfBoth wants the audit trail to hold what both nodes wrote, of which only this
// tree's is signed.
func trailOfBoth(t *testing.T, database store.Options, keys string) {
	t.Helper()
	ring, err := seal.Parse(keys)
	if err != nil {
		t.Fatal(err)
	}
	database.Keys = ring
	s, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	report, err := s.VerifyAudit(t.Context(), store.AuditHead{}, func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	if signed := report.Events - report.Unsigned; !report.Sound() || signed < 10 || report.Unsigned < 10 {
		t.Errorf("%d events are signed and %d are not: %+v", signed, report.Unsigned, report.Findings)
	}
}

// begunAndFinished takes somebody through their account: what is begun on one node is
// finished on the other, but for logins and enrolments that wait for a second factor:
// without a cache that they share, nodes keep those for themselves.
func begunAndFinished(t *testing.T, one, other *authtest.Server, email string) {
	t.Helper()
	token := other.Client(t).SetPassword(email, one.Client(t).SendCode(email)).Expect(200, "TOKEN_ISSUED").Text("access_token")
	here, there := one.Client(t).Token(token), other.Client(t).Token(token)
	here.Patch("/me", authtest.Fields{"first_name": "Zoé"}).Expect(200, "ME_UPDATED")
	if got := there.Get("/me").Expect(200, "ME_OK").Text("data.first_name"); got != "Zoé" {
		t.Errorf("%s: the name is %q on the other node", email, got)
	}

	phone := other.Client(t).Login(email, "phone").Expect(200, "LOGIN_SUCCESS").Text("data.access_token")
	again := one.Client(t).Login(email, "phone").Expect(200, "LOGIN_SUCCESS").Text("data.access_token")
	if other.Client(t).Token(phone).IsLoggedIn() || !other.Client(t).Token(again).IsLoggedIn() {
		t.Errorf("%s: a device has not exactly one session", email)
	}

	secret := there.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")
	code := authtest.TOTP(secret, time.Now())
	there.Post("/auth/2fa/enable", authtest.Fields{"code": code}).Expect(200, "TWOFA_ENABLED")
	id := one.Client(t).Login(email, "tablet").Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
	replay := one.Client(t).Post("/auth/login/2fa", authtest.Fields{"challenge_id": id, "code": code, "device_id": "tablet"})
	replay.Expect(403, "TWOFA_INVALID_CODE")

	here.Post("/auth/logout", authtest.Fields{}).Expect(200, "LOGOUT_SUCCESS")
	if there.IsLoggedIn() {
		t.Errorf("%s: a session outlives its logout on the other node", email)
	}

	linked := "by-link." + email
	link := one.Client(t).SendLink(linked)
	other.Client(t).SetPasswordByLink(linked, link).Expect(200, "TOKEN_ISSUED")
	one.Client(t).SetPasswordByLink(linked, link).Expect(410, "MAGIC_LINK_EXPIRED")
}

// expand does to the schema what a release may do while the one before it still runs:
// more columns, which have a default or may be null, more tables and indexes, and a step
// that only the next release knows.
func expand(t *testing.T, database string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), strings.TrimPrefix(database, "FLOWXI_DATABASE_URL="))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'schema_versions'")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) == 0 {
		t.Fatalf("%d tables: %v", len(tables), err)
	}
	steps := []string{
		"CREATE TABLE next_release (id bigint PRIMARY KEY)",
		"INSERT INTO schema_versions (version_id, is_applied) SELECT max(version_id) + 1, true FROM schema_versions",
	}
	for _, name := range tables {
		quoted := pgx.Identifier{name}.Sanitize()
		steps = append(steps,
			fmt.Sprintf("ALTER TABLE %s ADD COLUMN next_note text, ADD COLUMN next_count bigint NOT NULL DEFAULT 0", quoted),
			fmt.Sprintf("CREATE INDEX ON %s (next_count)", quoted))
	}
	for _, step := range steps {
		if _, err := conn.Exec(t.Context(), step); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
}

// buildRelease builds the program as it was at a commit. A clone that was cut off from its
// history has no such commit.
func buildRelease(t *testing.T, commit string) (program string) {
	t.Helper()
	git := func(args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = backing.Root()
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %s: %v: %s", args[0], err, &stderr)
		}
		return out
	}
	if strings.TrimSpace(string(git("rev-parse", "--is-shallow-repository"))) == "true" {
		t.Skip("this clone is shallow: git fetch --unshallow brings the last release")
	}
	dir := t.TempDir()
	archive := filepath.Join(dir, "release.tar")
	if err := os.WriteFile(archive, git("archive", commit), 0o600); err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(dir, "flowxi")
	for _, args := range [][]string{
		{"tar", "-x", "-f", archive},
		{"go", "build", "-o", program, "./cmd/flowxi"},
	} {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", args[0], err, out)
		}
	}
	return program
}
