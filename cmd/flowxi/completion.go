package main

import (
	"embed"
	"fmt"
	"io"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help tells where it goes.
func (completionCommand) Help() string {
	return "What it prints is for the shell to read at its start. It knows the commands and flags of this version, so print it anew with each."
}

// Examples of its use.
func (completionCommand) Examples() []example {
	return []example{
		{"flowxi completion bash > /etc/bash_completion.d/flowxi", "For everybody who has bash-completion; for one, in a line of ~/.bashrc: source <(flowxi completion bash)"},
		{"flowxi completion zsh > /usr/local/share/zsh/site-functions/_flowxi", "For everybody; for one, behind compinit in ~/.zshrc: source <(flowxi completion zsh)"},
		{"flowxi completion fish > ~/.config/fish/completions/flowxi.fish", "For one."},
	}
}

// Run prints what the shell reads.
func (c *completionCommand) Run(w *world) error {
	parser, err := parser(w)
	if err != nil {
		return err
	}
	return writeCompletion(w.stdout, c.Shell, parser.Model.Node)
}

//go:embed shells
var shells embed.FS

func writeCompletion(to io.Writer, shell string, app *kong.Node) error {
	name := shell + ".tmpl"
	t, err := template.New(name).Funcs(template.FuncMap{
		"quote":    quoting(shell),
		"describe": func(word, help string) string { return strings.ReplaceAll(word, ":", `\:`) + ":" + help },
		"join":     func(list []string) string { return strings.Join(list, " ") },
	}).ParseFS(shells, "shells/"+name)
	if err != nil {
		return fmt.Errorf("read the words of %s: %w", shell, err)
	}
	if err := t.Execute(to, lineOf(app)); err != nil {
		return fmt.Errorf("write the words of %s: %w", shell, err)
	}
	return nil
}

// quoting puts a text between single quotes, as a shell does.
func quoting(shell string) func(string) string {
	replace := strings.NewReplacer(`'`, `'\''`)
	if shell == "fish" {
		replace = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	}
	return func(text string) string { return "'" + replace.Replace(text) + "'" }
}

// commandLine is what a shell has to know to complete one. Where a command stands is told
// by its words, each with a space before it: " audit verify".
type commandLine struct {
	Entries []entry
	Known   []string // every command
	Valued  []string // every command with a flag of it that the next word belongs to
}

// entry is what may come behind a command.
type entry struct {
	At    string
	Words []choice // commands, or the values of its argument
	Files bool     // its argument is a file
	Flags []flagEntry
}

type choice struct{ Name, Help string }

type flagEntry struct {
	Long, Short string // the letter may be missing
	Help        string
	Value       bool     // it has one,
	Words       []string // of these
	Files       bool     // or a file
}

// Names are how the flag may be written.
func (f flagEntry) Names() []string {
	if f.Short == "" {
		return []string{"--" + f.Long}
	}
	return []string{"--" + f.Long, "-" + f.Short}
}

// Names are the words without their help.
func (e entry) Names() (list []string) {
	for _, w := range e.Words {
		list = append(list, w.Name)
	}
	return list
}

// FlagNames are all names of all flags.
func (e entry) FlagNames() (list []string) {
	for _, f := range e.Flags {
		list = append(list, f.Names()...)
	}
	return list
}

func lineOf(app *kong.Node) *commandLine {
	var l commandLine
	l.add("", app, app)
	return &l
}

// add adds a command and all below it. Behind help come the commands once more, without
// what may come behind them.
func (l *commandLine) add(at string, n, app *kong.Node) {
	e := entryOf(at, n)
	children := n.Children
	for _, arg := range n.Positional {
		if arg.Tag.Get("complete") == "command" {
			children = app.Children
		}
	}
	for _, child := range children {
		e.Words = append(e.Words, choice{child.Name, child.Help})
	}
	if at != "" {
		l.Known = append(l.Known, at)
	}
	l.Entries = append(l.Entries, e)
	for _, f := range e.Flags {
		for _, name := range f.Names() {
			if f.Value {
				l.Valued = append(l.Valued, at+" "+name)
			}
		}
	}
	for _, child := range children {
		if child.Parent == n {
			l.add(at+" "+child.Name, child, app)
		} else {
			l.addHelp(at+" "+child.Name, child)
		}
	}
}

func (l *commandLine) addHelp(at string, n *kong.Node) {
	e := entry{At: at}
	for _, child := range n.Children {
		e.Words = append(e.Words, choice{child.Name, child.Help})
	}
	if len(e.Words) > 0 {
		l.Known = append(l.Known, at)
		l.Entries = append(l.Entries, e)
	}
}

func entryOf(at string, n *kong.Node) entry {
	e := entry{At: at}
	for _, arg := range n.Positional {
		e.Files = e.Files || arg.Tag.Get("complete") == "file"
		for _, word := range wordsOf(arg) {
			e.Words = append(e.Words, choice{word, ""})
		}
	}
	for _, f := range flagsOf(n) {
		of := flagEntry{Long: f.Name, Help: f.Help, Value: takesValue(f), Words: wordsOf(f.Value), Files: f.Tag.Get("complete") == "file"}
		if f.Short != 0 {
			of.Short = string(f.Short)
		}
		e.Flags = append(e.Flags, of)
	}
	return e
}

// wordsOf are the only values that there may be, none where there may be others.
func wordsOf(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return v.EnumSlice()
}
