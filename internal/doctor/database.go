package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

// notReached is what is told of all that rests on a database that cannot be opened.
func notReached() []Finding { return skip("the database is not there to be asked") }

// keys looks at the ring as a server does at its start.
func (p *patient) keys(ctx context.Context) []Finding {
	if !node.Inhabited(p.cfg) && errors.Is(p.ring.err, node.ErrNoKeyFile) {
		return skip("there is no key file yet: the first start makes it")
	}
	if p.ring.err != nil {
		return noStart(p.ring.err, "Do what it says: running servers go on with the keys that they have.")
	}
	ids := p.ring.it.IDs()
	found := fmt.Sprintf("%d in the ring, %s is active", len(ids), ids[0])
	if p.database.err != nil {
		return well("%s; what the database needs is not known", found)
	}
	is, err := p.database.it.SchemaVersion(ctx)
	if err != nil || is == 0 {
		return well("%s; what the database needs is not known", found)
	}
	if err := node.CheckKeys(ctx, p.database.it, p.ring.it); err != nil {
		return fail("no server starts: "+err.Error(), "Put the key back from where it is kept. Give it up only where it is lost for good.")
	}
	return well("%s, and all that are in use are there", found)
}

// largeWAL is beyond what a checkpoint leaves behind while nobody reads for long.
const largeWAL = 256 << 20

// databaseItself looks at the server or the file, and at the schema.
func (p *patient) databaseItself(ctx context.Context) []Finding {
	if p.cfg.DatabaseURL == "" && isReadOnly(node.DatabaseFile(p.cfg)) {
		return fail("it is on a disk that is only to be read",
			"See why: dmesg tells of a disk that the system found damaged, and mount how it is mounted. Once it can be written, start the server again.")
	}
	if p.database.err != nil {
		return fail(p.database.err.Error(), p.openDatabase())
	}
	s := p.database.it
	f, err := s.Facts(ctx)
	if err != nil {
		return fail(err.Error(), p.openDatabase())
	}
	is, err := s.SchemaVersion(ctx)
	if err != nil {
		return fail(err.Error(), p.openDatabase())
	}
	newest, err := s.NewestSchema()
	if err != nil {
		return fail(err.Error(), p.openDatabase())
	}
	mark, err := s.Moving(ctx)
	if err != nil {
		return fail(err.Error(), p.openDatabase())
	}
	list := schemaFound(is, newest)
	if mark != "" {
		list = append(list, fail("it holds an unfinished move: no server starts on it",
			"Run flowxi move again, with the settings and the --to of the first time: it goes on where it was stopped.")...)
	}
	if s.Engine() == "sqlite" {
		list = append(list, p.journal()...)
	}
	if !f.Durable {
		list = append(list, warn("what was answered is lost when its machine stops: fsync, full_page_writes or synchronous_commit is off",
			"Set all three to on in postgresql.conf and reload it: SELECT pg_reload_conf().")...)
	}
	list = append(list, connectionsFound(f)...)
	engine := "SQLite " + f.Version
	if s.Engine() == "postgres" {
		engine = fmt.Sprintf("PostgreSQL %s, %d of %d connections", f.Version, f.Connections, f.Most)
	}
	return or(list, "%s, schema at version %d", engine, is)
}

func (p *patient) openDatabase() string {
	if p.cfg.DatabaseURL != "" {
		return "See that PostgreSQL runs, is no standby and lets this machine in, and that FLOWXI_DATABASE_URL leads to it: psql \"$FLOWXI_DATABASE_URL\"."
	}
	return "See that FLOWXI_DATA_DIR is that of the server, and that this command runs as its user: the first start makes the database."
}

func schemaFound(is, newest int64) []Finding {
	switch {
	case is < newest:
		return fail(fmt.Sprintf("the schema is at version %d and this program at %d", is, newest),
			"Run flowxi migrate up, or restart the server with this program, which does it too.")
	case is > newest:
		return warn(fmt.Sprintf("the schema is at version %d and this program only at %d", is, newest),
			"Finish the upgrade: run the newer program everywhere.")
	}
	return nil
}

func (p *patient) journal() []Finding {
	info, err := os.Stat(node.DatabaseFile(p.cfg) + "-wal")
	if err != nil || info.Size() < largeWAL {
		return nil
	}
	return warn(fmt.Sprintf("the journal of SQLite has grown to %d MB", info.Size()>>20),
		"End whoever reads the database for hours, such as a backup tool or an open sqlite3; else restart the server.")
}

