package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A shell that begins with what flowxi prints for it, and in which flowxi tells its words.
var begins = map[string]struct {
	args  []string
	begin string
}{
	"bash": {
		[]string{"--norc", "--noprofile", "-i"},
		"PS1='rea''dy '; bind 'set bell-style none'; flowxi() { echo \"<$*>\"; }; . ./words\r",
	},
	"zsh": {
		[]string{"-f", "-i"},
		"PS1='rea''dy '; unsetopt beep; autoload -U compinit && compinit -u -D; flowxi() { print -r -- \"<$*>\" }; . ./words\r",
	},
	"fish": {
		[]string{"--no-config", "-i"},
		"function fish_prompt; echo -n 'rea''dy '; end; function flowxi; echo \"<$argv>\"; end; . ./words\r",
	},
}

// typed is what somebody types, with tabs, and what flowxi then gets.
var typed = []struct{ keys, words string }{
	{"flowxi aud\t ver\t", "audit verify"},
	{"flowxi rest\t --ident\t ./a-fi\t ./wo\t", "restore --identity ./a-file ./words"},
	{"flowxi user list --status blo\t --js\t", "user list --status blocked --json"},
	{"flowxi user list --status=pen\t", "user list --status=pending"},
	{"flowxi help keys ret\t", "help keys retire"},
	{"flowxi completion fi\t", "completion fish"},
	{"flowxi user show a-fi\t", "user show a-fi"}, // a person is no file
}

func TestShellsCompleteWhatIsTyped(t *testing.T) {
	t.Parallel()
	for shell, by := range begins {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			writeWords(t, filepath.Join(home, "words"), shell)
			if err := os.WriteFile(filepath.Join(home, "a-file"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			s := onScreen(t, []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm"}, "sh", append([]string{"-c", `cd && exec "$@"`, "sh", shell}, by.args...)...)
			s.types(by.begin)
			s.turnsTo("ready ")
			for _, c := range typed {
				s.types(c.keys + "\r")
				s.turnsTo("<" + c.words + ">")
				s.turnsTo("ready ")
			}
			s.types("exit\r")
			if code := s.exits(); code != 0 {
				t.Errorf("%s exits with %d", shell, code)
			}
		})
	}
}

func writeWords(t *testing.T, path, shell string) {
	t.Helper()
	var b bytes.Buffer
	if err := writeCompletion(&b, shell, commandTable(t).Model.Node); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
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
