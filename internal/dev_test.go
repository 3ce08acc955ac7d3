package internal_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// standIn is a server that takes no time to build: it tells which one it is, and that it has
// ended in peace.
const standIn = `package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

//go:embed page.txt
var page string

func main() {
	ctx := make(chan os.Signal, 2)
	signal.Notify(ctx, syscall.SIGTERM, syscall.SIGINT)
	fmt.Fprintln(os.Stderr, "serving", os.Getpid(), page)
	<-ctx
	fmt.Fprintln(os.Stderr, "ended", os.Getpid())
}
`

func TestDevServesWhatTheTreeIs(t *testing.T) {
	t.Parallel()
	tree, temporary := t.TempDir(), t.TempDir()
	put(t, tree, "go.mod", "module example.org/standin\n\ngo 1.26\n")
	put(t, tree, "go.sum", "")
	put(t, tree, "internal/doc.go", "package internal\n")
	put(t, tree, "client/doc.go", "package client\n")
	put(t, tree, "docs/guide.md", "")
	put(t, tree, "README.md", "")
	put(t, tree, "papers.go", "package standin\n")
	put(t, tree, "cmd/flowxi/main.go", standIn)
	put(t, tree, "cmd/flowxi/page.txt", "one")
	put(t, tree, "scripts/dev", read(t, "../scripts/dev"))

	dev := exec.Command("bash", "scripts/dev")
	dev.Dir = tree
	dev.Env = append(os.Environ(), "TMPDIR="+temporary)
	stderr, err := dev.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dev.Process.Kill() })
	said := listen(bufio.NewScanner(stderr))

	first := said.wait(t, "serving ", " one")
	put(t, tree, "cmd/flowxi/page.txt", "two")
	if gone := said.wait(t, "ended ", ""); gone != first {
		t.Errorf("process %s has ended; %s was served", gone, first)
	}
	second := said.wait(t, "serving ", " two")
	if second == first {
		t.Errorf("the process is %s still", first)
	}

	put(t, tree, "cmd/flowxi/main.go", standIn+"}")
	said.wait(t, "dev: that does not build; the server before it goes on", "")
	if err := isThere(t, second); err != nil {
		t.Errorf("the server before the mistake: %v", err)
	}
	put(t, tree, "cmd/flowxi/main.go", strings.ReplaceAll(standIn, `"serving", os`, `"serving", "again", os`))
	said.wait(t, "ended "+second, "")
	third := said.wait(t, "serving again ", " two")

	if err := dev.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	said.wait(t, "ended "+third, "")
	if err := dev.Wait(); err != nil {
		t.Errorf("scripts/dev: %v", err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("it left %v behind, %v", left, err)
	}
	if err := isThere(t, third); err == nil {
		t.Error("it left its server behind")
	}
}

func TestDevWatchesAllThatTheServerIsMadeOf(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`(?m)^sources=\((.*)\)$`).FindStringSubmatch(read(t, "../scripts/dev"))
	if line == nil {
		t.Fatal("scripts/dev has no line sources=(…)")
	}
	watched := strings.Fields(line[1])
	list := exec.Command("go", "list", "-deps", "-f",
		`{{if .Module}}{{if .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$dir}}/{{.}}
{{end}}{{end}}{{end}}`, "../cmd/flowxi")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Fields(string(out))
	if len(files) < 100 {
		t.Fatalf("the server is made of %d files; that cannot be all", len(files))
	}
	for _, file := range files {
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(watched, func(source string) bool {
			whole, _ := filepath.Match(filepath.Clean(source), name)
			return whole || strings.HasPrefix(name, source+"/")
		}) {
			t.Errorf("the server is made of %s too, which sources in scripts/dev does not name", name)
		}
	}
}

// put writes a file of a tree.
func put(t *testing.T, tree, name, text string) {
	t.Helper()
	path := filepath.Join(tree, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lines are what a program says, one after the other.
type lines chan string

func listen(from *bufio.Scanner) lines {
	l := make(lines, 1000)
	go func() {
		defer close(l)
		for from.Scan() {
			l <- from.Text()
		}
	}()
	return l
}

// wait returns what stands between two texts in the next line that begins and ends so.
func (l lines) wait(t *testing.T, before, after string) string {
	t.Helper()
	var heard []string
	late := time.After(2 * time.Minute)
	for {
		select {
		case line, more := <-l:
			if !more {
				t.Fatalf("it ended before it said %q … %q; it said:\n%s", before, after, strings.Join(heard, "\n"))
			}
			heard = append(heard, line)
			if rest, ok := strings.CutPrefix(line, before); ok && strings.HasSuffix(rest, after) {
				return strings.TrimSuffix(rest, after)
			}
		case <-late:
			t.Fatalf("it has not said %q … %q; it said:\n%s", before, after, strings.Join(heard, "\n"))
		}
	}
}

// isThere returns an error where no process has that id.
func isThere(t *testing.T, pid string) error {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	return syscall.Kill(n, 0)
}
