package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/ratelimit"
)

// Setting is what there is to know of one setting.
type Setting struct {
	Name    string // of the environment variable
	Default string // empty where there is none
	Allowed string // what may be given, to go after "allowed: "
	Doc     string
	Secret  bool // the value is never shown
}

// Table lists all settings, in the order in which they are explained best.
func Table() []Setting {
	list := fields()
	table := make([]Setting, len(list))
	for i := range list {
		table[i] = list[i].setting()
	}
	return table
}

// fields lists the settings of Config, those in Limits included.
func fields() []field {
	return fieldsOf(reflect.TypeFor[Config](), nil)
}

func fieldsOf(t reflect.Type, at []int) []field {
	var list []field
	for f := range t.Fields() {
		f.Index = slices.Concat(at, f.Index)
		switch {
		case f.Tag.Get("env") != "":
			list = append(list, field{f})
		case f.Type.Kind() == reflect.Struct:
			list = append(list, fieldsOf(f.Type, f.Index)...)
		}
	}
	return list
}

// field is a setting as it stands in Config, its index counted from there.
type field struct{ reflect.StructField }

func (f field) env() string { return f.Tag.Get("env") }

func (f field) secret() bool { return f.Tag.Get("secret") == "true" }

func (f field) setting() Setting {
	return Setting{
		Name:    f.env(),
		Default: f.Tag.Get("envDefault"),
		Allowed: f.allowed(),
		Doc:     f.Tag.Get("doc"),
		Secret:  f.secret(),
	}
}

func (f field) allowed() string {
	switch f.Type {
	case reflect.TypeFor[time.Duration]():
		return fmt.Sprintf("a duration from %s to %s, such as %s", f.Tag.Get("min"), f.Tag.Get("max"), f.Tag.Get("envDefault"))
	case reflect.TypeFor[int]():
		return fmt.Sprintf("a number from %s to %s", f.Tag.Get("min"), f.Tag.Get("max"))
	case reflect.TypeFor[ratelimit.Rates]():
		return ratelimit.Allowed
	}
	if words := f.words(); len(words) > 0 {
		return strings.Join(words, " or ")
	}
	return f.Tag.Get("allowed")
}

// words are the only texts that the setting may have, none where it may have others.
func (f field) words() []string {
	list := f.Tag.Get("oneof")
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
