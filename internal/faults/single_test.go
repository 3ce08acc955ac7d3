package faults_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	netmail "net/mail"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/mail"
)

// binaryDir is where the program is built, once for all tests.
var binaryDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "flowxi-faults-") })

var built = sync.OnceValues(func() (string, error) {
	dir, err := binaryDir()
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "flowxi"), "./cmd/flowxi")
	cmd.Dir = backing.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	return filepath.Join(dir, "flowxi"), nil
})

func binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := binaryDir(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// single is a Flowxi of one process, with what its settings name behind it: without any
// it is the embedded default.
type single struct {
	program string // that of this tree where it is empty
	dir     string // of its data
	addr    string
	environ []string
	log     *os.File

	cmd   *exec.Cmd
	ended chan struct{}
}

// newSingle makes one that does not run yet, and that ends with the test.
func newSingle(t *testing.T, dir string, environ ...string) *single {
	t.Helper()
	port, release, err := backing.Ports()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	s := &single{dir: filepath.Join(dir, "data"), addr: fmt.Sprintf("127.0.0.1:%d", port), log: log}
	s.environ = append(settingsOf(s.dir, s.addr), environ...)
	t.Cleanup(func() { s.bury(t) })
	return s
}

// settingsOf are those of every server here.
func settingsOf(dir, addr string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "FLOWXI_DATA_DIR=" + dir, "FLOWXI_ADDR=" + addr, "FLOWXI_RATE_LIMITS=off", "FLOWXI_LOG_FORMAT=json",
	}
}

// bury ends what still runs. After a failure it first shows what was logged last.
func (s *single) bury(t *testing.T) {
	if s.cmd != nil {
		s.kill(t)
	}
	_ = s.log.Close()
	if !t.Failed() {
		return
	}
	text, _ := os.ReadFile(s.log.Name())
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, `"level":"INFO"`) {
			lines = append(lines, line)
		}
	}
	t.Logf("its last words:\n%s", strings.Join(lines[max(0, len(lines)-20):], ""))
}

// launch starts it and does not wait.
func (s *single) launch(t *testing.T) {
	t.Helper()
	program := s.program
	if program == "" {
		program = binary(t)
	}
	cmd := exec.Command(program, "serve")
	cmd.Env, cmd.Stderr = s.environ, s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.cmd, s.ended = cmd, ended
}

// start starts it and waits until it answers.
func (s *single) start(t *testing.T) {
	t.Helper()
	s.launch(t)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.ended:
			t.Fatalf("it does not start: %s", s.cmd.ProcessState)
		default:
		}
		if resp, err := http.Get(s.url() + "/api/v1/health"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Fatal("it never answers")
}

// kill ends it by kill -9.
func (s *single) kill(t *testing.T) {
	t.Helper()
	_ = s.cmd.Process.Kill() // it may have ended
	s.await(t)
}

// terminate tells it to end and returns its exit code.
func (s *single) terminate(t *testing.T) int {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await(t)
	return s.cmd.ProcessState.ExitCode()
}

func (s *single) await(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(40 * time.Second):
		t.Fatal("it does not end")
	}
}

func (s *single) pid() int { return s.cmd.Process.Pid }

func (s *single) url() string { return "http://" + s.addr }

func (s *single) inbox(to string) []mail.Entry {
	if to == "" {
		return s.delivered()
	}
	resp, err := http.Get(s.url() + "/dev/inbox.json?to=" + url.QueryEscape(to))
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Mails []mail.Entry `json:"mails"`
	}
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	return answer.Mails
}

// delivered lists the files of the inbox, of which its page shows the newest alone.
func (s *single) delivered() (list []mail.Entry) {
	files, _ := filepath.Glob(filepath.Join(s.dir, "inbox", "*.eml"))
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			continue // it has just been pushed out
		}
		message, err := netmail.ReadMessage(file)
		_ = file.Close()
		if err != nil {
			continue
		}
		to, err := netmail.ParseAddress(message.Header.Get("To"))
		if err == nil {
			list = append(list, mail.Entry{ID: filepath.Base(name), To: to.Address})
		}
	}
	return list
}
