//go:build unix

package seal_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"flowxi.app/flowxi/internal/seal"
)

func TestRootLeavesTheFileToItsOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, "one:"+secret('a')+"\n")
	if err := os.Chown(path, 4711, 4712); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Add(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 4711 || owner.Gid != 4712 || info.Mode() != 0o600 {
		t.Errorf("the file belongs to %d:%d with mode %v", owner.Uid, owner.Gid, info.Mode())
	}
}

func TestAPipeIsRefusedWithoutWaiting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.LoadOrCreate(path); err == nil {
		t.Error("a pipe was taken for a file")
	}
}
