package faults_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mounted mounts a file system for a test, and tells whether this machine lets it.
func mounted(t *testing.T, args ...string) (dir string, ok bool) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.Command("mount", append(args, dir)...).CombinedOutput(); err != nil {
		t.Logf("mount: %v %s", err, out)
		return dir, false
	}
	// Lazily, since whoever uses it may be dying just now.
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	return dir, true
}

// limitFiles keeps a process from writing to files past that size, which is what is left
// to a test that may not mount.
func (s *single) limitFiles(t *testing.T, size string) {
	t.Helper()
	out, err := exec.Command("prlimit", "--pid", fmt.Sprint(s.pid()), "--fsize="+size+":unlimited").CombinedOutput()
	if err != nil {
		t.Fatalf("prlimit: %v %s", err, out)
	}
}

// fill writes until the disk takes no more, and returns what makes room again.
func fill(t *testing.T, disk string) (free func()) {
	t.Helper()
	ballast := filepath.Join(disk, "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = file.Close()
	return func() {
		if err := os.Remove(ballast); err != nil {
			t.Error(err)
		}
	}
}

// TestAFullDiskRefusesAndLosesNothing demands answers all the while: writes are refused
// in so many words, reads go on, and room is all that it takes to go on.
func TestAFullDiskRefusesAndLosesNothing(t *testing.T) {
	disk, mountable := mounted(t, "-t", "tmpfs", "-o", "size=24m", "tmpfs")
	s := newSingle(t, disk)
	s.start(t)
	if mountable {
		fullDisk(t, "embedded: the disk is full", s, func() func() { return fill(t, disk) })
		return
	}
	limitedDisk(t, s)
}

// TestWhatAFullDiskRefusesCountsForNoLimit has a mail be asked for until there is no room for
// it, and once more when there is. That of the system which a file may not grow beyond is
// another error, after which nobody knows.
func TestWhatAFullDiskRefusesCountsForNoLimit(t *testing.T) {
	disk, mountable := mounted(t, "-t", "tmpfs", "-o", "size=24m", "tmpfs")
	if !mountable {
		t.Skip("a disk of its own takes the right to mount one")
	}
	s := newSingle(t, disk)
	s.environ = append(s.environ, "FLOWXI_RATE_LIMITS=on")
	s.start(t)
	c := newCaller(s.url(), newTally("embedded: a limit and a full disk", seed(t)).note)
	mends := fill(t, disk)
	send := func(i int) reply {
		return c.call("POST", "/register-email-code/send", "", map[string]any{"email": fmt.Sprintf("no.room.%d@example.com", i)})
	}
	refused := 0
	for ; refused < 25 && send(refused).Status == 200; refused++ { // what little room there is
	}
	mends()
	eventually(t, "what was refused is done", func() bool { return send(refused).Status == 200 })
}

// TestAWriteThatIsCutShortRefusesAndLosesNothing is the same with a limit that the system
// sets to files, which can end a write in the middle.
func TestAWriteThatIsCutShortRefusesAndLosesNothing(t *testing.T) {
	s := newSingle(t, t.TempDir())
	s.start(t)
	limitedDisk(t, s)
}

func limitedDisk(t *testing.T, s *single) {
	t.Helper()
	fullDisk(t, "embedded: files may not grow", s, func() func() {
		s.limitFiles(t, "1")
		return func() { s.limitFiles(t, "unlimited") }
	})
}

func fullDisk(t *testing.T, name string, s *single, breaks func() (mends func())) {
	t.Helper()
	serial := 0
	s.endure(t, name, asTheyAre, func(l *tally) {
		serial++
		c, token := resident(t, s, l, fmt.Sprintf("resident.%d@example.com", serial))
		mends := breaks()
		demandRefusals(t, c, token)
		mends()
		l.mend()
		eventually(t, "a write is taken again", func() bool { return c.edit(token, "Back").Status == 200 })
	})
}

// demandRefusals waits for a write to be refused and then asks for everything.
func demandRefusals(t *testing.T, c *caller, token string) {
	t.Helper()
	eventually(t, "a write is refused", func() bool { return c.edit(token, "Full").Status == 503 })
	for i := range 5 {
		refused := map[string]reply{
			"a photo": c.upload(token, 20+i),
			"a code":  c.call("POST", "/register-email-code/send", "", map[string]any{"email": fmt.Sprintf("none.%d@example.com", i)}),
		}
		for what, r := range refused {
			// What little room others give back may do for one of them.
			if r.Status != 503 && r.Status != 200 {
				t.Errorf("%s is answered %d %s", what, r.Status, r.Code)
			}
		}
		if r := c.call("GET", "/me", token, nil); r.Status != 200 {
			t.Errorf("a read is answered %d %s", r.Status, r.Code)
		}
	}
}

func (c *caller) edit(token, name string) reply {
	return c.call("PATCH", "/me", token, map[string]any{"last_name": name})
}

// eventually waits for what must come about.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("it never comes about that %s", what)
}

// TestADiskThatTurnsReadOnlyRefusesWrites has the system do to a disk what it does when
// it finds it damaged.
func TestADiskThatTurnsReadOnlyRefusesWrites(t *testing.T) {
	image := filepath.Join(t.TempDir(), "disk")
	if out, err := exec.Command("truncate", "-s", "48M", image).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	disk, ok := "", false
	if exec.Command("mkfs.ext4", "-q", image).Run() == nil {
		disk, ok = mounted(t, "-o", "loop", image)
	}
	if !ok {
		disk = t.TempDir()
	}
	s := newSingle(t, disk)
	s.start(t)
	l := newTally("embedded: the disk turns read-only", seed(t))
	c, token := resident(t, s, l, "resident@example.com")
	l.ack()
	if !ok {
		s.limitFiles(t, "1")
	} else if out, err := exec.Command("mount", "-o", "remount,abort", disk).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	demandRefusals(t, c, token)
	l.judge(t)
}

// TestAFolderThatIsReadOnlyStopsTheStart takes the right to write from a folder that
// holds everything.
func TestAFolderThatIsReadOnlyStopsTheStart(t *testing.T) {
	s := newSingle(t, t.TempDir())
	s.start(t)
	s.terminate(t)
	if os.Geteuid() != 0 {
		if err := os.Chmod(s.dir, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(s.dir, 0o700) })
		s.refuses(t, "permission denied")
		return
	}
	for _, args := range [][]string{{"--bind", s.dir, s.dir}, {"-o", "remount,bind,ro", s.dir}} {
		if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
			t.Fatalf("mount %s: %v %s", strings.Join(args, " "), err, out)
		}
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", s.dir).Run() })
	s.refuses(t, "read-only")
	if said := s.doctor(t); !strings.Contains(said, "on a disk that is only to be read") {
		t.Errorf("flowxi doctor says %s", said)
	}
}

// doctor is what flowxi doctor says.
func (s *single) doctor(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t), "doctor")
	cmd.Env = s.environ
	said, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("flowxi doctor finds nothing")
	}
	return string(said)
}
