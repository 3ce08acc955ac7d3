//go:build linux || darwin

package disk

import "syscall"

// Of tells of the file system that a path is on.
func Of(path string) (s Space, err error) {
	var f syscall.Statfs_t
	if err := syscall.Statfs(path, &f); err != nil {
		return s, err
	}
	s = Space{Free: f.Bavail * uint64(f.Bsize), Files: 1} //nolint:gosec // the size of a block
	if all := f.Blocks - f.Bfree + f.Bavail; all > 0 {
		s.Bytes = float64(f.Bavail) / float64(all)
	}
	if f.Files > 0 {
		s.Files = float64(f.Ffree) / float64(f.Files)
	}
	return s, nil
}
