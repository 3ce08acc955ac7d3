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
	if free, avail := float64(s.Free), df(t, dir, "avail"); free < avail/2 || free > avail*2 { // others write meanwhile
		t.Errorf("%v bytes are left, and df says %v", free, avail)
	}
	expectUsed(t, "bytes", s.Bytes, df(t, dir, "pcent"))
	expectUsed(t, "files", s.Files, df(t, dir, "ipcent"))
	if s.Left() <= 0 || s.Left() > 1 || s.Left() > s.Bytes || s.Left() > s.Files {
		t.Errorf("%+v: %v of it is left", s, s.Left())
	}
	if _, err := disk.Of(dir + "/nowhere"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a folder that is not there: %v", err)
	}
}

// df is a figure of GNU's df, 0 where the file system has none.
func df(t *testing.T, dir, column string) float64 {
	t.Helper()
	out, err := exec.Command("df", "-B1", "--output="+column, dir).Output()
	if err != nil {
		t.Skipf("df does not say: %v", err)
	}
	fields := strings.Fields(string(out))
	text := strings.TrimSuffix(fields[len(fields)-1], "%")
	if text == "-" {
		return 0
	}
	figure, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return figure
}

// expectUsed compares a part that is left with the percentage that df says is used, which it
// rounds up. Others write and remove meanwhile.
func expectUsed(t *testing.T, what string, left, percent float64) {
	t.Helper()
	if used := 100 * (1 - left); used > percent+2 || used < percent-3 {
		t.Errorf("of the %s %.1f %% are used, and df says %v %%", what, used, percent)
	}
}
