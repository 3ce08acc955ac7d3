package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// told is what a progress writes of a stage of 1000 that takes ten seconds and of
// another that is done at once, on a terminal of a width, or on none.
func told(t *testing.T, width int) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	now := time.Unix(0, 0)
	p := &progress{to: f, now: func() time.Time { return now }}
	if width > 0 {
		p.width = func() int { return width }
	}
	for done := range int64(1001) {
		p.at("Copying rows", done, 1000)
		now = now.Add(10 * time.Millisecond)
	}
	p.at("Copying rows", 1000, 1000)
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
		"Copying rows: 500 of 1000, 100/s, 5s left",
		"Copying rows: 1000 of 1000, 100/s",
		"Copying photos: 3 of 3",
		"",
	}, "\n")
	if got := told(t, 0); got != want {
		t.Errorf("it tells\n%s", got)
	}
}

func TestProgressIsABarOnATerminal(t *testing.T) {
	t.Parallel()
	got := told(t, 80)
	lines := strings.Split(got, "\n")
	if len(lines) != 3 || strings.Contains(got, "\x1b") {
		t.Fatalf("it draws %q", got)
	}
	draws := strings.Split(lines[0], "\r")
	if len(draws) < 90 || len(draws) > 110 {
		t.Errorf("it is drawn %d times", len(draws))
	}
	if want := "Copying rows    [............] 0 of 1000"; strings.TrimRight(strings.ReplaceAll(draws[1], "........................", "............"), " ") != want {
		t.Errorf("in the beginning it is %q", draws[1])
	}
	if want := "Copying rows    [############............] 500 of 1000, 100/s, 5s left"; strings.TrimRight(draws[51], " ") != want {
		t.Errorf("half way it is %q", draws[51])
	}
	if want := "Copying rows    [########################] 1000 of 1000, 100/s"; strings.TrimRight(draws[len(draws)-1], " ") != want {
		t.Errorf("in the end it is %q", draws[len(draws)-1])
	}
	if want := "\rCopying photos  [########################] 3 of 3"; lines[1] != want {
		t.Errorf("the second bar is %q", lines[1])
	}
}

// What is as wide as the terminal, or wider, goes on in the next line, and what is drawn
// over it then leaves it there.
func TestProgressIsNarrowerThanTheTerminal(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{
		120: "Copying rows    [############............] 500 of 1000, 100/s, 5s left",
		71:  "Copying rows    [############............] 500 of 1000, 100/s, 5s left",
		70:  "Copying rows    500 of 1000, 100/s, 5s left",
		30:  "Copying rows    500 of 1000, ",
		1:   "",
	} {
		for draw := range strings.SplitSeq(strings.ReplaceAll(told(t, width), "\n", "\r"), "\r") {
			if len(draw) >= width {
				t.Fatalf("on a terminal of %d columns it draws %q", width, draw)
			}
		}
		draws := strings.Split(told(t, width), "\r")
		if got := draws[51]; strings.TrimRight(got, " ") != strings.TrimRight(want, " ") {
			t.Errorf("on a terminal of %d columns it is %q half way", width, got)
		}
	}
}

// A terminal that is made narrower meanwhile.
func TestProgressFollowsTheTerminal(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	width := 80
	p := &progress{to: f, now: time.Now, width: func() int { return width }, stage: "Copying rows"}
	p.show(p.line(1, 1000, 0))
	width = 20
	p.show(p.line(2, 1000, 0))
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if draws := strings.Split(string(text), "\r"); draws[2] != "Copying rows    2 o" {
		t.Errorf("it draws %q", draws[2])
	}
}

func TestProgressOfNothingIsWhole(t *testing.T) {
	t.Parallel()
	p := &progress{width: func() int { return 80 }, stage: "Copying rows"}
	if got := p.line(0, 0, 0); got != "Copying rows    [########################] 0 of 0" {
		t.Errorf("it is %q", got)
	}
}

func TestProgressOfFewAndOfMore(t *testing.T) {
	t.Parallel()
	p := &progress{stage: "Copying photos"}
	if got := p.line(3, 6, time.Minute); got != "Copying photos: 3 of 6, 3/min, 1m0s left" {
		t.Errorf("it is %q", got)
	}
	if got := p.line(7, 6, time.Second); got != "Copying photos: 7 of 7, 7/s" {
		t.Errorf("where more have come it is %q", got)
	}
}

// slowly is a long command, for the tests.
func slowly() {
	w := &world{stderr: os.Stderr, environ: os.Environ()}
	ctx, stop := untilSignal()
	defer stop()
	bar := newProgress(w)
	for done := int64(0); ctx.Err() == nil; done++ {
		bar.at("Copying rows", done, 1<<40)
		time.Sleep(time.Millisecond)
	}
	bar.end()
	_, _ = fmt.Fprintln(w.stderr, "flowxi: "+oneLine(toOperator(ctx.Err())))
	os.Exit(status(ctx.Err()))
}

// Whoever stops a command finds the bar where it was, and the error below it.
func TestProgressThatIsStopped(t *testing.T) {
	t.Parallel()
	for term, drawn := range map[string]string{
		"xterm": `\rCopying rows    \[\.{24}\] \d+ of 1099511627776, \d+/s, [\dhms]+ left`,
		"dumb":  `Copying rows: \d+ of 1099511627776, \d+/s, [\dhms]+ left`,
	} {
		s := onScreen(t, []string{"TERM=" + term}, "slowly")
		s.shows(" left")
		s.types(ctrlC)
		text := s.shows("flowxi: it was stopped before it was done\r\n")
		if !regexp.MustCompile(drawn + `[^\r\n]*\r\n(\^C)?flowxi: it was stopped`).MatchString(text) {
			t.Errorf("on a terminal of the kind %s it draws %q", term, text)
		}
		if strings.Contains(text, "\rCopying") != (term == "xterm") {
			t.Errorf("on a terminal of the kind %s it draws over lines: %q", term, text)
		}
		if code := s.exits(); code != 1 {
			t.Errorf("it exits with %d", code)
		}
	}
}
