package store_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/dbtest"
)

func TestTheLastBackupIsKnown(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		s := open(t, e, dbtest.Database(t, e))
		last := func(want time.Time) {
			t.Helper()
			at, err := s.LastBackup(t.Context())
			if err != nil || !at.Equal(want) {
				t.Errorf("it was at %s, %v, want %s", at, err, want)
			}
			b, err := s.Backlog(t.Context())
			if err != nil || !b.LastBackup.Equal(want) {
				t.Errorf("beside the backlog it was at %s, %v, want %s", b.LastBackup, err, want)
			}
		}
		last(time.Time{})
		first := time.Now().Truncate(time.Microsecond)
		for _, step := range []struct{ begun, now, want time.Duration }{
			{0, time.Minute, 0},
			{time.Hour, 2 * time.Hour, time.Hour},
			{time.Minute, 2 * time.Hour, time.Hour},                // it took longer than a younger one
			{1000 * time.Hour, 1000 * time.Hour, 1000 * time.Hour}, // by a clock that is ahead
			{24 * time.Hour, 25 * time.Hour, 24 * time.Hour},       // the next one, by one that is right
			{23 * time.Hour, 26 * time.Hour, 24 * time.Hour},
		} {
			if err := s.NoteBackup(t.Context(), first.Add(step.begun), first.Add(step.now)); err != nil {
				t.Fatal(err)
			}
			last(first.Add(step.want))
		}
	})
}
