package mail

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	dirMode   = 0o700
	fileMode  = 0o600
	extension = ".eml"
	unready   = ".new" // ends the name of a file that is being written
)

// write puts a file in place whole, or not at all.
func (in *Inbox) write(id string, body []byte) error {
	return in.through(id, body, func(temp string) error { return in.root.Rename(temp, id+extension) })
}

// unwrite takes as long as write, after which there is nothing.
func (in *Inbox) unwrite(id string, body []byte) error { return in.through(id, body, in.root.Remove) }

// through writes a file that is not ready yet, and makes of it what it is to be.
func (in *Inbox) through(id string, body []byte, done func(temp string) error) error {
	temp := id + unready
	file, err := in.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(body)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, in.root.Remove(temp))
	}
	if err := done(temp); err != nil {
		return errors.Join(err, in.root.Remove(temp))
	}
	return in.syncFolder()
}

func (in *Inbox) syncFolder() error {
	folder, err := in.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func (in *Inbox) remove(id string) error {
	if err := in.root.Remove(id + extension); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (in *Inbox) read(id string) (Entry, error) {
	body, err := in.root.ReadFile(id + extension)
	if errors.Is(err, fs.ErrNotExist) {
		return Entry{}, ErrNotFound
	}
	if err != nil {
		return Entry{}, fmt.Errorf("read mail: %w", err)
	}
	return parse(id, body)
}

// load reads what an earlier process left, with the first call that needs it: a
// server does not start slower for a full inbox.
func (in *Inbox) load() error {
	if in.loaded {
		return nil
	}
	names, err := in.names()
	if err != nil {
		return fmt.Errorf("read inbox: %w", err)
	}
	for _, id := range names {
		// A file that is no mail of ours is nobody's, and no reason to stop.
		if e, err := in.read(id); err == nil {
			in.entries = append(in.entries, e.summary())
		}
	}
	in.loaded = true
	return nil
}

// names lists the ids of the stored mails in the order in which they arrived, and
// sweeps up files that were never finished.
func (in *Inbox) names() ([]string, error) {
	files, err := fs.ReadDir(in.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	arrived := make(map[string]time.Time, len(files))
	for _, f := range files {
		id, ready := strings.CutSuffix(f.Name(), extension)
		if temp, ok := strings.CutSuffix(f.Name(), unready); ok && validID(temp) {
			_ = in.root.Remove(f.Name())
		}
		if info, err := f.Info(); err == nil && ready && validID(id) && info.Mode().IsRegular() {
			arrived[id] = info.ModTime()
		}
	}
	return byArrival(arrived), nil
}

func byArrival(arrived map[string]time.Time) []string {
	ids := make([]string, 0, len(arrived))
	for id := range arrived {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(arrived[a].Compare(arrived[b]), strings.Compare(a, b))
	})
	return ids
}
