//go:build linux || darwin

package doctor

import (
	"errors"
	"io/fs"
	"syscall"
)

// modesTell are the rights that a mode tells of.
const modesTell fs.FileMode = 0o777

// isReadOnly is whether a file is on a file system that is only to be read.
func isReadOnly(path string) bool {
	const toWrite = 2 // W_OK of access(2)
	return errors.Is(syscall.Access(path, toWrite), syscall.EROFS)
}

// ownerOf is the number of the user whose a file is.
func ownerOf(info fs.FileInfo) uint32 {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return sys.Uid
	}
	return 0
}
