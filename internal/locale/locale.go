// Package locale speaks to people in their language: it finds out which one
// (contract section 2) and looks up the words.
//
// Its one rule: a language is a folder. Adding messages/pt with its JSON files
// adds Portuguese, and no code has to change where go-i18n knows the plural rules of the
// language; CONTRIBUTING.md names what is derived.
package locale

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"flowxi.app/flowxi/internal/account"
)

// Default is the language of everything where no other is asked for, and of a
// message that another language lacks (contract section 2).
const Default account.Locale = "fr"

const folder = "messages"

//go:embed messages
var embedded embed.FS

// Catalog holds the messages of every language. It does not change once it is
// made, so any number of goroutines may use it.
type Catalog struct {
	supported []account.Locale
	tables    map[account.Locale]*table
}

// New returns the catalogue that is built into the program.
func New() (*Catalog, error) { return NewFS(embedded) }

// NewFS returns the catalogue of the files messages/<language>/*.json in fsys.
// Each is an object of go-i18n messages by key. It is an error if a folder is not
// named as a language, if a key stands in two files of one language, or if there
// is no folder for Default.
func NewFS(fsys fs.FS) (*Catalog, error) {
	c, err := load(fsys)
	if err != nil {
		return nil, fmt.Errorf("load messages: %w", err)
	}
	return c, nil
}

func load(fsys fs.FS) (*Catalog, error) {
	supported, err := languages(fsys)
	if err != nil {
		return nil, err
	}
	bundle := i18n.NewBundle(language.Make(string(Default)))
	c := &Catalog{supported: supported, tables: make(map[account.Locale]*table, len(supported))}
	for _, l := range supported {
		messages, err := read(fsys, l)
		if err != nil {
			return nil, err
		}
		if err := bundle.AddMessages(language.Make(string(l)), messages...); err != nil {
			return nil, err
		}
		c.tables[l] = newTable(messages)
	}
	for l, t := range c.tables {
		t.localizer = i18n.NewLocalizer(bundle, string(l))
		t.fillFrom(c.tables[Default])
	}
	return c, nil
}

// languages lists the folders, Default first, the others sorted.
func languages(fsys fs.FS) ([]account.Locale, error) {
	entries, err := fs.ReadDir(fsys, folder)
	if err != nil {
		return nil, err
	}
	all := []account.Locale{Default}
	found := false
	for _, e := range entries {
		if base, err := language.ParseBase(e.Name()); !e.IsDir() || err != nil || base.String() != e.Name() {
			return nil, fmt.Errorf("%s is not a folder named by a language", path.Join(folder, e.Name()))
		}
		if l := account.Locale(e.Name()); l == Default {
			found = true
		} else {
			all = append(all, l)
		}
	}
	if !found {
		return nil, fmt.Errorf("there are no messages in %q, the default", Default)
	}
	return all, nil
}

// read returns the messages of one language.
func read(fsys fs.FS, l account.Locale) ([]*i18n.Message, error) {
	files, err := fs.Glob(fsys, path.Join(folder, string(l), "*.json"))
	if err != nil {
		return nil, err
	}
	var all []*i18n.Message
	for _, file := range files {
		messages, err := readFile(fsys, file)
		if err != nil {
			return nil, err
		}
		all = append(all, messages...)
	}
	if twice := repeated(all); twice != "" {
		return nil, fmt.Errorf("%q has the key %s twice", l, twice)
	}
	return all, nil
}

func readFile(fsys fs.FS, file string) ([]*i18n.Message, error) {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	parsed, err := i18n.ParseMessageFileBytes(text, file, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(parsed.Messages) == 0 {
		return nil, fmt.Errorf("%s has no messages", file)
	}
	return parsed.Messages, nil
}

func repeated(messages []*i18n.Message) string {
	seen := make(map[string]bool, len(messages))
	for _, m := range messages {
		if seen[m.ID] {
			return m.ID
		}
		seen[m.ID] = true
	}
	return ""
}

// Supported lists the languages, Default first, the others sorted.
func (c *Catalog) Supported() []account.Locale { return slices.Clone(c.supported) }

// table holds what one language can say.
type table struct {
	plain     map[string]string // what needs no parameter, ready to hand out
	own       map[string]bool   // every key that the language itself has
	localizer *i18n.Localizer   // renders the rest
}

func newTable(messages []*i18n.Message) *table {
	t := &table{plain: make(map[string]string), own: make(map[string]bool)}
	for _, m := range messages {
		t.own[m.ID] = true
		if isPlain(m) {
			t.plain[m.ID] = m.Other
		}
	}
	return t
}

func isPlain(m *i18n.Message) bool {
	plural := m.Zero + m.One + m.Two + m.Few + m.Many
	return plural == "" && !strings.Contains(m.Other, "{{")
}

func (t *table) fillFrom(fallback *table) {
	for key, text := range fallback.plain {
		if !t.own[key] {
			t.plain[key] = text
		}
	}
}
