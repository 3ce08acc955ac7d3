package config

import (
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

func (f field) refuse(value string) error {
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
