package main

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"flowxi.app/flowxi/internal/config"
)

// explain is what is wrong with a command line, and what to do: the word that was meant,
// where one is unknown, and else what is missing or what the parser found.
func explain(app *kong.Node, args []string, found error) error {
	at, given, err := walk(app, args)
	if err != nil {
		return err
	}
	see := "; see " + at.FullPath() + " --help"
	if len(at.Children) > 0 {
		return fmt.Errorf("a command is missing: %s%s", strings.Join(names(at.Children), ", "), see)
	}
	if given < len(at.Positional) && at.Positional[given].Required {
		return fmt.Errorf("%s is missing%s", at.Positional[given].Summary(), see)
	}
	return fmt.Errorf("%w%s", found, see)
}

// walk goes along a command line as the parser does. It returns the command that it gets
// to and how many arguments that was given, or an error at the first word that is unknown.
func walk(at *kong.Node, args []string) (*kong.Node, int, error) {
	given := 0
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--":
			return at, given + len(args), nil
		case dashed(word):
			flag, name, inline := flagOf(at, word)
			if flag == nil {
				return at, given, unknownFlag(at, name)
			}
			if !takesValue(flag) || inline {
				continue
			}
			if len(args) == 0 || dashed(args[0]) {
				return at, given, noValue(at, flag, name, args)
			}
			args = args[1:]
		case len(at.Children) == 0:
			given++
		default:
			child := childOf(at, word)
			if child == nil {
				return at, given, unknownCommand(at, word)
			}
			at = child
		}
	}
	return at, given, nil
}

// dashed tells whether the parser takes a word for a flag.
func dashed(word string) bool { return word != "-" && strings.HasPrefix(word, "-") }

// noValue is what is wrong with a flag behind which nothing stands, or another flag, or a
// value that looks like one, as a number below zero does.
func noValue(at *kong.Node, flag *kong.Flag, name string, behind []string) error {
	if len(behind) == 0 || behind[0] == "--" || isFlag(at, behind[0]) {
		return fmt.Errorf("%s has no value; see %s --help", name, at.FullPath())
	}
	value := behind[0]
	if reader, is := reflect.New(flag.Target.Type()).Interface().(encoding.TextUnmarshaler); is {
		if err := reader.UnmarshalText([]byte(value)); err != nil {
			return fmt.Errorf("%s: %w; see %s --help", name, err, at.FullPath())
		}
	}
	return fmt.Errorf("%s: %q looks like a flag; if it is the value, write --%s=%s", name, value, flag.Name, value)
}

func isFlag(at *kong.Node, word string) bool {
	flag, _, _ := flagOf(at, word)
	return flag != nil
}

// flagOf is the flag of a word, nil where there is none, its name, and whether its value is
// in the same word. Of short ones that are written together it is the last, or the unknown.
func flagOf(at *kong.Node, word string) (flag *kong.Flag, name string, inline bool) {
	if long, ok := strings.CutPrefix(word, "--"); ok {
		name, _, inline := strings.Cut(long, "=")
		return findFlag(at, func(f *kong.Flag) bool { return f.Name == name }), "--" + name, inline
	}
	for i, letter := range word[1:] {
		name = "-" + string(letter)
		flag = findFlag(at, func(f *kong.Flag) bool { return f.Short == letter })
		if flag == nil || takesValue(flag) {
			return flag, name, i+2 < len(word)
		}
	}
	return flag, name, false
}

func findFlag(at *kong.Node, is func(*kong.Flag) bool) *kong.Flag {
	list := flagsOf(at)
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}

// flagsOf are the flags that a command takes, those of the commands above it first.
func flagsOf(at *kong.Node) []*kong.Flag { return slices.Concat(at.AllFlags(true)...) }

func takesValue(f *kong.Flag) bool { return !f.IsBool() && !f.IsCounter() }

func childOf(at *kong.Node, name string) *kong.Node {
	i := slices.IndexFunc(at.Children, func(n *kong.Node) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return at.Children[i]
}

func names(list []*kong.Node) (all []string) {
	for _, n := range list {
		all = append(all, n.Name)
	}
	return all
}

func unknownFlag(at *kong.Node, name string) error {
	word := strings.TrimLeft(name, "-")
	var known []string
	for _, f := range flagsOf(at) {
		known = append(known, f.Name)
	}
	if meant := config.Nearest(word, known); meant != "" {
		return fmt.Errorf("there is no flag %s; did you mean --%s?", name, meant)
	}
	if command := childOf(at, word); command != nil { // as --version elsewhere
		return fmt.Errorf("there is no flag %s; did you mean %s?", name, command.FullPath())
	}
	return fmt.Errorf("there is no flag %s; see %s --help", name, at.FullPath())
}

// unknownCommand looks for what was meant among the commands at hand, and then for one
// that is so called elsewhere.
func unknownCommand(at *kong.Node, word string) error {
	written := strings.TrimSpace(at.Path() + " " + word)
	meant := childOf(at, config.Nearest(word, names(at.Children)))
	for _, leaf := range root(at).Leaves(true) {
		if meant == nil && leaf.Name == word {
			meant = leaf
		}
	}
	if meant != nil {
		return fmt.Errorf("there is no command %q; did you mean %s?", written, meant.FullPath())
	}
	return fmt.Errorf("there is no command %q; see %s --help", written, at.FullPath())
}

func root(n *kong.Node) *kong.Node {
	for n.Parent != nil {
		n = n.Parent
	}
	return n
}
