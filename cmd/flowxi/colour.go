package main

import (
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// terminal tells whether a person reads what is written to f, or types what is read.
func terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// coloured tells whether to write to f in colours: on a terminal that can show them,
// unless NO_COLOR says no (no-color.org), and elsewhere where somebody demands it.
func coloured(f *os.File, environ []string) bool {
	switch {
	case variable(environ, "NO_COLOR") != "":
		return false
	case demanded(environ, "CLICOLOR_FORCE"), demanded(environ, "FORCE_COLOR"):
		return true
	}
	return terminal(f) && !dumb(environ)
}

func demanded(environ []string, name string) bool {
	value := variable(environ, name)
	return value != "" && value != "0"
}

// dumb tells whether the terminal can do no more than print one line after the other.
func dumb(environ []string) bool { return variable(environ, "TERM") == "dumb" }

// variable is the value of a variable of the environment, where the last of a name counts.
func variable(environ []string, name string) string {
	for _, line := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

// The colours of a terminal.
const (
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	grey   = "\x1b[90m"
	plain  = "\x1b[0m"
)

// paint is a text in a colour, where there are colours.
func paint(text, colour string, coloured bool) string {
	if !coloured {
		return text
	}
	return colour + text + plain
}
