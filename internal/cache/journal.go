package cache

import (
	"errors"
	"fmt"
	"log/slog"
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
