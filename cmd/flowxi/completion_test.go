package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// terminals are the shells, and how each begins. It says when it is ready, and the command
// tells its words. It reads what flowxi prints for it, or finds that under the names that
// the Debian package has, beside what there is for flowxi-admin.
var terminals = map[string]struct {
	args         []string
	ready        string
	words, admin string
	finds        string
}{
	"bash": {
		args:  []string{"--norc", "--noprofile", "-i"},
		ready: "PS1='rea''dy '; bind 'set bell-style none'; COMMAND() { echo \"<$*>\"; }; ",
		words: "flowxi", admin: "flowxi-admin", finds: ". ./flowxi-admin",
	},
	"zsh": {
		args:  []string{"-f", "-i"},
		ready: "PS1='rea''dy '; unsetopt beep; fpath=($PWD $fpath); autoload -U compinit && compinit -u -D; COMMAND() { print -r -- \"<$*>\" }; ",
		words: "_flowxi", admin: "_flowxi-admin", finds: "true",
	},
	"fish": {
		args:  []string{"--no-config", "-i"},
		ready: "function fish_prompt; echo -n 'rea''dy '; end; function COMMAND; echo \"<$argv>\"; end; ",
		words: "flowxi.fish", admin: "flowxi-admin.fish", finds: "set fish_complete_path $PWD $fish_complete_path",
	},
}

// typed is what somebody types behind the command, with tabs, and what it then gets.
var typed = []struct{ keys, words string }{
	{"aud\t ver\t", "audit verify"},
	{"rest\t --ident\t ./a-fi\t ./wo\t", "restore --identity ./a-file ./words"},
	{"user list --status blo\t --js\t", "user list --status blocked --json"},
	{"user list --status=pen\t", "user list --status=pending"},
	{"help keys ret\t", "help keys retire"},
	{"completion fi\t", "completion fish"},
	{"user show a-fi\t", "user show a-fi"}, // a person is no file
}

func TestShellsCompleteWhatIsTyped(t *testing.T) {
	t.Parallel()
	for shell := range terminals {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			writeWords(t, filepath.Join(home, "words"), shell)
			completes(t, home, shell, "flowxi", ". ./words")
		})
	}
}

func TestShellsCompleteCommandsOfTheService(t *testing.T) {
	t.Parallel()
	for shell, by := range terminals {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			writeWords(t, filepath.Join(home, by.words), shell)
			admin, err := os.ReadFile("../../deploy/debian/flowxi-admin." + shell)
			if err != nil {
				t.Fatal(err)
			}
			admin = bytes.ReplaceAll(admin, []byte("/usr/share/bash-completion/completions"), []byte("."))
			writeFile(t, filepath.Join(home, by.admin), admin)
			writeFile(t, filepath.Join(home, "words"), nil)
			completes(t, home, shell, "flowxi-admin", by.finds)
		})
	}
}

// completes types in a shell what there is to type behind a command, in a folder that has
// a file and the words.
func completes(t *testing.T, home, shell, command, begin string) {
	t.Helper()
	by := terminals[shell]
	writeFile(t, filepath.Join(home, "a-file"), nil)
	s := onScreen(t, []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm"}, "sh", append([]string{"-c", `cd && exec "$@"`, "sh", shell}, by.args...)...)
	s.types(strings.ReplaceAll(by.ready, "COMMAND", command) + begin + "\r")
	s.turnsTo("ready ")
	for _, c := range typed {
		s.types(command + " " + c.keys + "\r")
		s.turnsTo("<" + c.words + ">")
		s.turnsTo("ready ")
	}
	s.types("exit\r")
	if code := s.exits(); code != 0 {
		t.Errorf("%s exits with %d", shell, code)
	}
}

func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeWords(t *testing.T, path, shell string) {
	t.Helper()
	var b bytes.Buffer
	if err := writeCompletion(&b, shell, commandTable(t).Model.Node); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, b.Bytes())
}

// What can come next is all that the command line has, and nothing else.
func TestBashCompletesAllThatThereIs(t *testing.T) {
	t.Parallel()
	words := filepath.Join(t.TempDir(), "words")
	writeWords(t, words, "bash")
	for _, node := range append(commandTable(t).Model.Leaves(false), commandTable(t).Model.Children...) {
		var want []string
		for _, f := range flagsOf(node) {
			want = append(want, "--"+f.Name)
		}
		if got := completed(t, words, node.FullPath()+" --"); got != strings.Join(want, " ") {
			t.Errorf("behind %s there are %q, want %q", node.FullPath(), got, want)
		}
		if len(node.Children) == 0 {
			continue
		}
		for _, line := range []string{node.FullPath() + " ", "flowxi help " + node.Name + " "} {
			if got := completed(t, words, line); got != strings.Join(names(node.Children), " ") {
				t.Errorf("behind %s there are %q", line, got)
			}
		}
	}
	// Bash cuts words at = and at colons.
	for line, want := range map[string]string{
		"flowxi user list --status = b":              "blocked",
		"flowxi user list --status =":                "pending active blocked closed",
		"flowxi user list --status = closed --js":    "--json",
		"flowxi move --to postgres : //db/flowxi --": "--help --to --storage",
		"flowxi move --to = postgres : //d":          "",
		"flowxi user show 17 ":                       "",
		"flowxi audit verify ":                       "",
	} {
		if got := completed(t, words, line); got != want {
			t.Errorf("behind %s there are %q, want %q", line, got, want)
		}
	}
	lint := exec.CommandContext(t.Context(), "shellcheck", "-s", "bash", words)
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %v\n%s", err, out)
	}
}

// completed calls the function as bash does, with the words of a line.
func completed(t *testing.T, words, line string) string {
	t.Helper()
	const call = `source "$1"; complete -p flowxi >/dev/null || exit; shift
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _flowxi; echo "${COMPREPLY[*]}"`
	args := append([]string{"-c", call, "bash", words}, strings.Split(line, " ")...)
	out, err := exec.CommandContext(t.Context(), "bash", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
