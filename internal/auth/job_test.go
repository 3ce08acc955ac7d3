package auth

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRunsOfJobsAreCountedAndBounded(t *testing.T) {
	t.Parallel()
	a := New(Deps{})
	run := func(name string, fails error) error {
		return a.runJob(context.Background(), job{name: name, limit: time.Minute, do: func(ctx context.Context) error {
			if at, bounded := ctx.Deadline(); !bounded || time.Until(at) > time.Minute {
				t.Error("the job may take for ever")
			}
			return fails
		}})
	}
	broken := errors.New("broken")
	if err := errors.Join(run(flushJob, nil), run(sweepJob, errElsewhere), run(sweepJob, errNotDue)); err != nil {
		t.Error(err)
	}
	if err := run(trashJob, broken); !errors.Is(err, broken) {
		t.Errorf("it says %v", err)
	}
	got := a.JobCounts()
	if last := got[0].Last; time.Since(last) > time.Minute {
		t.Errorf("the last success was at %s", last)
	}
	got[0].Last = time.Time{}
	want := []JobCount{{Name: flushJob, Succeeded: 1}, {Name: trashJob, Failed: 1}, {Name: sweepJob, Elsewhere: 1}, {Name: auditJob}, {Name: limitJob}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
