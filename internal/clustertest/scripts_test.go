package clustertest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// After a reboot a process id that was written down is somebody else's.
func TestScriptsLeaveProcessesOfOthersAlone(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		files []string // that hold the id
		run   func(dir string) []string
	}{
		"redis is stopped":  {[]string{"pid"}, func(dir string) []string { return []string{"redis", "stop", dir, "1"} }},
		"a node is stopped": {[]string{"node1.pid"}, func(dir string) []string { return []string{"cluster", "stop", dir, "node1"} }},
		"postgres stops":    {[]string{"postgres.pid"}, func(dir string) []string { return []string{"cluster", "stop", dir, "postgres"} }},
		"the rest is stopped": {
			[]string{"pgbouncer.pid", "redis.pid", "s3.pid", "mail.pid", "proxy.pid"},
			func(dir string) []string {
				return []string{"cluster", "stop", dir, "pgbouncer", "redis", "s3", "mail", "proxy"}
			},
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir, stranger := t.TempDir(), exec.Command("sleep", "60")
			if err := stranger.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- stranger.Wait() }()
			defer func() { _ = stranger.Process.Signal(syscall.SIGKILL) }()
			contents := map[string]string{"chosen": "base=1 nodes=1 pooler=on standby=off", "port": "1"}
			for _, name := range c.files {
				contents[name] = strconv.Itoa(stranger.Process.Pid)
			}
			for name, text := range contents {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			args := c.run(dir)
			out, err := exec.Command("../../scripts/"+args[0], args[1:]...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			select {
			case err := <-ended:
				t.Errorf("the process of somebody else has ended: %v", err)
			case <-time.After(200 * time.Millisecond):
			}
		})
	}
}
