package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"flowxi.app/flowxi/internal/disk"
	"flowxi.app/flowxi/internal/node"
)

// Scarce is how little may be left of a disk, in parts of it. Zero is what is usual: a
// tenth is worth a warning, a fiftieth is a failure.
type Scarce struct{ Warning, Failure float64 }

func (s Scarce) orUsual() Scarce {
	if s == (Scarce{}) {
		return Scarce{Warning: 0.1, Failure: 0.02}
	}
	return s
}

// disk looks at the file system of the data folder.
func (p *patient) disk(context.Context) []Finding {
	if p.cfg.Stateless() {
		return skip("nothing is kept on this machine")
	}
	if !exists(p.cfg.DataDir) {
		return skip("there is no data directory yet: the first start makes it")
	}
	s, err := disk.Of(p.cfg.DataDir)
	if errors.Is(err, errors.ErrUnsupported) {
		return skip("this system does not tell")
	}
	if err != nil {
		return fail(fmt.Sprintf("%s cannot be looked at: %s", p.cfg.DataDir, err), "See that it is there, and that this command runs as the user of the server.")
	}
	limit, left := p.Scarce.orUsual(), s.Left()
	found := fmt.Sprintf("%.0f %% of the space (%d MB) and %.0f %% of the inodes of %s are left", s.Bytes*100, s.Free>>20, s.Files*100, p.cfg.DataDir)
	const do = "Make room: move old backups and logs away, or enlarge the disk. No restart is needed."
	switch {
	case left < limit.Failure:
		return fail(found, do)
	case left < limit.Warning:
		return warn(found, do)
	}
	return well("%s", found)
}

// private is a file that others may not look into.
type private struct {
	path   string
	others fs.FileMode // the rights that they may not have
	level  Level       // where they have one
	do     string
}

// The rights of others than the owner, and of those who are not in its group either.
const (
	others   fs.FileMode = 0o077
	everyone fs.FileMode = 0o007
)

// permissions looks at who may read what is kept, and whether it is all one user's.
func (p *patient) permissions(context.Context) (list []Finding) {
	seen := 0
	for _, f := range p.private() {
		info, err := os.Stat(f.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			list = append(list, fail(fmt.Sprintf("%s cannot be looked at: %s", f.path, err), "Run this command as the user of the server.")...)
			continue
		}
		seen++
		if info.Mode().Perm()&f.others&modesTell != 0 {
			list = append(list, Finding{Level: f.level, Found: fmt.Sprintf("others can look into %s (mode %04o)", f.path, info.Mode().Perm()), Do: f.do})
		}
	}
	list = append(list, p.owners()...)
	if seen == 0 && len(list) == 0 {
		return skip("nothing is kept on this machine, or not yet")
	}
	return or(list, "what is kept on this machine is for its owner alone")
}

func (p *patient) private() []private {
	chmod := func(mode, path string) string { return "Run chmod " + mode + " " + path + "." }
	dir, database, keys := p.cfg.DataDir, node.DatabaseFile(p.cfg), node.KeyFile(p.cfg)
	list := []private{{dir, others, Warning, chmod("700", dir)}}
	for _, path := range append(node.Journals(p.cfg), database) {
		list = append(list, private{path, others, Warning, chmod("600", path)})
	}
	if p.cfg.Keys == "" {
		list = append(list, private{keys, others, Failure, chmod("600", keys) + " No server starts before. Add a new key if others may have read it: flowxi keys add."})
	}
	if p.cfg.TLSKey != "" {
		// A group that keeps certificates is usual.
		list = append(list, private{p.cfg.TLSKey, everyone, Warning, chmod("o=", p.cfg.TLSKey)})
	}
	return list
}

// owners finds files of the data folder that are not of its owner, as a command leaves
// them that root ran: the server cannot write them.
func (p *patient) owners() (list []Finding) {
	whose := p.cfg.DataDir
	dir, err := os.Stat(whose)
	if err != nil {
		return nil
	}
	if dir.Mode().Perm()&0o020 != 0 { // a volume that is given to a group
		whose = node.DatabaseFile(p.cfg)
	}
	server, err := os.Stat(whose)
	if err != nil {
		return nil
	}
	var paths []string
	for _, file := range node.Files(p.cfg) {
		paths = append(paths, file.Path)
	}
	paths = append(paths, node.Journals(p.cfg)...)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err == nil && ownerOf(info) != ownerOf(server) {
			list = append(list, fail(fmt.Sprintf("%s belongs to another user than %s, and the server may not be able to write it", path, whose),
				fmt.Sprintf("Run chown -R --reference=%s %s.", whose, path))...)
		}
	}
	return list
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
