package main

import (
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"testing"
	"time"
)

// How much may gather is told by the metrics of the runtime. To read them is garbage enough.
func TestGarbageGathersWhileTheServerIsBusy(t *testing.T) {
	t.Parallel()
	ops, stop := serveWith(t)
	defer stop()
	if !within(patience, func() bool { return gathers(t, ops) > usualPercent }) {
		t.Errorf("while it is busy, garbage may be %d %% of what is held, want more", gathers(t, ops))
	}
	for range 5 { // it is no rest where enough had gathered before to be collected meanwhile
		time.Sleep(restsAfter + time.Second/2)
		fetch(t, "http://"+ops+"/debug/pprof/heap?gc=1")
		if within(time.Second, func() bool { return gathers(t, ops) == usualPercent }) {
			return
		}
	}
	t.Errorf("after a rest, garbage may be %d %% of what is held, want %d", gathers(t, ops), usualPercent)
}

func TestAnOperatorsGOGCIsLeftAlone(t *testing.T) {
	t.Parallel()
	ops, stop := serveWith(t, "GOGC=150")
	defer stop()
	if within(time.Second, func() bool { return gathers(t, ops) != 150 }) {
		t.Errorf("GOGC=150 became %d", gathers(t, ops))
	}
}

// serveWith starts a server, and returns where its metrics are.
func serveWith(t *testing.T, more ...string) (ops string, stop func()) {
	t.Helper()
	ops = freeAddr(t)
	s := onScreen(t, append(more, "FLOWXI_ADDR="+freeAddr(t), "FLOWXI_OPS_ADDR="+ops, "FLOWXI_DATA_DIR="+filepath.Join(t.TempDir(), "data")), "flowxi", "serve")
	s.shows("ready")
	return ops, func() { s.types(ctrlC); s.exits() }
}

// within asks again and again, for that long.
func within(d time.Duration, is func() bool) bool {
	for end := time.Now().Add(d); ; {
		if is() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

var gogc = regexp.MustCompile(`(?m)^go_gc_gogc_percent (\d+)$`)

func gathers(t *testing.T, ops string) int {
	t.Helper()
	found := gogc.FindStringSubmatch(fetch(t, "http://"+ops+"/metrics"))
	if found == nil {
		t.Fatal("the metrics do not tell")
	}
	percent, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return percent
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestRoomForGarbage(t *testing.T) {
	t.Parallel()
	for held, want := range map[uint64]int{0: 400, 1 << 20: 400, 4 << 20: 400, 8 << 20: 200, 16 << 20: 100, 40 << 20: 100} {
		if got := sparing(held); got != want {
			t.Errorf("%d bytes are held: %d %%, want %d %%", held, got, want)
		}
	}
}

// TestWhenGarbageGathers tells the pacer of collections, each some time after the one before.
func TestWhenGarbageGathers(t *testing.T) {
	const soon, later, little, hash = busyWithin / 10, restsAfter + time.Second, 2 << 20, 19 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(usualPercent))
	p := &pacer{percent: usualPercent, collected: time.Now()}
	now := p.collected
	for i, step := range []struct {
		after   time.Duration
		held    uint64
		percent int
		busy    bool
	}{
		{later, little, usualPercent, false},
		{soon, little, mostPercent, true},
		{2 * busyWithin, little, mostPercent, true}, // neither busy nor at rest
		{soon, hash, usualPercent, true},
		{soon, little, usualPercent, true}, // between two hashes
		{busyWithin, little, usualPercent, true},
		{soon, little, mostPercent, true},
		{soon, hash, usualPercent, true},
		{4 * later, hash, usualPercent, true}, // many hashes, and no garbage to collect
		{later, little, usualPercent, false},  // and the memory is given back
		{later, little, usualPercent, false},
	} {
		now = now.Add(step.after)
		p.told(now, step.held)
		if p.percent != step.percent || p.busy != step.busy {
			t.Errorf("step %d: %d %%, busy %t; want %d %%, %t", i, p.percent, p.busy, step.percent, step.busy)
		}
	}
}
