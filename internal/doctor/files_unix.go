//go:build linux || darwin

package doctor

import (
	"io/fs"
	"syscall"
)

// modesTell are the rights that a mode tells of.
const modesTell fs.FileMode = 0o777

// spaceOf counts as df does: what is kept for root is not left.
func spaceOf(path string) (s space, err error) {
	var f syscall.Statfs_t
	if err := syscall.Statfs(path, &f); err != nil {
		return s, err
	}
	s = space{free: f.Bavail * uint64(f.Bsize), files: 1} //nolint:gosec // the size of a block
	if all := f.Blocks - f.Bfree + f.Bavail; all > 0 {
		s.bytes = float64(f.Bavail) / float64(all)
	}
	if f.Files > 0 {
		s.files = float64(f.Ffree) / float64(f.Files)
	}
	return s, nil
}

// ownerOf is the number of the user whose a file is.
func ownerOf(info fs.FileInfo) uint32 {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return sys.Uid
	}
	return 0
}
