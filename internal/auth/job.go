package auth

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"flowxi.app/flowxi/internal/rescue"
)

// The background jobs, by the names that the log and the counts have for them.
const (
	flushJob = "flush_last_use"
	trashJob = "empty_trash"
	sweepJob = "sweep"
	auditJob = "audit"
	limitJob = "note_limits"
)

// job is work that is done again and again.
type job struct {
	name  string
	every time.Duration
	limit time.Duration // for one run
	wake  <-chan struct{}
	do    func(context.Context) error
}

var (
	errElsewhere = errors.New("another node does it")
	errNotDue    = errors.New("this node did it lately") // a run that is none, and not counted
)

// runJob runs a job once, within its time, and counts how that went. A panic is a failure
// like others: the job has its next turn.
func (a *Auth) runJob(ctx context.Context, j job) error {
	ctx, cancel := context.WithTimeout(ctx, j.limit)
	defer cancel()
	err := rescue.Do(func() error { return j.do(ctx) })
	count := a.jobs[j.name]
	switch {
	case errors.Is(err, errNotDue):
		return nil
	case errors.Is(err, errElsewhere):
		count.elsewhere.Add(1)
		return nil
	case err != nil:
		count.failed.Add(1)
		return err
	}
	count.succeeded.Add(1)
	count.last.Store(time.Now().Unix())
	return nil
}

type jobCount struct {
	succeeded, failed, elsewhere atomic.Uint64
	last                         atomic.Int64 // seconds since 1970 by the machine's clock, 0 for never
}

func newJobCounts() map[string]*jobCount {
	return map[string]*jobCount{flushJob: {}, trashJob: {}, sweepJob: {}, auditJob: {}, limitJob: {}}
}

// JobCount is how often a background job has run on this node, since the start.
type JobCount struct {
	Name      string
	Succeeded uint64
	Failed    uint64
	Elsewhere uint64    // runs that were another node's to do
	Last      time.Time // of the last success, by the machine's clock; zero where there was none
}

// JobCounts tells of every background job, in a fixed order.
func (a *Auth) JobCounts() []JobCount {
	var list []JobCount
	for _, name := range []string{flushJob, trashJob, sweepJob, auditJob, limitJob} {
		n := a.jobs[name]
		c := JobCount{Name: name, Succeeded: n.succeeded.Load(), Failed: n.failed.Load(), Elsewhere: n.elsewhere.Load()}
		if at := n.last.Load(); at != 0 {
			c.Last = time.Unix(at, 0)
		}
		list = append(list, c)
	}
	return list
}
