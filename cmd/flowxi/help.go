package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// helpCommand is another way to write --help.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command to explain." complete:"command"`
}

// Examples of its use.
func (helpCommand) Examples() []example {
	return []example{{"flowxi help audit verify", "Explain one command: the same as flowxi audit verify --help."}}
}

// Run explains the command, and ends the program as --help does.
func (c *helpCommand) Run(w *world) error { return run(w, append(c.Command, "--help")) }

// example is a line to type, and what it does.
type example struct{ line, does string }

// What a command can tell of itself, besides what its flags do.
type (
	// exemplary commands have examples, as every command does that is no group of others.
	exemplary interface{ Examples() []example }
	// failing commands exit with 1 for a reason of their own.
	failing interface{ Failure() string }
	// appended is what goes to the end of a long help.
	appended interface{ Appendix() []item }
)

// item is a name and what there is to say of it, in paragraphs.
type item struct {
	name  string
	about []string
}

// statuses is what the exit status of a command means.
func statuses(at *kong.Node) []item {
	failed := "something failed, or was stopped"
	if f, ok := as[failing](at); ok {
		failed = f.Failure()
	}
	return []item{
		{"0", []string{"all went well"}},
		{"1", []string{failed}},
		{"2", []string{"the command line or a setting is wrong"}},
	}
}

// examples are those of a command. A group of commands shows the first of each.
func examples(at *kong.Node) (list []example) {
	if e, ok := as[exemplary](at); ok {
		return e.Examples()
	}
	for _, child := range at.Children {
		if of := examples(child); len(of) > 0 {
			list = append(list, of[0])
		}
	}
	return list
}

// as is what the struct of a command is besides.
func as[T any](at *kong.Node) (T, bool) {
	is, ok := at.Target.Addr().Interface().(T)
	return is, ok
}

// helpWidth is how wide a help is at the most.
const helpWidth = 100

// printHelp adds to what the parser knows of a command what the command tells of itself.
func (w *world) printHelp(o kong.HelpOptions, ctx *kong.Context) error {
	if err := w.stdout.demand(); err != nil {
		return err
	}
	if err := kong.DefaultHelpPrinter(o, ctx); err != nil {
		return err
	}
	at := ctx.Selected()
	if at == nil {
		at = ctx.Model.Node
	}
	width := min(helpWidth, columns(w.stdout.file))
	printf(w.stdout, "\nExamples:\n")
	for _, e := range examples(at) {
		printItem(w.stdout, item{e.line, []string{e.does}}, width)
	}
	printf(w.stdout, "\nExit status:\n")
	for _, e := range statuses(at) {
		printf(w.stdout, "  %s    %s\n", e.name, e.about[0])
	}
	if a, ok := as[appended](at); ok {
		printf(w.stdout, "\nSettings, from the environment:\n")
		for _, i := range a.Appendix() {
			printItem(w.stdout, i, width)
		}
	}
	return w.stdout.lost() // for else the parser ends the program, with 0
}

func printItem(w io.Writer, i item, width int) {
	printf(w, "  %s\n", i.name)
	for _, text := range i.about {
		for _, line := range wrapped(text, width-6) {
			printf(w, "      %s\n", line)
		}
	}
}

// wrapped is a text in lines of a width, unless a word is longer.
func wrapped(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(fmt.Sprintf("%s %s", line, word), " ")
	}
	return append(lines, line)
}
