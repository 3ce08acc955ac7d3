package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Error says which setting is wrong, in one line without secrets.
type Error struct {
	Name    string
	Unknown bool   // there is no such setting, and Allowed names the one that was meant, if any
	Given   string // quoted, secrets masked; empty where nothing was
	Allowed string // what is wrong with it, and what would be right
}

// Error implements error.
func (e *Error) Error() string {
	switch {
	case e.Unknown && e.Allowed == "":
		return e.Name + " is not a setting; flowxi serve --help lists them all"
	case e.Unknown:
		return e.Name + " is not a setting; did you mean " + e.Allowed + "?"
	case e.Given == "":
		return e.Name + " is not set; " + e.Allowed
	}
	return fmt.Sprintf("%s is %s; %s", e.Name, e.Given, e.Allowed)
}

// Errors are the settings that are wrong, where it is more than one.
type Errors []*Error

// Error implements error, with a line for each.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, wrong := range e {
		lines[i] = wrong.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each of them, so that errors.As finds the first.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, wrong := range e {
		list[i] = wrong
	}
	return list
}

// Join is an error about the settings that are wrong: nil for none, an *Error for one, and
// Errors for more.
func Join(list []*Error) error {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return Errors(list)
}

// Wrong are the settings that an error is about, none where it is about something else.
func Wrong(err error) []*Error {
	if all, is := errors.AsType[Errors](err); is {
		return all
	}
	if wrong, is := errors.AsType[*Error](err); is {
		return []*Error{wrong}
	}
	return nil
}

func (f field) refuse(value string) *Error {
	return &Error{Name: f.env(), Given: f.show(value), Allowed: "allowed: " + f.allowed()}
}

// show is the value as an error may tell it.
func (f field) show(value string) string {
	if f.secret() && value != "" {
		return "[secret]"
	}
	return Show(value)
}

// longest is how much of a value is shown.
const longest = 200

// Show quotes a value that is no secret, without the password that may stand in it all
// the same, as in an address.
func Show(value string) string {
	if value == "" {
		return ""
	}
	value = credentials.ReplaceAllString(value, "[secret]@")
	if len(value) > longest {
		value = strings.ToValidUTF8(value[:longest], "") + "…"
	}
	return strconv.Quote(value)
}

// credentials is everything before an @ that could be a name and a password.
var credentials = regexp.MustCompile(`(?s)\S*:.*@`)

// printable keeps a name on one line.
func printable(name string) string {
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}
