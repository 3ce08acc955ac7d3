package auth

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/totp"
)

const (
	flushEvery   = time.Minute // a token's last use is written at most this often
	sweepEvery   = time.Minute
	sweepBatch   = 500 // rows of each table that one sweep removes at most
	trashEvery   = 15 * time.Second
	trashBatch   = 50
	leaseFor     = 2*sweepEvery + 10*time.Second
	sweeperLease = "sweeper"

	pendingKept = 30 * 24 * time.Hour  // contract section 4
	spentKept   = 30 * 24 * time.Hour  // how long a spent link is told from a forged one
	devicesKept = 400 * 24 * time.Hour // a device unused for longer is a stranger again
	lastMoments = 5 * time.Second      // for the last flush
)

// Run does what has to be done beside requests, until ctx ends: it flushes last uses,
// deletes replaced photos and, on one node at a time, sweeps what has expired. What
// fails is logged and tried again at the next turn. The last flush comes after ctx.
func (a *Auth) Run(ctx context.Context, log *slog.Logger) error {
	flush, sweep, trash := time.NewTicker(a.flushInterval()), time.NewTicker(sweepEvery), time.NewTicker(trashEvery)
	defer flush.Stop()
	defer sweep.Stop()
	defer trash.Stop()
	holder := randomHex(8)
	attempt := func(job string, err error) {
		if err != nil && ctx.Err() == nil {
			log.Error("background job failed", "job", job, "error", err)
		}
	}
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMoments)
			defer cancel()
			return a.FlushLastUse(last)
		case <-flush.C:
			attempt("flush last use", a.FlushLastUse(ctx))
		case <-sweep.C:
			attempt("sweep", a.sweepIfMine(ctx, holder))
		case <-trash.C:
			attempt("empty trash", a.EmptyTrash(ctx))
		case <-a.wakeTrash:
			attempt("empty trash", a.EmptyTrash(ctx))
		}
	}
}

// flushInterval is short enough that a restart does not cost a session its idle
// allowance, even where that is set to seconds.
func (a *Auth) flushInterval() time.Duration {
	return max(time.Second, min(flushEvery, a.cfg.TokenIdleTTL/4))
}

func (a *Auth) emptyTrashSoon() {
	select {
	case a.wakeTrash <- struct{}{}:
	default: // it is about to run anyway
	}
}

// EmptyTrash deletes the objects that are due. What cannot be deleted now is due again
// in a minute.
func (a *Auth) EmptyTrash(ctx context.Context) error {
	now := a.now()
	keys, err := a.store.DueTrash(ctx, now, now.Add(time.Minute), trashBatch)
	if err != nil {
		return err
	}
	var failed error
	for _, key := range keys {
		if err := a.bucket.Delete(ctx, key); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		failed = errors.Join(failed, a.store.Trashed(ctx, key))
	}
	return failed
}

func (a *Auth) sweepIfMine(ctx context.Context, holder string) error {
	now := a.now()
	mine, err := a.store.Lease(ctx, sweeperLease, holder, now, now.Add(leaseFor))
	if err != nil || !mine {
		return err
	}
	return a.Sweep(ctx)
}

// Sweep removes a bounded number of rows of each table that nobody needs any more. Each
// table is a transaction of its own, so that no writer waits for long.
func (a *Auth) Sweep(ctx context.Context) error {
	now := a.now()
	var failed error
	for _, sweep := range []func(*store.Tx) (int64, error){
		func(tx *store.Tx) (int64, error) {
			return tx.SweepSessions(ctx, now, now.Add(-a.cfg.TokenIdleTTL), sweepBatch)
		},
		func(tx *store.Tx) (int64, error) { return tx.SweepSteps(ctx, totp.Step(now)-10, sweepBatch) },
		func(tx *store.Tx) (int64, error) { return tx.DropPending(ctx, now.Add(-pendingKept), sweepBatch) },
		func(tx *store.Tx) (int64, error) {
			return tx.SweepRegistrations(ctx, now.Add(-spentKept), sweepBatch)
		},
		func(tx *store.Tx) (int64, error) { return tx.SweepDevices(ctx, now.Add(-devicesKept), sweepBatch) },
	} {
		err := a.store.Tx(ctx, func(tx *store.Tx) error {
			_, err := sweep(tx)
			return err
		})
		failed = errors.Join(failed, err)
	}
	return failed
}
