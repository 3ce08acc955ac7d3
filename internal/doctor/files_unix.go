//go:build linux || darwin

package doctor

import (
	"io/fs"
	"syscall"
)

// modesTell are the rights that a mode tells of.
const modesTell fs.FileMode = 0o777

// ownerOf is the number of the user whose a file is.
func ownerOf(info fs.FileInfo) uint32 {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return sys.Uid
	}
	return 0
}
