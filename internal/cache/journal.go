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
	"sync"
	"time"
)

// journalSlack is the least that a journal grows by before it is written anew, in bytes.
const journalSlack = 4 << 20

// journal is a file of what the windows count, so that a restart, even by kill -9,
// gives nobody their tries back. One line is one event, counted or given back, with its
// time and the length of its window in nanoseconds, the time since 1970:
//
//	line = ( "+" time length | "-" time ) quoted-key
//
// What is no such line is passed over, as the end of one that a crash cut short is.
//
// A line is written before the caller hears of its event, and not synced: it outlives
// the process, while a power cut may take the last moments. Where the disk takes no
// more, limits hold on in memory.
type journal struct {
	path  string
	start time.Time // where the clock of the cache began

	mu    sync.Mutex
	file  *os.File
	grown int64  // bytes since it was last written anew
	base  int64  // bytes that it had then
	lines []byte // to be written; empty while the lock is free
	torn  bool   // the last write failed, and may have left half a line

	// While the journal is written anew, lines of the shards that the new file has go
	// there too.
	next   *os.File
	copied [maxShards]bool
}

// OpenMemory is NewMemory with a journal: it brings back the windows that the file at
// path holds, and keeps its own there, save the Fleeting ones. The file belongs to this
// process alone; a missing one is an empty one.
func OpenMemory(now func() time.Time, o Options, path string) (*Memory, error) {
	m := newMemory(now, o)
	kept, err := readJournal(path)
	if err != nil {
		return nil, fmt.Errorf("read the journal of limits: %w", err)
	}
	m.restore(kept)
	m.journal = &journal{path: path, start: m.clock.start}
	if err := m.rewrite(); err != nil {
		return nil, fmt.Errorf("write the journal of limits: %w", err)
	}
	go m.sweepUntilStopped()
	return m, nil
}

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
				if s.room(now) != nil {
					break // a cache made smaller than it was
				}
				e = s.windows.add(key, now)
				e.per = w.per
			}
			e.events.push(t, math.MaxInt)
			s.windows.expireAt(e, after(t, w.per))
		}
	}
}

// counted adds an event in every slot. Their shards are locked.
func (j *journal) counted(slots []slot, now int64) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range slots {
		s := &slots[i]
		if s.Fleeting {
			continue
		}
		from := len(j.lines)
		j.lines = j.appendCounted(j.lines, now, s.Per, s.Key)
		j.alsoNext(s.index, j.lines[from:])
	}
	j.write()
}

// released gives the event of that time back. The shard is locked.
func (j *journal) released(e *entry, index int, at int64) {
	if j == nil || e.fleeting {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, "- "...)
	j.lines = strconv.AppendInt(j.lines, j.start.UnixNano()+at, 10)
	j.lines = strconv.AppendQuote(append(j.lines, ' '), e.key)
	j.lines = append(j.lines, '\n')
	j.alsoNext(index, j.lines)
	j.write()
}

func (j *journal) appendCounted(b []byte, at int64, per time.Duration, key string) []byte {
	b = append(b, "+ "...)
	b = strconv.AppendInt(b, j.start.UnixNano()+at, 10)
	b = strconv.AppendInt(append(b, ' '), int64(per), 10)
	b = strconv.AppendQuote(append(b, ' '), key)
	return append(b, '\n')
}

// write writes the lines that were gathered, if there are any.
func (j *journal) write() {
	lines := j.lines
	j.lines = j.lines[:0]
	if j.file == nil || len(lines) == 0 {
		return
	}
	if j.torn {
		lines = slices.Insert(lines, 0, '\n')
	}
	n, err := j.file.Write(lines)
	j.grown += int64(n)
	if err != nil && !j.torn {
		slog.Warn("limits are not written any more: a restart would forget them", "error", err)
	}
	j.torn = err != nil
}

// alsoNext writes lines about a window of that shard to the new file, if there is one
// and it has that shard.
func (j *journal) alsoNext(index int, lines []byte) {
	if j.next == nil || !j.copied[index] {
		return
	}
	if _, err := j.next.Write(lines); err != nil {
		j.drop() // the next try will do
	}
}

var errDropped = errors.New("a line could not be written")

// drop gives up the new file.
func (j *journal) drop() {
	_ = j.next.Close()
	_ = os.Remove(j.next.Name())
	j.next = nil
}

// full tells whether the journal is to be written anew.
func (j *journal) full() bool {
	if j == nil {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file != nil && j.grown > max(journalSlack, j.base)
}

func (j *journal) close() {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_ = j.file.Close()
	j.file = nil
}

// rewrite writes the journal anew, with the windows that there are and nothing of those
// that were. It goes shard by shard: each waits no longer than its own lines take.
func (m *Memory) rewrite() error {
	j := m.journal
	next, err := j.begin()
	if err != nil {
		return err
	}
	for i := range m.shards {
		if err := m.copyShard(i); err != nil {
			return err
		}
	}
	if err := next.Sync(); err != nil {
		return err
	}
	return j.swap()
}

func (j *journal) begin() (next *os.File, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.next != nil {
		j.drop()
	}
	j.grown, j.base, j.copied = 0, 0, [maxShards]bool{}
	j.next, err = os.OpenFile(j.path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	return j.next, err
}

func (m *Memory) copyShard(index int) error {
	s, j := &m.shards[index], m.journal
	s.mu.Lock()
	defer s.mu.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.next == nil {
		return errDropped
	}
	var lines []byte
	for _, e := range s.windows.order {
		for i := 0; i < e.events.n && !e.fleeting; i++ {
			lines = j.appendCounted(lines, e.events.at(i), e.per, e.key)
		}
	}
	n, err := j.next.Write(lines)
	if err != nil {
		j.drop()
		return err
	}
	j.base += int64(n)
	j.copied[index] = true
	return nil
}

// swap puts the new file in the place of the old, which is good until then.
func (j *journal) swap() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.next == nil {
		return errDropped
	}
	if err := os.Rename(j.next.Name(), j.path); err != nil {
		j.drop()
		return err
	}
	if j.file != nil {
		_ = j.file.Close()
	}
	j.file, j.next, j.torn = j.next, nil, false
	return nil
}
