package store

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"
)

// Work is a kind of work for the database.
type Work int

// A Read is one statement outside a transaction, a Write is a whole transaction with its
// tries.
const (
	Read Work = iota
	Write
)

// tally counts the work of a Store.
type tally struct {
	observe func(Work, time.Duration) // may be nil
	retries atomic.Uint64
}

func newTally(observe func(Work, time.Duration)) *tally { return &tally{observe: observe} }

// Pool is how busy a pool of connections is.
type Pool struct {
	Name            string // "read", "write", or "all" where they are one
	Max, Open, Used int    // connections
	Waits           uint64 // how often a caller had to wait for a connection, since the start
	Waited          time.Duration
}

// Pools tells how busy the connections are. It asks the database nothing.
func (s *Store) Pools() []Pool {
	if s.ro == s.db {
		return []Pool{pool("all", s.db)}
	}
	return []Pool{s.seats.of(pool("read", s.ro)), s.turns.of(pool("write", s.db))}
}

func pool(name string, db *sql.DB) Pool {
	n := db.Stats()
	return Pool{
		Name: name, Max: n.MaxOpenConnections, Open: n.OpenConnections, Used: n.InUse,
		Waits: uint64(n.WaitCount), Waited: n.WaitDuration, //nolint:gosec // a count
	}
}

// Retries is how many transactions were run again after a conflict, since the start.
func (s *Store) Retries() uint64 { return s.tally.retries.Load() }

// Backlog is what waits in the database to be done by some node, and by the operator.
type Backlog struct {
	Mails      int       // in the outbox, those for nobody included
	OldestMail time.Time // when the oldest of them was written; zero where there is none
	Objects    int       // of the blob storage, to be deleted
	LastBackup time.Time // as LastBackup says
}

// Backlog counts what waits. It reads two small tables whole.
func (s *Store) Backlog(ctx context.Context) (b Backlog, err error) {
	err = s.row(ctx, "count backlog", `
		SELECT (SELECT COUNT(*) FROM outbox), (SELECT COALESCE(MIN(created_at), 0) FROM outbox), (SELECT COUNT(*) FROM blob_trash),
			(SELECT COALESCE(MAX(expires_at), 0) FROM leases WHERE name = $1)`,
		[]any{backedUp}, &b.Mails, stamp{&b.OldestMail}, &b.Objects, stamp{&b.LastBackup})
	return b, err
}
