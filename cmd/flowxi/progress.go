package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// progress tells somebody how far a long command has come: a bar that is drawn over and
// over on a terminal, and a line now and then elsewhere. It uses no colour.
type progress struct {
	to    *os.File
	width func() int // of the terminal; nil where lines are written
	now   func() time.Time

	stage       string
	ended       bool
	begun, told time.Time
	from        int64 // where the stage began
	drawn       int   // width of the line that stands on the terminal
}

const (
	nameWidth = 15
	barWidth  = 24
	drawEvery = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

func newProgress(w *world) *progress {
	p := &progress{to: w.stderr, now: time.Now}
	if terminal(w.stderr) && !dumb(w.environ) {
		p.width = func() int { return columns(w.stderr) }
	}
	return p
}

// columns is how wide the terminal is now. One that does not tell is as wide as most.
func columns(f *os.File) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

// at is told how far a stage has come, and shows it if it is time to. The last word of a
// stage is always shown, and shown once.
func (p *progress) at(stage string, done, total int64) {
	now, first := p.now(), stage != p.stage
	if first {
		p.end()
		p.stage, p.ended, p.begun, p.from, p.told = stage, false, now, done, now
	}
	last := done >= total
	due := now.Sub(p.told) >= p.every() || first && p.width != nil
	if p.ended || !due && !last {
		return
	}
	p.ended, p.told = last, now
	p.show(p.line(done, total, now.Sub(p.begun)))
}

func (p *progress) every() time.Duration {
	if p.width == nil {
		return lineEvery
	}
	return drawEvery
}

// line is how far a stage has come, no wider than the terminal, where it could not be
// drawn over. The bar is what a narrow one does without first.
func (p *progress) line(done, total int64, spent time.Duration) string {
	total = max(total, done) // more may come meanwhile
	told := fmt.Sprintf("%d of %d", done, total) + p.pace(done, total, spent)
	if p.width == nil {
		return p.stage + ": " + told
	}
	room := p.width() - 1
	full := fmt.Sprintf("%-*s ", nameWidth, p.stage)
	if bar := bar(done, total); len(full)+len(bar)+len(told) <= room {
		full += bar
	}
	full += told
	return full[:min(len(full), max(0, room))]
}

func bar(done, total int64) string {
	full := barWidth
	if total > 0 {
		full = int(barWidth * done / total)
	}
	return fmt.Sprintf("[%s%s] ", strings.Repeat("#", full), strings.Repeat(".", barWidth-full))
}

// pace is the rate of a stage so far, and how long the rest of it takes at that.
func (p *progress) pace(done, total int64, spent time.Duration) string {
	rate := float64(done-p.from) / spent.Seconds()
	if spent < time.Second || rate <= 0 {
		return ""
	}
	text := fmt.Sprintf(", %.0f/s", rate)
	if rate < 1 {
		text = fmt.Sprintf(", %.0f/min", rate*60)
	}
	if done < total {
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return text
}

func (p *progress) show(line string) {
	if p.width == nil {
		printf(p.to, "%s\n", line)
		return
	}
	rest := min(max(0, p.drawn-len(line)), max(0, p.width()-1-len(line)))
	printf(p.to, "\r%s%s", line, strings.Repeat(" ", rest))
	p.drawn = len(line)
}

// end leaves the last line on the terminal and begins another.
func (p *progress) end() {
	if p.drawn > 0 {
		printf(p.to, "\n")
		p.drawn = 0
	}
}