func connectionsFound(f store.Facts) []Finding {
	if f.Most == 0 || f.Most-f.Connections >= store.PostgresConns {
		return nil
	}
	return warn(fmt.Sprintf("%d of %d connections of PostgreSQL are taken: there is no room for one node more, which may take %d", f.Connections, f.Most, store.PostgresConns),
		"Raise max_connections, or put PgBouncer in front (docs/operations/scaling.md).")
}

// integrity reads an SQLite file as a whole, if the time is enough for it.
func (p *patient) integrity(ctx context.Context) []Finding {
	if p.database.err != nil {
		return notReached()
	}
	if p.database.it.Engine() != "sqlite" {
		return skip("PostgreSQL looks after its own files")
	}
	limited, cancel := context.WithTimeout(ctx, patience-moment)
	defer cancel()
	damage, err := p.database.it.Damage(limited)
	switch {
	case limited.Err() != nil:
		return skip("the file is too large to be read in %s: try PRAGMA quick_check on a copy", patience-moment)
	case err != nil:
		return fail("the file could not be read as a whole: "+err.Error(), "See what the kernel tells of the disk (dmesg). Where only that moment was bad, flowxi doctor says so when it is run again.")
	case len(damage) > 0:
		return fail("the file is damaged: "+strings.Join(damage, "; "), "See first what the kernel tells of the disk (dmesg): one that does not answer can look like this. Otherwise stop the server, move the data directory away as a whole, and restore the last backup into an empty one with a copy of the key file (docs/operations/failures.md).")
	}
	return well("quick_check finds nothing wrong")
}

// plans looks at what PostgreSQL needs to find rows fast.
func (p *patient) plans(ctx context.Context) (list []Finding) {
	if p.database.err != nil {
		return notReached()
	}
	s := p.database.it
	if s.Engine() == "sqlite" {
		return skip("SQLite needs no statistics for the plans here")
	}
	invalid, err := s.InvalidIndexes(ctx)
	unread, failed := s.UnreadTables(ctx)
	f, last := s.Facts(ctx)
	if err := errors.Join(err, failed, last); err != nil {
		return fail(err.Error(), p.openDatabase())
	}
	if len(invalid) > 0 {
		list = append(list, fail("indexes are invalid, and no plan uses them: "+strings.Join(invalid, ", "), "Run REINDEX INDEX CONCURRENTLY for each of them.")...)
	}
	if len(unread) > 0 {
		list = append(list, warn("large tables were never analyzed: "+strings.Join(unread, ", "), "Run ANALYZE in the database, and see that autovacuum reaches it.")...)
	}
	if !f.Autovacuum {
		list = append(list, warn("autovacuum is off: dead rows pile up, and everything gets slower", "Set autovacuum = on in postgresql.conf and reload it.")...)
	}
	return or(list, "statistics are there, and every index is valid")
}

// lateMail is how long a mail may wait: mail servers that put off are asked again every
// two minutes.
const lateMail = 5 * time.Minute

// outbox looks for mails that do not leave.
func (p *patient) outbox(ctx context.Context) []Finding {
	if p.database.err != nil {
		return notReached()
	}
	b, err := p.database.it.Backlog(ctx)
	if err != nil {
		return skip("it cannot be read: %s", err)
	}
	if b.Mails == 0 {
		return well("no mail waits")
	}
	age := p.Now().Sub(b.OldestMail).Round(time.Second)
	if age > lateMail {
		return warn(fmt.Sprintf("mails wait: %d, the oldest for %s", b.Mails, age),
			"See that a server runs, and what the line of mail says. Codes that expire meanwhile are dropped, and people ask for new ones.")
	}
	return well("mails wait: %d, the oldest for %s", b.Mails, age)
}

const backupEvery = 2 * 24 * time.Hour

// backup looks for the last one that flowxi made.
func (p *patient) backup(ctx context.Context) []Finding {
	if p.database.err != nil {
		return notReached()
	}
	begun, err := p.database.it.LastBackup(ctx)
	if err != nil {
		return skip("the database does not tell of backups: %s", err)
	}
	const do = "Run flowxi backup FILE, and do so every night. Where the database is kept by other means, see that those ran."
	age := p.Now().Sub(begun).Round(time.Minute)
	switch {
	case begun.IsZero():
		return warn("no whole flowxi backup is noted in this database", do)
	case age < 0:
		return warn(fmt.Sprintf("the last flowxi backup is noted as begun %s from now, by a clock that was ahead of this one", -age),
			"See that the clocks are right, and run flowxi backup FILE: until then nobody can be told that backups are missing.")
	case age > backupEvery:
		return warn(fmt.Sprintf("the last flowxi backup was begun %s ago", age), do)
	}
	return well("the last one was begun %s ago", age)
}
