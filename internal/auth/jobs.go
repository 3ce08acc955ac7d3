package auth

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/rescue"
)

const (
	flushEvery   = time.Minute // a token's last use waits at most that long to be written
	flushTime    = 30 * time.Second
	trashEvery   = 15 * time.Second
	trashBatch   = 50
	trashTime    = 20 * time.Second // for one batch; what is left is due again when its lease ends
	trashLease   = trashTime + 10*time.Second
	sweepEvery   = time.Minute
	leaseEvery   = 10 * time.Second // the sweeper renews its lease, and others ask whether it has ended
	leaseFor     = 3 * leaseEvery
	sweepAllTime = leaseFor - 5*time.Second
	sweeperLease = "sweeper"
	auditEvery   = 15 * time.Second // an event that nobody else names may be lost unseen for so long
	limitEvery   = time.Minute
	auditTime    = 10 * time.Second
	lastMoments  = 10 * time.Second // for what is written after the last request
)

// Run does what has to be done beside requests, until ctx ends: it flushes last uses,
// deletes replaced photos, keeps up with the audit trail of other nodes and, on one node
// at a time, sweeps what has expired. Each is a goroutine of its own, so that none waits
// for another. What fails is logged and tried again at the next turn. The last flush comes
// after ctx, and the last limits. What a node leaves behind that was killed, another takes
// over within a minute.
func (a *Auth) Run(ctx context.Context, log *slog.Logger) error {
	var jobs sync.WaitGroup
	for _, job := range []job{
		{flushJob, a.flushInterval(), flushTime, nil, a.FlushLastUse},
		{trashJob, trashEvery, trashTime, a.wakeTrash, a.EmptyTrash},
		{sweepJob, leaseEvery, sweepAllTime, nil, a.sweeper()},
		{auditJob, auditEvery, auditTime, nil, a.store.HoldTrail},
		{limitJob, limitEvery, auditTime, nil, a.WriteReached},
	} {
		jobs.Go(func() {
			turn := time.NewTicker(job.every)
			defer turn.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-turn.C:
				case <-job.wake:
				}
				if err := a.runJob(ctx, job); err != nil && ctx.Err() == nil {
					log.Error("background job failed", "job", job.name, "error", err, rescue.Stack(err))
				}
			}
		})
	}
	jobs.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMoments)
	defer cancel()
	return errors.Join(
		a.runJob(ctx, job{name: flushJob, limit: lastMoments, do: a.FlushLastUse}),
		a.runJob(ctx, job{name: limitJob, limit: lastMoments, do: a.WriteReached}),
	)
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
// in less than a minute.
func (a *Auth) EmptyTrash(ctx context.Context) error {
	now := a.now()
	keys, err := a.store.DueTrash(ctx, now, now.Add(trashLease), trashBatch)
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

// sweeper returns what sweeps each minute on the one node that holds the lease. The lease
// is renewed more often than that, and is short, so that another node soon takes over from
// one that died.
func (a *Auth) sweeper() func(context.Context) error {
	holder := randomHex(8)
	var swept time.Time // by the machine's clock, which no step of the time of day moves
	return func(ctx context.Context) error {
		now := a.now()
		mine, err := a.store.Lease(ctx, sweeperLease, holder, now, now.Add(leaseFor))
		switch {
		case err != nil:
			return err
		case !mine:
			return errElsewhere
		case time.Since(swept) < sweepEvery:
			return errNotDue
		}
		// A machine that has slept wakes with uses that only its memory has, and by which a token
		// is good that is idle by what is written.
		if err := a.FlushLastUse(ctx); err != nil {
			return err
		}
		swept = time.Now()
		return Sweep(ctx, a.store, a.cfg, now)
	}
}
