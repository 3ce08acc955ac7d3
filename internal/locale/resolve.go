package locale

import (
	"slices"
	"strings"

	"flowxi.app/flowxi/internal/account"
)

// MaxHeader is how much of a header of a language is read, in bytes. The headers come from
// strangers with every request, so no more of them is looked at than an honest client has
// use for.
const MaxHeader = 2048

// Resolve picks the language that a request asks for by its X-App-Locale header,
// or else by Accept-Language (contract section 2). It is not ok where neither
// names a supported one. Only pieces that end within the first 2,048 bytes of a
// header count.
func (c *Catalog) Resolve(appLocale, acceptLanguage string) (l account.Locale, ok bool) {
	if l, ok := c.first(appLocale); ok {
		return l, true
	}
	return c.first(acceptLanguage)
}

// OrDefault is the language of a person, or Default where they have none that is
// supported. It comes after what Resolve finds (contract section 2).
func (c *Catalog) OrDefault(l account.Locale) account.Locale {
	if slices.Contains(c.supported, l) {
		return l
	}
	return Default
}

func (c *Catalog) first(header string) (account.Locale, bool) {
	for piece := range strings.FieldsFuncSeq(bounded(header), separates) {
		if l, ok := c.match(piece); ok {
			return l, true
		}
	}
	return "", false
}

// bounded drops a last piece that was cut, since what is left of it could be the
// name of another language.
func bounded(header string) string {
	if len(header) <= MaxHeader {
		return header
	}
	header = header[:MaxHeader]
	return header[:strings.LastIndexAny(header, ",;")+1]
}

func separates(r rune) bool { return r == ',' || r == ';' }

// match finds the supported language that a piece such as " en_US" names.
func (c *Catalog) match(piece string) (account.Locale, bool) {
	name := strings.Trim(piece, " \t")
	if i := strings.IndexAny(name, "-_"); i >= 0 {
		name = name[:i]
	}
	for _, l := range c.supported {
		if equalFold(name, string(l)) {
			return l, true
		}
	}
	return "", false
}

// equalFold compares name with a lowercase language code. strings.EqualFold would
// also let the Kelvin sign pass for a k.
func equalFold(name, code string) bool {
	if len(name) != len(code) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != code[i] {
			return false
		}
	}
	return true
}
