package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// told is what a progress writes of a stage of 1000 that takes ten seconds and of
// another that is done at once.
func told(t *testing.T, terminal bool) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	now := time.Unix(0, 0)
	p := &progress{to: f, terminal: terminal, now: func() time.Time { return now }}
	for done := range int64(1001) {
		p.at("Copying rows", done, 1000)
		now = now.Add(10 * time.Millisecond)
	}
	p.at("Copying photos", 3, 3)
	p.end()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestProgressIsALineNowAndThen(t *testing.T) {
	t.Parallel()
	want := strings.Join([]string{
		"Copying rows: 200 of 1000, 100/s, 8s left",
		"Copying rows: 400 of 1000, 100/s, 6s left",
		"Copying rows: 600 of 1000, 100/s, 4s left",
		"Copying rows: 800 of 1000, 100/s, 2s left",
		"Copying rows: 1000 of 1000, 100/s",
		"Copying photos: 3 of 3",
		"",
	}, "\n")
	if got := told(t, false); got != want {
		t.Errorf("it tells\n%s", got)
	}
}

func TestProgressIsABarOnATerminal(t *testing.T) {
	t.Parallel()
	got := told(t, true)
	lines := strings.Split(got, "\n")
	if len(lines) != 3 || strings.Contains(got, "\x1b") {
		t.Fatalf("it draws %q", got)
	}
	draws := strings.Split(lines[0], "\r")
	if len(draws) < 90 || len(draws) > 110 {
		t.Errorf("it is drawn %d times", len(draws))
	}
	if want := "Copying rows    [############............] 500 of 1000, 100/s, 5s left"; strings.TrimRight(draws[50], " ") != want {
		t.Errorf("half way it is %q", draws[50])
	}
	if want := "Copying rows    [########################] 1000 of 1000, 100/s"; strings.TrimRight(draws[len(draws)-1], " ") != want {
		t.Errorf("in the end it is %q", draws[len(draws)-1])
	}
	if want := "\rCopying photos  [########################] 3 of 3"; lines[1] != want {
		t.Errorf("the second bar is %q", lines[1])
	}
}

func TestProgressOfNothingIsWhole(t *testing.T) {
	t.Parallel()
	p := &progress{terminal: true, stage: "Copying rows"}
	if got := p.line(0, 0, 0); got != "Copying rows    [########################] 0 of 0" {
		t.Errorf("it is %q", got)
	}
}
