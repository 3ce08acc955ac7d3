package auth

import (
	"context"
	"errors"
	"time"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/totp"
)

const (
	sweepBatch = 500             // rows that one transaction removes at most
	batchTime  = 4 * time.Second // for one of them
	sweepTime  = 3 * time.Second // for one table; the rest comes at the next turn

	pendingKept = 30 * 24 * time.Hour  // contract section 4
	spentKept   = 30 * 24 * time.Hour  // how long a spent link is told from a forged one
	devicesKept = 400 * 24 * time.Hour // a device unused for longer is a stranger again
	stepsKept   = 24 * time.Hour       // no code matches one that old, though the clock of the sweeper ran ahead by a day

	// Each sweep of the audit trail is an event of its own, so events go by the hour.
	auditStep = time.Hour
)

// Sweep removes what nobody needs any more at a time, table by table and batch by
// batch, so that no writer waits for long. It is bounded in time: what is left is for
// the next one.
func Sweep(ctx context.Context, s *store.Store, cfg config.Config, now time.Time) error {
	// Uses of the last minutes may still be in the memory of a node.
	idleSince := now.Add(-cfg.TokenIdleTTL - 2*flushEvery)
	var failed error
	for _, batch := range []func(context.Context, *store.Tx) (int64, error){
		func(ctx context.Context, tx *store.Tx) (int64, error) {
			return tx.SweepSessions(ctx, now, idleSince, sweepBatch)
		},
		func(ctx context.Context, tx *store.Tx) (int64, error) {
			return tx.SweepSteps(ctx, totp.Step(now.Add(-stepsKept)), sweepBatch)
		},
		func(ctx context.Context, tx *store.Tx) (int64, error) {
			return tx.DropPending(ctx, now.Add(-pendingKept), sweepBatch)
		},
		func(ctx context.Context, tx *store.Tx) (int64, error) {
			return tx.SweepRegistrations(ctx, now.Add(-spentKept), sweepBatch)
		},
		func(ctx context.Context, tx *store.Tx) (int64, error) {
			return tx.SweepDevices(ctx, now.Add(-devicesKept), sweepBatch)
		},
		func(ctx context.Context, tx *store.Tx) (int64, error) {
			return tx.SweepAudit(ctx, now.Add(-cfg.AuditTTL).Truncate(auditStep), now, sweepBatch)
		},
	} {
		failed = errors.Join(failed, sweepTable(ctx, s, sweepTime, batch))
	}
	return failed
}

// sweepTable begins no batch after its time. One that has begun may end: the time being
// over is no failure.
func sweepTable(ctx context.Context, s *store.Store, allowed time.Duration, batch func(context.Context, *store.Tx) (int64, error)) error {
	for began := time.Now(); ; {
		n, err := sweepOnce(ctx, s, batch)
		if err != nil || n < sweepBatch || time.Since(began) >= allowed {
			return err
		}
	}
}

func sweepOnce(ctx context.Context, s *store.Store, batch func(context.Context, *store.Tx) (int64, error)) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, batchTime)
	defer cancel()
	err = s.Tx(ctx, func(tx *store.Tx) (err error) {
		n, err = batch(ctx, tx)
		return err
	})
	return n, err
}
