package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"modernc.org/sqlite"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/seal"
)

func testRing(t *testing.T) *seal.KeyRing {
	t.Helper()
	ring, err := seal.Parse(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// planner opens connections to an SQLite file that ask for the plan of each statement
// before they run it.
type planner struct {
	path string

	mu    sync.Mutex
	plans map[string][]string // steps of the plan by statement
}

func (p *planner) Driver() driver.Driver { return &sqlite.Driver{} }

func (p *planner) Connect(context.Context) (driver.Conn, error) {
	c, err := p.Driver().Open(sqliteDSN(p.path, "_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	return &planned{Conn: c, planner: p}, nil
}

// planned is a connection of a planner.
type planned struct {
	driver.Conn
	planner *planner
}

func (c *planned) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c *planned) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.explain(ctx, query, args); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *planned) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.explain(ctx, query, args); err != nil {
		return nil, err
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *planned) explain(ctx context.Context, query string, args []driver.NamedValue) (err error) {
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args)
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	c.planner.mu.Lock()
	defer c.planner.mu.Unlock()
	var steps []string
	for {
		step := make([]driver.Value, len(rows.Columns())) // id, parent, unused, detail
		if err := rows.Next(step); errors.Is(err, io.EOF) {
			c.planner.plans[query] = steps
			return nil
		} else if err != nil {
			return fmt.Errorf("explain: %w", err)
		}
		steps = append(steps, fmt.Sprint(step[3]))
	}
}

// plannedStore opens a store on a new database that asks for the plan of what it runs.
func plannedStore(t *testing.T) (*Store, *planner) {
	t.Helper()
	p := &planner{path: filepath.Join(t.TempDir(), "flowxi.db"), plans: map[string][]string{}}
	s, err := Open(t.Context(), Options{Path: p.path})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Migrate(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(p)
	t.Cleanup(func() { _ = db.Close() })
	return &Store{reader: reader{q: db, tally: newTally(nil)}, engine: sqliteEngine(), db: db, ro: db, trail: newTrail(testRing(t))}, p
}

// runEverything runs each statement that a request or a sweep runs.
func runEverything(t *testing.T, s *Store) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	digest, digests := []byte("digest"), [][]byte{[]byte("digest"), []byte("under an older key")}
	did := func(_ any, err error) {
		t.Helper()
		if err != nil && !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
	did(nil, s.HoldTrail(ctx))
	did(nil, s.Tx(ctx, func(tx *Tx) error {
		did(tx.EnsureApplicant(ctx, "a@b.c", "fr", now))
		did(tx.EnsureApplicant(ctx, "a@b.c", "fr", now))
		did(nil, tx.PutCode(ctx, 1, digest, now, now))
		_, _, err := tx.CheckCode(ctx, "a@b.c", digests, 5, now)
		did(nil, err)
		did(tx.SpendCode(ctx, "a@b.c", digests, 5, now))
		did(nil, tx.PutLink(ctx, 1, digest, now, now))
		_, _, err = tx.Link(ctx, digest, "a@b.c", now)
		did(nil, err)
		did(tx.SpendLink(ctx, digest, "a@b.c", now))
		did(tx.Activate(ctx, 1, Activation{PasswordHash: "hash", At: now}))
		did(nil, tx.Rehash(ctx, 1, "hash", "hash"))
		did(tx.UpdateProfile(ctx, 1, account.Profile{}, now))
		did(tx.SetPhoto(ctx, 1, "photo.jpg", now))
		did(nil, tx.SetStatus(ctx, 1, account.Blocked, account.Active, now))
		did(tx.Applicant(ctx, "a@b.c", digest))
		did(tx.UserByUsername(ctx, "fx00000001"))
		did(tx.Users(ctx, account.Active, 0, 10))

		did(tx.HoldUser(ctx, 1))
		_, _, err = tx.PutSession(ctx, account.Session{UserID: 1, Device: account.Device{ID: "phone"}}, digest)
		did(nil, err)
		_, _, err = tx.Identity(ctx, 1)
		did(nil, err)
		did(tx.Sessions(ctx, 1, now, now))
		did(tx.TrimDevices(ctx, 1, 1, 50))
		did(tx.CountDevices(ctx, 1))
		did(nil, tx.RememberDevice(ctx, 1, digest, now, 200))
		did(nil, tx.StepUp(ctx, 1, now))
		did(nil, tx.Touch(ctx, map[account.SessionID]time.Time{1: now}))
		many := map[account.SessionID]time.Time{}
		for id := range account.SessionID(100) {
			many[id] = now
		}
		did(nil, tx.Touch(ctx, many))
		did(tx.Revoke(ctx, 1, 1, now))
		did(tx.RevokeDevice(ctx, 1, "phone", now, now))
		did(tx.RevokeAll(ctx, 1, now))

		did(tx.EnableTOTP(ctx, 1, []byte("sealed"), now))
		did(tx.UseStep(ctx, 1, 100))
		did(tx.SealedTOTP(ctx, 0, 10))
		did(tx.SealedMail(ctx, "", 10))
		did(nil, tx.ResealTOTP(ctx, Sealed[account.UserID]{ID: 1}, digest))
		did(nil, tx.ResealMail(ctx, Sealed[string]{ID: "m"}, digest))
		did(tx.DisableTOTP(ctx, 1, now, now))

		did(nil, tx.PutMail(ctx, account.Mail{ID: "m", Sealed: digest}))
		did(nil, tx.Trash(ctx, "photo.jpg", now))
		did(tx.Keep(ctx, "photo.jpg"))
		did(nil, tx.Audit(ctx, AuditEvent{At: now, UserID: 1}))
		did(tx.AuditOf(ctx, 1, 10))
		did(tx.AuditAfter(ctx, 1, 10))
		did(tx.AuditLatest(ctx, 10))
		did(tx.SealedAuditKeys(ctx, 0, 10))
		did(nil, tx.ResealAuditKey(ctx, Sealed[int64]{ID: 1}, digest))

		did(tx.SweepSessions(ctx, now, now, 10))
		did(tx.SweepSteps(ctx, 100, 10))
		did(tx.SweepDevices(ctx, now, 10))
		did(tx.SweepRegistrations(ctx, now, 10))
		did(tx.SweepAudit(ctx, now, now, 10))
		did(tx.DropPending(ctx, now, 10))
		return nil
	}))
	did(s.ClaimMail(ctx, now, now, 10))
	did(nil, s.MailFailed(ctx, account.Mail{ID: "m"}, now))
	did(nil, s.MailDone(ctx, account.Mail{ID: "m"}))
	did(s.DueTrash(ctx, now, now, 10))
	did(nil, s.Trashed(ctx, "photo.jpg"))
	did(nil, s.HoldTrash(ctx, now))
	did(nil, s.Reclaim(ctx, now))
	did(s.Lease(ctx, "sweep", "node 1", now, now))
}

// noTable are arguments and what has been chosen by them, within a limit: mails that are due,
// sessions that were used, and those of them that were used later than is written.
var noTable = regexp.MustCompile(`^SCAN (\d+ )?CONSTANT ROWS?$|^SCAN (due|used|later)$`)

func TestNoStatementReadsAWholeTable(t *testing.T) {
	t.Parallel()
	s, p := plannedStore(t)
	runEverything(t, s)
	searches := 0
	for statement, steps := range p.plans {
		for _, step := range steps {
			if strings.HasPrefix(step, "SCAN ") && !noTable.MatchString(step) {
				t.Errorf("%s in\n%s", step, statement)
			}
			if strings.HasPrefix(step, "SEARCH ") {
				searches++
			}
		}
	}
	if searches < len(p.plans)/2 {
		t.Errorf("%d plans have %d searches: the plans were not read", len(p.plans), searches)
	}
}
