package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/transfer"
)

func move(ctx context.Context, from, to instance, progress transfer.Progress) (transfer.Report, error) {
	return transfer.Move{From: from.Store, Photos: from.photos, To: to.Store, Bucket: to.photos, Keys: []string{"k2"}, Progress: progress}.Run(ctx)
}

func moved(t *testing.T, from, to instance) transfer.Report {
	t.Helper()
	report, err := move(t.Context(), from, to, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestAMoveBringsEverything(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		const people = 25
		from, to := inhabited(t, dbtest.SQLite, people), blank(t, e)
		report := moved(t, from, to)
		to.holds(from, people)
		if report.Total() != int64(len(report.Tables)*people) || len(report.Tables) != 11 || report.Photos.Count != 3 || report.Photos.Missing != 0 {
			t.Errorf("it reports %+v", report)
		}
		if got := to.photo("profile_photos/trash.jpg"); got != "" {
			t.Errorf("what is in the trash came along: %q", got)
		}
		if mark, err := to.Moving(t.Context()); err != nil || mark != "" {
			t.Errorf("it is still marked %q, %v", mark, err)
		}
		to.knowsOf("k2")
		_, err := move(t.Context(), from, to, quiet)
		if !errors.Is(err, transfer.ErrNotEmpty) {
			t.Errorf("a second move says %v", err)
		}
	})
}

// stopping is a progress that ends the context at the n-th call.
func stopping(n int, stop func()) transfer.Progress {
	return func(string, int64, int64) {
		if n--; n == 0 {
			stop()
		}
	}
}

// stopped moves until the n-th word of progress.
func stopped(t *testing.T, from, to instance, n int) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := move(ctx, from, to, stopping(n, cancel))
	return err
}

func TestAMoveThatIsStoppedAnywhereGoesOn(t *testing.T) {
	t.Parallel()
	const people = 600
	from := inhabited(t, dbtest.SQLite, people)
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 2))
			to := blank(t, []dbtest.Engine{dbtest.Postgres, dbtest.SQLite}[seed%2])
			stops := 0
			for ; stops < 20; stops++ {
				if err := stopped(t, from, to, 1+r.IntN(80)); err == nil {
					break
				}
				if mark, err := to.Moving(t.Context()); err != nil || mark == "" && stops > 3 {
					t.Errorf("after stop %d it is marked %q, %v", stops, mark, err)
				}
			}
			t.Logf("stopped %d times", stops)
			if stops == 20 {
				moved(t, from, to)
			}
			to.holds(from, people)
		})
	}
}

func TestAMoveOfWhatHasChangedMeanwhileBeginsAnew(t *testing.T) {
	t.Parallel()
	const people = 600
	from, to := inhabited(t, dbtest.SQLite, people), blank(t, dbtest.Postgres)
	if err := stopped(t, from, to, 40); err == nil {
		t.Fatal("it was not stopped")
	}
	from.set(`UPDATE users SET first_name = 'Grace' WHERE id = 2`)
	from.set(`DELETE FROM users WHERE id = 5`)
	moved(t, from, to)
	to.holds(from, 0)
}

func TestAMoveRefusesATargetThatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		from, to := inhabited(t, dbtest.SQLite, 600), blank(t, e)
		if err := stopped(t, from, to, 40); err == nil {
			t.Fatal("it was not stopped")
		}
		before := to.everything()
		_, err := move(t.Context(), inhabited(t, dbtest.SQLite, 3), to, quiet)
		says(t, err, "unfinished move of another instance")
		same(t, to.everything(), before)

		taken := inhabited(t, e, 2)
		before = taken.everything()
		_, err = move(t.Context(), from, taken, quiet)
		says(t, err, "not empty")
		same(t, taken.everything(), before)
	})
}

func TestAMoveRefusesAnotherSchema(t *testing.T) {
	t.Parallel()
	to := blank(t, dbtest.SQLite)
	_, err := move(t.Context(), blank(t, dbtest.SQLite), to, quiet)
	says(t, err, "flowxi migrate up first")
	newer := inhabited(t, dbtest.SQLite, 1)
	newer.set(`INSERT INTO schema_versions (version_id, is_applied) VALUES (99, 1)`)
	_, err = move(t.Context(), newer, to, quiet)
	says(t, err, "use the newer program")
	if v, err := to.SchemaVersion(t.Context()); err != nil || v != 0 {
		t.Errorf("the target was migrated to %d, %v", v, err)
	}
}

func TestAMoveVerifiesWhatCame(t *testing.T) {
	t.Parallel()
	from, to := inhabited(t, dbtest.SQLite, 30), blank(t, dbtest.Postgres)
	spoil := func(stage string, _, _ int64) {
		if stage == transfer.StageCopy {
			to.set(`UPDATE users SET email = 'mallory@example.org' WHERE id = 3`)
		}
	}
	_, err := move(t.Context(), from, to, spoil)
	says(t, err, "the table users is not what it was")
	if mark, err := to.Moving(t.Context()); err != nil || mark == "" {
		t.Errorf("a server could start on it: %v", err)
	}
}

func TestAMoveCountsPhotosThatAreNotThere(t *testing.T) {
	t.Parallel()
	from, to := inhabited(t, dbtest.SQLite, 25), blank(t, dbtest.SQLite)
	if err := from.photos.Delete(t.Context(), photoKey(11)); err != nil {
		t.Fatal(err)
	}
	if report := moved(t, from, to); report.Photos.Count != 2 || report.Photos.Missing != 1 {
		t.Errorf("it reports %+v", report.Photos)
	}
}

// counters are the highest ids ever given, by table.
func (i instance) counters() map[string]int64 {
	i.t.Helper()
	shot, err := i.Snapshot(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	defer shot.Close()
	list := map[string]int64{}
	for _, table := range shot.Tables {
		if list[table.Name], err = shot.Counter(i.t.Context(), table); err != nil {
			i.t.Fatal(err)
		}
	}
	return list
}

func TestIDsThatWereGivenAreNotGivenAgainElsewhere(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		from := inhabited(t, dbtest.SQLite, 5)
		from.set(`DELETE FROM users WHERE id > 3`)
		want := from.counters()
		if want["users"] != 5 || want["sessions"] != 5 || want["outbox"] != 0 {
			t.Errorf("the counters are %v", want)
		}
		to, back := blank(t, e), blank(t, e)
		moved(t, from, to)
		same(t, to.counters(), want)
		if err := back.restore(from.backup(), ring(t), ""); err != nil {
			t.Fatal(err)
		}
		same(t, back.counters(), want)
	})
}

// What the source would not start without, the target does not either.
func TestAMoveBringsTheKeysThatAreKnown(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		from, to := inhabited(t, dbtest.SQLite, 3), blank(t, e)
		if err := from.UseKeys(t.Context(), "k1", "k0"); err != nil {
			t.Fatal(err)
		}
		moved(t, from, to)
		to.knowsOf("k0", "k1", "k2")
	})
}
