package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// progress tells somebody how far a long command has come: a bar that is drawn over and
// over on a terminal, and a line now and then elsewhere. It uses no colour.
type progress struct {
	to       *os.File
	terminal bool
	now      func() time.Time

	stage       string
	begun, told time.Time
	from        int64 // where the stage began
	drawn       int   // width of the line that stands on the terminal
}

const (
	barWidth  = 24
	drawEvery = 100 * time.Millisecond
	lineEvery = 2 * time.Second
)

func newProgress(to *os.File) *progress {
	return &progress{to: to, terminal: terminal(to), now: time.Now}
}

// at is told how far a stage has come. The last word of a stage is always shown.
func (p *progress) at(stage string, done, total int64) {
	now := p.now()
	if stage != p.stage {
		p.end()
		p.stage, p.begun, p.from, p.told = stage, now, done, now
		if done < total {
			return
		}
	}
	every := lineEvery
	if p.terminal {
		every = drawEvery
	}
	if done < total && now.Sub(p.told) < every {
		return
	}
	p.told = now
	p.show(p.line(done, total, now.Sub(p.begun)))
}

func (p *progress) line(done, total int64, spent time.Duration) string {
	text := fmt.Sprintf("%s: %d of %d", p.stage, done, total)
	if p.terminal {
		full := barWidth
		if total > 0 {
			full = int(barWidth * min(done, total) / total)
		}
		text = fmt.Sprintf("%-15s [%s%s] %d of %d", p.stage, strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, total)
	}
	rate := float64(done-p.from) / spent.Seconds()
	if spent < time.Second || rate <= 0 {
		return text
	}
	text += fmt.Sprintf(", %.0f/s", rate)
	if done < total {
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return text
}

func (p *progress) show(line string) {
	if !p.terminal {
		printf(p.to, "%s\n", line)
		return
	}
	rest := max(0, p.drawn-len(line))
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
