package doctor

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"flowxi.app/flowxi/internal/node"
)

// change runs a statement behind the back of Flowxi.
func (i *instance) change(statement string, args ...any) {
	i.Helper()
	db, err := sql.Open("sqlite", node.DatabaseFile(i.cfg)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		i.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		i.Fatal(err)
	}
}

func (i *instance) chmod(path string, mode os.FileMode) {
	i.Helper()
	if err := os.Chmod(path, mode); err != nil {
		i.Fatal(err)
	}
}

func TestWhatOthersMayReadIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	i.chmod(i.cfg.DataDir, 0o755)
	i.chmod(node.DatabaseFile(i.cfg), 0o644)
	i.expect("permissions warning others can look into "+i.cfg.DataDir, "permissions warning flowxi.db (mode 0644)")
	i.chmod(i.cfg.DataDir, 0o700)
	i.chmod(node.DatabaseFile(i.cfg), 0o600)
	i.chmod(node.KeyFile(i.cfg), 0o640)
	i.expect("permissions failure keys (mode 0640)", "keys failure is open to others")
}

func TestAFileThatRootHasLeftIsTold(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	i := embedded(t)
	if err := os.Chown(node.DatabaseFile(i.cfg), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	// SQLite gives its journal the owner of the file.
	i.expect("permissions failure flowxi.db belongs to another user", "permissions failure flowxi.db-wal belongs to another user")
}

func TestADiskThatIsNearlyFullIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	i.o.Scarce = Scarce{Warning: 1.1}
	i.expect("disk warning of the space")
	i.o.Scarce = Scarce{Warning: 1.1, Failure: 1.1}
	i.expect("disk failure of the space")
}

func TestAKeyThatIsMissingIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	i.operate(func(a *node.Admin) error { return a.Store.UseKeys(t.Context(), "lost") })
	i.expect("keys failure sealed under the key lost")
	if err := os.Remove(node.KeyFile(i.cfg)); err != nil {
		t.Fatal(err)
	}
	i.expect("keys failure is missing, but there is a database")
	if exists(node.KeyFile(i.cfg)) {
		t.Error("the examination made a key file")
	}
}

func TestASchemaOfAnotherVersionIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	i.change(`INSERT INTO schema_versions (version_id, is_applied) VALUES (1000, 1)`)
	i.expect("database warning the schema is at version 1000")
	i.change(`DELETE FROM schema_versions WHERE version_id > 1`)
	i.expect("database failure the schema is at version 1 and this program at")
}

func TestAnEmptyDatabaseIsNotMadeOne(t *testing.T) {
	t.Parallel()
	i := settle(t)
	if err := os.Mkdir(i.cfg.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(node.DatabaseFile(i.cfg), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	i.expect("keys failure is missing", "database failure the schema is at version 0")
	if read(t, node.DatabaseFile(i.cfg)) != "" {
		t.Error("the examination wrote into the file")
	}
	var tables int
	db, err := sql.Open("sqlite", node.DatabaseFile(i.cfg))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(`SELECT COUNT(*) FROM sqlite_master`).Scan(&tables); err != nil || tables != 0 {
		t.Errorf("the examination made %d tables, %v", tables, err)
	}
}

func TestAFileThatIsDamagedIsTold(t *testing.T) {
	t.Parallel()
	i := settle(t)
	i.serve()()
	i.backUp()
	path := node.DatabaseFile(i.cfg)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The last page is one of the rows that pad; the root of no table.
	for at := len(file) - 4096; at < len(file); at++ {
		file[at] = 0xff
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	i.expect("integrity failure the file is damaged")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	i.expect("database failure is damaged, if its disk answers (dmesg): restore it from a backup")
}

func TestAJournalThatGrowsIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	if err := os.Truncate(node.DatabaseFile(i.cfg)+"-wal", 300<<20); err != nil { // what is added is no frame of it
		t.Fatal(err)
	}
	i.expect("database warning has grown to 300 MB")
}

func TestAFolderOfPhotosThatCannotBeUsedIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	dir := node.PhotoFolder(i.cfg)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	i.expect("photos failure open object folder")
}

func TestTheExaminationLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	before := filesIn(t, i.cfg.DataDir)
	i.expect()
	if after := filesIn(t, i.cfg.DataDir); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// TestTheExaminationLeavesACrashAsItWas looks at the files as a server leaves them that is
// killed, with all that it has written in the journal.
func TestTheExaminationLeavesACrashAsItWas(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(i.cfg.DataDir)); err != nil {
		t.Fatal(err)
	}
	i.chmod(dir, 0o700)
	for _, name := range []string{"flowxi.db", "flowxi.db-wal", "flowxi.db-shm", "keys"} {
		i.chmod(filepath.Join(dir, name), 0o600) // CopyFS lets others read
	}
	i.cfg.DataDir = dir
	database, journal := read(t, node.DatabaseFile(i.cfg)), read(t, node.DatabaseFile(i.cfg)+"-wal")
	if journal == "" {
		t.Fatal("nothing is in the journal")
	}
	i.expect()
	if read(t, node.DatabaseFile(i.cfg)) != database || read(t, node.DatabaseFile(i.cfg)+"-wal") != journal {
		t.Error("the database or its journal is another than before")
	}
}

// TestTheExaminationLeavesAStoppedServerAsItWas looks at a database without a journal.
func TestTheExaminationLeavesAStoppedServerAsItWas(t *testing.T) {
	t.Parallel()
	i := settle(t)
	i.serve()()
	i.backUp()
	before, database := filesIn(t, i.cfg.DataDir), read(t, node.DatabaseFile(i.cfg))
	i.expect()
	if after := filesIn(t, i.cfg.DataDir); after != before || read(t, node.DatabaseFile(i.cfg)) != database {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func filesIn(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		b.WriteString(path + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAClockThatWasSteppedBackIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	for ahead, want := range map[time.Duration]string{
		10 * time.Second: "clock warning the newest event of the audit trail are",
		time.Hour:        "clock failure the newest event of the audit trail are",
	} {
		i.change(`UPDATE audit_events SET at = ?`, time.Now().Add(ahead).UnixMicro())
		i.expect(want)
	}
}

func TestMailThatWaitsIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	written, later := time.Now().Add(-time.Hour).UnixMicro(), time.Now().Add(time.Hour).UnixMicro()
	i.change(`INSERT INTO outbox (id, kind, recipient, locale, sealed, due_at, created_at, expires_at) VALUES ('x', 'x', 'x', 'en', x'', ?, ?, ?)`, later, written, later)
	i.expect("outbox warning mails wait: 1, the oldest for 1h")
}

func TestABackupThatIsTooLongAgoIsTold(t *testing.T) {
	t.Parallel()
	i := settle(t)
	i.serve()
	i.expect("backup warning no whole flowxi backup is noted in this database")
	i.backUpAt(time.Now().Add(72 * time.Hour))
	i.expect("backup warning the last flowxi backup is noted as begun 72h0m0s from now")
	i.backUp()
	i.expect()
	i.o.Now = func() time.Time { return time.Now().Add(3 * 24 * time.Hour) }
	i.expect("backup warning the last flowxi backup was begun 72h0m0s ago")
}

func TestAnUnfinishedMoveIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	i.change(`INSERT INTO leases (name, holder, expires_at) VALUES ('move', 'somewhere', 0)`)
	i.expect("database failure an unfinished move: no server starts")
}
