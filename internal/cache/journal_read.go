package cache

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"slices"
	"strconv"
	"time"
)

// keptWindow is a window as the journal has it.
type keptWindow struct {
	per    time.Duration
	events []int64 // nanoseconds since 1970
}

func readJournal(path string) (map[string]*keptWindow, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	f, err := os.Open(path) //nolint:gosec // in the folder that the operator names
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return parseJournal(f)
}

func parseJournal(r io.Reader) (map[string]*keptWindow, error) {
	kept := make(map[string]*keptWindow)
	lines, foreign := bufio.NewReader(r), 0
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == nil && replay(kept, line[:len(line)-1]):
		case err == nil, errors.Is(err, bufio.ErrBufferFull): // no line of ours is that long
			foreign++
		case errors.Is(err, io.EOF): // what has no end is half a line
			if foreign > 1 { // a full disk leaves one
				slog.Warn("the journal of limits is damaged: some tries are forgotten", "lines", foreign)
			}
			return kept, nil
		default:
			return nil, err
		}
	}
}

// replay does to the windows what a line says, and tells whether it says anything.
func replay(kept map[string]*keptWindow, line []byte) bool {
	kind, rest, _ := bytes.Cut(line, []byte{' '})
	at, rest, ok := cutNumber(rest)
	if !ok {
		return len(line) == 0
	}
	switch string(kind) {
	case "+":
		per, rest, ok := cutNumber(rest)
		key, err := strconv.Unquote(string(rest))
		if !ok || per <= 0 || err != nil {
			return false
		}
		w := kept[key]
		if w == nil {
			w = &keptWindow{per: time.Duration(per)}
			kept[key] = w
		}
		w.events = append(w.events, at)
		return true
	case "-":
		key, err := strconv.Unquote(string(rest))
		if w := kept[key]; err == nil && w != nil {
			if i := slices.Index(w.events, at); i >= 0 {
				w.events = slices.Delete(w.events, i, i+1)
			}
		}
		return err == nil
	}
	return false
}

func cutNumber(text []byte) (n int64, rest []byte, ok bool) {
	number, rest, _ := bytes.Cut(text, []byte{' '})
	n, err := strconv.ParseInt(string(number), 10, 64)
	return n, rest, err == nil && n >= 0
}

// restore counts the events of kept that are still inside their windows. One that lies
// in the future, by a clock that was wrong then or is now, counts as one of now.
func (m *Memory) restore(kept map[string]*keptWindow) {
	now := m.clock.read()
	origin := m.clock.start.UnixNano()
	for key, w := range kept {
		slices.Sort(w.events)
		s := &m.shards[m.index(key)]
		var e *entry
		for _, at := range w.events {
			t := min(at-origin, now)
			if after(t, w.per) <= now {
				continue
			}
			if e == nil {
				kind := m.kind(key)
				if s.room(kind, now) != nil {
					break // a cache made smaller than it was
				}
				e = s.windows.add(key, kind, now)
				e.per = w.per
			}
			e.events.push(t, math.MaxInt)
			s.windows.expireAt(e, after(t, w.per))
		}
	}
}
