package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

const prefix = "FLOWXI_"

// Load reads the settings out of lines of the form NAME=value (as os.Environ gives
// them). An empty value counts as none. The error is an *Error where one setting is wrong,
// and Errors where several are: a line for each that is fit to be shown, with no secret in
// it.
func Load(environ []string) (Config, error) {
	given := ours(environ)
	f := faults{fields: fields(), doubted: map[string]bool{}}
	f.unknown(given)
	f.unfit(given)
	follow(given)
	c, err := parse(given)
	if err != nil {
		return Config{}, err
	}
	f.broken(c.rules())
	if err := f.err(); err != nil {
		return Config{}, err
	}
	if c.MagicLinkURL == "" {
		c.MagicLinkURL = c.PublicURL.String() + "/register?token={token}&email={email}&lang={lang}"
	}
	return c, nil
}

func parse(given map[string]string) (c Config, err error) {
	if err := env.ParseWithOptions(&c, env.Options{Environment: given, FuncMap: parsers()}); err != nil {
		return Config{}, fmt.Errorf("read settings: %w", err)
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
