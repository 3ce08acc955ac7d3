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
		for _, step := range []struct{ noted, want time.Duration }{
			{0, 0}, {time.Hour, time.Hour},
			{time.Minute, time.Hour}, // it took longer than a younger one
		} {
			if err := s.NoteBackup(t.Context(), first.Add(step.noted)); err != nil {
				t.Fatal(err)
			}
			last(first.Add(step.want))
		}
	})
}
