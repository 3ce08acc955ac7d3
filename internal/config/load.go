package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

const prefix = "FLOWXI_"

// Load reads the settings out of lines of the form NAME=value (as os.Environ gives
// them). An empty value counts as none. Every error is an *Error: one line that is fit
// to be shown, with no secret in it.
func Load(environ []string) (Config, error) {
	given := ours(environ)
	list := fields()
	if err := known(given, list); err != nil {
		return Config{}, err
	}
	if err := words(given, list); err != nil {
		return Config{}, err
	}
	follow(given)
	var c Config
	err := env.ParseWithOptions(&c, env.Options{Environment: given, FuncMap: parsers()})
	if err != nil {
		return Config{}, unreadable(err, given, list)
	}
	if err := bounds(c, given, list); err != nil {
		return Config{}, err
	}
	if err := c.check(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// ours picks the settings out of the environment. The last of a name counts.
func ours(environ []string) map[string]string {
	given := map[string]string{}
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, prefix) {
			given[name] = strings.TrimSpace(value)
		}
	}
	return given
}

// follow fills in the public URL of a server that listens on another port of this
// machine than the usual one, so that the addresses it hands out lead to it.
func follow(given map[string]string) {
	const name = "FLOWXI_PUBLIC_URL"
	host, port, err := net.SplitHostPort(given["FLOWXI_ADDR"])
	if given[name] == "" && given["FLOWXI_TLS_CERT"] == "" && err == nil && IsLoopback(host) && realPort(port, 1) {
		given[name] = "http://localhost:" + port
	}
}

// known refuses names that are no settings, the first in the alphabet first.
func known(given map[string]string, list []field) error {
	var unknown []string
	for name := range given {
		if !slices.ContainsFunc(list, func(f field) bool { return f.env() == name }) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	name := slices.Min(unknown)
	return &Error{Name: printable(name), Unknown: true, Allowed: nearest(name, list)}
}

// nearest is the setting that was meant, empty where there is none. What all begin with
// tells nothing.
func nearest(name string, list []field) string {
	var known []string
	for _, f := range list {
		known = append(known, strings.TrimPrefix(f.env(), prefix))
	}
	if meant := Nearest(strings.TrimPrefix(name, prefix), known); meant != "" {
		return prefix + meant
	}
	return ""
}

// words checks the settings that allow certain words only.
func words(given map[string]string, list []field) error {
	for _, f := range list {
		value, allowed := given[f.env()], f.words()
		if value != "" && len(allowed) > 0 && !slices.Contains(allowed, value) {
			return f.refuse(value)
		}
	}
	return nil
}

// parsers read what is no text, duration or number. Words are checked before.
func parsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[bool]():           func(v string) (any, error) { return v == "on" || v == "allow", nil },
		reflect.TypeFor[url.URL]():        func(v string) (any, error) { return parsePublicURL(v) },
		reflect.TypeFor[[]netip.Prefix](): func(v string) (any, error) { return parseList(v, parseProxies) },
		reflect.TypeFor[[]string]():       func(v string) (any, error) { return parseList(v, parseOrigin) },
	}
}

func parseList[T any](text string, parse func(string) (T, error)) ([]T, error) {
	var list []T
	for part := range strings.SplitSeq(text, ",") {
		v, err := parse(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// unreadable names the setting of a value that could not be read.
func unreadable(err error, given map[string]string, list []field) error {
	var parse env.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	for _, f := range list {
		if f.Name == parse.Name {
			return f.refuse(given[f.env()])
		}
	}
	return err
}

// bounds checks the durations and numbers.
func bounds(c Config, given map[string]string, list []field) error {
	for _, f := range list {
		n := reflect.ValueOf(c).FieldByIndex(f.Index)
		if n.CanInt() && (n.Int() < f.bound("min") || n.Int() > f.bound("max")) {
			return f.refuse(given[f.env()])
		}
	}
	return nil
}

// bound reads a limit off a tag, as the number that the field itself would hold.
func (f field) bound(tag string) int64 {
	text := f.Tag.Get(tag)
	if d, err := time.ParseDuration(text); err == nil {
		return int64(d)
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
