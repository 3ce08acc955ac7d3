package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
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

// All that the jobs work with is missing here, so each of them that looks panics. Each has
// its next turn all the same.
func TestAPanicInAJobCostsOneTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := New(Deps{Now: func() time.Time { panic("fxp_secret") }})
		var log bytes.Buffer
		ctx, stop := context.WithTimeout(t.Context(), 3*auditEvery+time.Second)
		defer stop()
		if err := a.Run(ctx, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
			t.Logf("the last turns: %v", err)
		}
		runs := map[string]uint64{}
		for _, c := range a.JobCounts() {
			runs[c.Name] = c.Failed
		}
		if runs[trashJob] != 3 || runs[auditJob] != 3 || runs[sweepJob] != 4 {
			t.Errorf("failed runs: %v", runs)
		}
		text := log.String()
		for _, want := range []string{"job=" + trashJob, "job=" + auditJob, "job=" + sweepJob, "EmptyTrash", "HoldTrail", "a value of type string"} {
			if !strings.Contains(text, want) {
				t.Errorf("the log lacks %s", want)
			}
		}
		if strings.Contains(text, "fxp_secret") {
			t.Error("the log has what the panic said")
		}
	})
}
