package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"

	"flowxi.app/flowxi/internal/blob/s3test"
	"flowxi.app/flowxi/internal/cache/redistest"
	"flowxi.app/flowxi/internal/dbtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"flowxi": main, "slowly": slowly})
}

func TestCommands(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			switch filepath.Base(env.WorkDir) {
			case "script-move":
				env.Setenv("POSTGRES", dbtest.Blank(t, dbtest.Postgres).URL)
			case "script-doctor_scaled":
				env.Setenv("POSTGRES", dbtest.Blank(t, dbtest.Postgres).URL)
				env.Setenv("REDIS", redistest.Database(t))
				env.Setenv("S3", s3test.New(t).URL)
				env.Setenv("SMTP", mailServer(t))
			}
			return setUp(env)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":     exits,
			"ready":     ready,
			"terminate": terminate,
			"register":  register,
			"twofa":     twofa,
			"me":        me,
			"ask":       ask,
			"age":       age,
			"ring":      ring,
			"sql":       statement,
			"follow":    follow,
		},
	})
}

// setUp gives each script a server of its own to start, and nobody else's settings.
func setUp(env *testscript.Env) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := l.Addr().(*net.TCPAddr).Port
	env.Setenv("FLOWXI_ADDR", fmt.Sprintf("127.0.0.1:%d", port))
	env.Setenv("FLOWXI_PUBLIC_URL", fmt.Sprintf("http://localhost:%d", port))
	env.Setenv("FLOWXI_DATA_DIR", filepath.Join(env.WorkDir, "data"))
	return l.Close()
}

// statement runs one on the database of the data folder, behind the back of Flowxi.
func statement(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs("data/flowxi.db"))
	ts.Check(err)
	_, err = db.Exec(args[0])
	ts.Check(errors.Join(err, db.Close()))
}

// follow waits for a background command to print what matches, and ends it.
func follow(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if strings.Contains(ts.ReadFile("tail"), args[0]) {
			return
		}
	}
	ts.Fatalf("nothing that was printed has %q", args[0])
}

// ring puts the key file into the settings, as a shell does that is told to by move.
func ring(ts *testscript.TestScript, _ bool, _ []string) {
	lines := strings.Fields(ts.ReadFile("data/keys"))
	ts.Setenv("FLOWXI_KEYS", strings.Join(lines, ","))
}

// exits runs a command and demands its exit code: "exits 2 flowxi serve".
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGUMENT…]")
	}
	var ended *exec.ExitError
	code := 0
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &ended) {
		code = ended.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("it exited with %d, want %s", code, args[0])
	}
}

// ready waits until the server answers that it is well.
func ready(ts *testscript.TestScript, _ bool, _ []string) {
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = ts.Exec("flowxi", "health"); err == nil {
			return
		}
	}
	ts.Fatalf("the server does not get ready: %v", err)
}

// terminate sends SIGTERM to the server, whose lock tells who it is, or SIGHUP where that
// is named.
func terminate(ts *testscript.TestScript, _ bool, args []string) {
	end := syscall.SIGTERM
	switch {
	case len(args) == 0, signal.Ignored(syscall.SIGHUP): // as it is for what nohup runs
	case args[0] == "HUP":
		end = syscall.SIGHUP
	default:
		ts.Fatalf("terminate takes HUP or nothing")
	}
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile("data/server.lock")))
	ts.Check(err)
	server, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(server.Signal(end))
}

// age makes a file look as if it was written a minute ago.
func age(ts *testscript.TestScript, _ bool, args []string) {
	then := time.Now().Add(-time.Minute)
	ts.Check(os.Chtimes(ts.MkAbs(args[0]), then, then))
}
