package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// admin is flowxi-admin among programs that stand in for those of systemd: systemd-run
// writes down what it is given and does what it is told here.
type admin struct {
	t      *testing.T
	folder string
}

// newAdmin has systemd know the Environment and LoadCredential of the service, as busctl
// prints them.
func newAdmin(t *testing.T, environment, credentials, run string) admin {
	t.Helper()
	a := admin{t, t.TempDir()}
	script, err := os.ReadFile(filepath.Join(real, "systemd", "flowxi-admin"))
	if err != nil {
		t.Fatal(err)
	}
	a.write("settings", "", 0o600)
	a.write("flowxi-admin", strings.ReplaceAll(string(script), "-r /etc/flowxi/flowxi.env", "-r "+filepath.Join(a.folder, "settings")), 0o755)
	a.write("id", "#!/bin/sh\necho 0\n", 0o755)
	a.write("busctl", "#!/bin/sh\ncase $5 in Environment) cat <<'E'\n"+environment+"\nE\n;; *) cat <<'E'\n"+credentials+"\nE\nesac\n", 0o755)
	a.write("systemctl", "#!/bin/sh\necho \"$*\" >>"+a.folder+"/stopped\nkill $(cat "+a.folder+"/pid)\n", 0o755)
	a.write("systemd-run", "#!/bin/sh\nprintf '%s\\n' \"$@\" >"+a.folder+"/given\necho $$ >"+a.folder+"/pid\n"+run+"\n", 0o755)
	return a
}

func (a admin) write(name, text string, mode os.FileMode) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.folder, name), []byte(text), mode); err != nil { //nolint:gosec // in the folder of the test
		a.t.Fatal(err)
	}
}

func (a admin) read(name string) string {
	text, err := os.ReadFile(filepath.Join(a.folder, name)) //nolint:gosec // in the folder of the test
	if err != nil {
		return ""
	}
	return string(text)
}

func (a admin) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(a.t.Context(), "sh", append([]string{filepath.Join(a.folder, "flowxi-admin")}, args...)...) //nolint:gosec // of this project
	c.Env = []string{"PATH=" + a.folder + ":" + os.Getenv("PATH"), "SUDO_USER=grace"}
	return c
}

func TestCommandsHaveWhatTheServiceHas(t *testing.T) {
	t.Parallel()
	a := newAdmin(t,
		`as 5 "FLOWXI_DATA_DIR=/var/lib/flowxi" "FLOWXI_TLS_CERT=/run/credentials/flowxi.service/a:/run/credentials/flowxi.service/b" "FLOWXI_MAIL_FROM=Soci\303\251t\303\251 <a@b>" "FLOWXI_A=\"q\" it's 100% \\\\" "USER=nobody"`,
		`a(ss) 2 "tls.crt" "/etc/flowxi/my cert.pem" "tls.key" "/etc/flowxi/tls.key"`,
		"cat")
	c := a.command("user", "show", "$HOME", "a b", "", "100%", `\`)
	c.Stdin = strings.NewReader("what is read\n")
	out, err := c.CombinedOutput()
	if err != nil || string(out) != "what is read\n" {
		t.Errorf("%v: %q", err, out)
	}
	given := strings.Split(strings.TrimSuffix(a.read("given"), "\n"), "\n")
	at := slices.Index(given, "/usr/local/bin/flowxi")
	if want := []string{"user", "show", "$$HOME", "a b", "", "100%", `\`}; at < 0 || !slices.Equal(given[at+1:], want) {
		t.Errorf("the command is %q", given)
	}
	var unit string
	for _, word := range given {
		if name, is := strings.CutPrefix(word, "--unit="); is {
			unit = name
		}
	}
	for _, want := range []string{
		"--setenv=FLOWXI_DATA_DIR=/var/lib/flowxi", "--setenv=FLOWXI_MAIL_FROM=Société <a@b>", `--setenv=FLOWXI_A="q" it's 100% \\`,
		"--setenv=FLOWXI_TLS_CERT=/run/credentials/" + unit + "/a:/run/credentials/" + unit + "/b",
		"--property=LoadCredential=tls.crt:/etc/flowxi/my cert.pem", "--property=LoadCredential=tls.key:/etc/flowxi/tls.key",
		"--service-type=oneshot",
	} {
		if !slices.Contains(given, want) {
			t.Errorf("%s is missing in %q", want, given)
		}
	}
	// The last of a name counts, and the audit trail relies on this one.
	if slices.Index(given, "--setenv=USER=grace") < slices.Index(given, "--setenv=USER=nobody") {
		t.Errorf("the user of sudo is not told: %q", given)
	}
}

func TestACommandOfTheServiceEndsAsItsProgramDoes(t *testing.T) {
	t.Parallel()
	for run, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -PIPE $$": 128 + int(syscall.SIGPIPE)} {
		c := newAdmin(t, "as 0", "a(ss) 0", run).command("doctor")
		_ = c.Run() // its status says it
		if got := c.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: exit status %d, want %d", run, got, want)
		}
	}
	a := newAdmin(t, "as 0", "a(ss) 0", "exit 243")
	if out, _ := a.command("doctor").CombinedOutput(); !strings.Contains(string(out), "systemd could not run it") {
		t.Errorf("a credential that is missing is told as %q", out)
	}
	a.write("busctl", "#!/bin/sh\nexit 1\n", 0o755)
	c := a.command("doctor")
	if out, err := c.CombinedOutput(); err == nil || c.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "cannot read the Environment") {
		t.Errorf("what it cannot read it goes without: %v %s", err, out)
	}
}

// What a command runs goes with it, and is waited for, whichever of the two that are told
// is done first.
func TestASignalEndsWhatACommandRuns(t *testing.T) {
	t.Parallel()
	for name, takes := range map[string]string{"the program": "sleep 1", "systemctl": ""} {
		t.Run(name+" takes longer", func(t *testing.T) {
			t.Parallel()
			a := newAdmin(t, "as 0", "a(ss) 0", "trap '"+takes+"\nexit 9' TERM; echo >\"${0%/*}/ready\"; while :; do sleep 0.1; done")
			if takes == "" {
				a.write("systemctl", a.read("systemctl")+"sleep 1\n", 0o755)
			}
			c := a.command("backup", "-")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(time.Minute); a.read("ready") == ""; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("it runs nothing")
				}
			}
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			_ = c.Wait() // its status says it
			if got := c.ProcessState.ExitCode(); got != 9 || !strings.Contains(a.read("stopped"), "stop flowxi-admin-") {
				t.Errorf("exit status %d, want that of what it ran; stopped: %q", got, a.read("stopped"))
			}
		})
	}
}
