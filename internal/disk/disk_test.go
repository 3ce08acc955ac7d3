package disk_test

import (
	"errors"
	"io/fs"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/disk"
)

func TestItCountsAsDfDoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := disk.Of(dir)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("df", "-B1", "--output=avail", dir).Output()
	if err != nil {
		t.Skipf("df does not say: %v", err)
	}
	avail, err := strconv.ParseFloat(strings.Fields(string(out))[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	if free := float64(s.Free); free < avail/2 || free > avail*2 { // others write meanwhile
		t.Errorf("%v bytes are left, and df says %v", free, avail)
	}
	if s.Left() <= 0 || s.Left() > 1 || s.Left() > s.Bytes || s.Left() > s.Files {
		t.Errorf("%+v: %v of it is left", s, s.Left())
	}
	if _, err := disk.Of(dir + "/nowhere"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a folder that is not there: %v", err)
	}
}
