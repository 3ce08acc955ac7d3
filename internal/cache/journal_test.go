package cache

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func openJournal(t fataler, now func() time.Time, path string) *Memory {
	t.Helper()
	m, err := OpenMemory(now, Options{}, path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func count(t fataler, m *Memory, w ...Window) Reservation {
	t.Helper()
	r, err := m.Reserve(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWindowsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "limits")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		path, clock := filepath.Join(dir, "limits"), NewFakeClock()
		// One is asked to start again at any time; the other runs on.
		mortal, eternal := openJournal(t, clock.Now, path), NewMemory(clock.Now, Options{})
		defer func() { mortal.Close(); eternal.Close() }()
		type held struct{ mortal, eternal Reservation }
		var holds []held
		t.Repeat(map[string]func(*rapid.T){
			"reserve": func(t *rapid.T) {
				var windows []Window
				for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, 4), 0, 4, rapid.ID[int]).Draw(t, "keys") {
					windows = append(windows, Window{Key: fmt.Sprintf("key \"%d\"\n", i), Limit: 5, Per: time.Duration(i+1) * time.Minute})
				}
				got, want := count(t, mortal, windows...), count(t, eternal, windows...)
				if got.Allowed != want.Allowed || got.RetryAfter != want.RetryAfter || got.Remaining != want.Remaining || got.Reset != want.Reset {
					t.Fatalf("Reserve = %+v; one that never ended says %+v", got, want)
				}
				if got.Allowed {
					holds = append(holds, held{got, want})
				}
			},
			"release": func(t *rapid.T) {
				if len(holds) == 0 {
					t.Skip("nothing is held")
				}
				last := holds[len(holds)-1]
				holds = holds[:len(holds)-1]
				_ = mortal.Release(context.Background(), last.mortal)
				_ = eternal.Release(context.Background(), last.eternal)
			},
			"advance": func(t *rapid.T) {
				clock.Advance(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
			},
			"start again": func(t *rapid.T) {
				mortal.Close()
				mortal, holds = openJournal(t, clock.Now, path), nil
			},
			"write anew": func(t *rapid.T) {
				if err := mortal.rewrite(); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}

func TestAKilledProcessHasWrittenWhatItAnswered(t *testing.T) {
	t.Parallel()
	path, clock := filepath.Join(t.TempDir(), "limits"), NewFakeClock()
	w := Window{Key: "w", Limit: 2, Per: time.Hour}
	killed := openJournal(t, clock.Now, path)
	t.Cleanup(killed.Close) // only after the next one has read what it left
	count(t, killed, w)
	count(t, killed, w)
	m := openJournal(t, clock.Now, path)
	defer m.Close()
	if count(t, m, w).Allowed {
		t.Fatal("a limit that was reached is open")
	}
}

func TestFleetingWindowsAreNotKept(t *testing.T) {
	t.Parallel()
	path, clock := filepath.Join(t.TempDir(), "limits"), NewFakeClock()
	w := Window{Key: "w", Limit: 1, Per: time.Hour, Fleeting: true}
	m := openJournal(t, clock.Now, path)
	if r := count(t, m, w); m.Release(context.Background(), r) != nil || !count(t, m, w).Allowed {
		t.Fatal("a fleeting window does not count")
	}
	if err := m.rewrite(); err != nil {
		t.Fatal(err)
	}
	m.Close()
	if text := readFile(t, path); text != "" {
		t.Fatalf("the journal holds %q", text)
	}
}

func readFile(t fataler, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAJournalOfAWrongClockLocksNobodyOut(t *testing.T) {
	t.Parallel()
	path, clock := filepath.Join(t.TempDir(), "limits"), NewFakeClock()
	w := Window{Key: "w", Limit: 1, Per: time.Hour}
	m := openJournal(t, clock.Now, path)
	count(t, m, w)
	m.Close()
	clock.Advance(-1000 * time.Hour)
	m = openJournal(t, clock.Now, path)
	defer m.Close()
	if r := count(t, m, w); r.Allowed || r.RetryAfter != w.Per {
		t.Fatalf("Reserve = %+v; want a refusal for %v", r, w.Per)
	}
}

func TestAJournalThatCannotBeWrittenIsGoneOnWithout(t *testing.T) {
	t.Parallel()
	path, clock := filepath.Join(t.TempDir(), "limits"), NewFakeClock()
	w := Window{Key: "w", Limit: 2, Per: time.Hour}
	m := openJournal(t, clock.Now, path)
	defer m.Close()
	count(t, m, w)
	if err := m.journal.file.Close(); err != nil {
		t.Fatal(err)
	}
	if !count(t, m, w).Allowed || count(t, m, w).Allowed {
		t.Fatal("the limit does not hold without its journal")
	}
	if err := m.rewrite(); err != nil { // the disk is back
		t.Fatal(err)
	}
	again := openJournal(t, clock.Now, path)
	defer again.Close()
	if count(t, again, w).Allowed {
		t.Fatal("what was counted meanwhile is lost")
	}
}

func TestAnUnreadableJournalIsSaid(t *testing.T) {
	t.Parallel()
	if m, err := OpenMemory(time.Now, Options{}, t.TempDir()); err == nil {
		m.Close()
		t.Fatal("a folder was read as a journal")
	}
}

func TestWritingAnewLosesNothingThatIsCountedMeanwhile(t *testing.T) {
	t.Parallel()
	const callers, each = 8, 500
	path := filepath.Join(t.TempDir(), "limits")
	m := openJournal(t, time.Now, path)
	windows := func(i int) []Window {
		return []Window{{Key: "all", Limit: callers * each, Per: time.Hour}, {Key: fmt.Sprint(i), Limit: each, Per: time.Hour}}
	}
	var done sync.WaitGroup
	for i := range callers {
		done.Go(func() {
			for n := range each {
				r, err := m.Reserve(context.Background(), windows(i))
				if err != nil || !r.Allowed {
					t.Errorf("Reserve = %+v, %v", r, err)
				}
				if n%2 == 0 {
					_ = m.Release(context.Background(), r)
				}
			}
		})
	}
	for range 20 {
		if err := m.rewrite(); err != nil {
			t.Error(err)
		}
	}
	done.Wait()
	m.Close()
	m = openJournal(t, time.Now, path)
	defer m.Close()
	for i := range callers {
		if r := count(t, m, windows(i)...); r.Remaining != each/2-1 {
			t.Errorf("caller %d has %d left; want %d", i, r.Remaining, each/2-1)
		}
	}
	if r := count(t, m, windows(0)[0]); r.Remaining != callers*each/2-callers-1 {
		t.Errorf("all have %d left; want %d", r.Remaining, callers*each/2-callers-1)
	}
}

func TestAGrownJournalIsWrittenAnew(t *testing.T) {
	t.Parallel()
	path, clock := filepath.Join(t.TempDir(), "limits"), NewFakeClock()
	m := openJournal(t, clock.Now, path)
	defer m.Close()
	w := Window{Key: "w", Limit: 1, Per: time.Hour}
	for range journalSlack / 50 { // twice 40 bytes each
		if err := m.Release(context.Background(), count(t, m, w)); err != nil {
			t.Fatal(err)
		}
	}
	m.tidyJournal() // unless the sweep is about it
	size := len(readFile(t, path))
	for range 100 {
		if size <= journalSlack {
			return
		}
		time.Sleep(50 * time.Millisecond)
		size = len(readFile(t, path))
	}
	t.Errorf("the journal of a window that is empty has %d bytes", size)
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("+ 1795510800000000000 3600000000000 \"w\"\n- 1795510800000000000 \"w\"\n"))
	f.Add([]byte("+ 1795510800000000000 3600000000000 \"w\"\n+ 17955108"))
	f.Add([]byte("\n\x00\x00+ 9223372036854775807 9223372036854775807 \"\\xff\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path, clock := filepath.Join(t.TempDir(), "limits"), NewFakeClock()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		m := openJournal(t, clock.Now, path)
		first := readFile(t, path)
		m.Close()
		m = openJournal(t, clock.Now, path)
		defer m.Close()
		second := readFile(t, path)
		if len(first) != len(second) {
			t.Fatalf("read again, %q became %q", first, second)
		}
		count(t, m, Window{Key: "w", Limit: 1, Per: time.Hour})
	})
}

func TestAWindowOfTheJournalLeavesInItsTime(t *testing.T) {
	t.Parallel()
	path, clock := filepath.Join(t.TempDir(), "limits"), NewFakeClock()
	m := openJournal(t, clock.Now, path)
	count(t, m, Window{Key: "short", Limit: 2, Per: time.Minute}, Window{Key: "long", Limit: 2, Per: time.Hour})
	m.Close()
	clock.Advance(2 * time.Minute)
	m = openJournal(t, clock.Now, path)
	defer m.Close()
	if n := m.entries(); n != 1 || strings.Contains(readFile(t, path), "short") {
		t.Errorf("%d windows are left, and the journal holds\n%s", n, readFile(t, path))
	}
	clock.Advance(time.Hour)
	m.sweep()
	if n := m.entries(); n != 0 {
		t.Errorf("%d windows are left for good", n)
	}
}
