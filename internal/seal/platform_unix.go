//go:build unix

package seal

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// othersBits are the rights of a mode that belong to others than the owner.
const othersBits = 0o077

// lock waits until no other process holds the file. Closing it unlocks.
func lock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
}

// keepOwner gives f the owner of the file that it is to replace, so that a
// change made by root leaves the file to the service that reads it.
func keepOwner(f *os.File, old fs.FileInfo) error {
	owner, ok := old.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Geteuid() {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

// SyncDir makes the name of a file durable: it flushes the folder that the file is in.
func SyncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("open its folder: %w", err)
	}
	defer func() { _ = dir.Close() }()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("flush its folder: %w", err)
	}
	return nil
}
