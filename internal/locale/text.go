package locale

import (
	"maps"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"flowxi.app/flowxi/internal/account"
)

// Text returns the message of that key in language l, or in Default where l is
// not supported or lacks the message; a key that nobody knows is returned as it
// is. Params fill in the message, and the one named "Count", an integer, selects
// its plural form.
func (c *Catalog) Text(l account.Locale, key string, params map[string]any) string {
	if text, ok := c.table(l).text(key, params); ok {
		return text
	}
	return key
}

// Problem says in language l what is wrong with a field. The field goes by its
// localized name, or by its own where it has none.
func (c *Catalog) Problem(l account.Locale, p account.Problem) string {
	field, ok := c.table(l).text("field."+p.Field, nil)
	if !ok {
		field = p.Field
	}
	params := make(map[string]any, len(p.Params)+1)
	maps.Copy(params, p.Params)
	params["Field"] = field
	return c.Text(l, "validation."+p.Rule, params)
}

// Code says in language l what a code of an answer means.
func (c *Catalog) Code(l account.Locale, code string) string {
	return c.Text(l, "code."+code, nil)
}

func (c *Catalog) table(l account.Locale) *table {
	if t, ok := c.tables[l]; ok {
		return t
	}
	return c.tables[Default]
}

func (t *table) text(key string, params map[string]any) (string, bool) {
	if text, ok := t.plain[key]; ok {
		return text, true
	}
	text, err := t.localizer.Localize(&i18n.LocalizeConfig{
		MessageID:    key,
		TemplateData: params,
		PluralCount:  params["Count"],
	})
	// With some errors comes a text all the same: that of Default, say.
	return text, err == nil || text != ""
}

// Direction is how language l is written, in the words of HTML: "rtl" from right to left,
// or "ltr".
func Direction(l account.Locale) string {
	script, _ := language.Make(string(l)).Script()
	if slices.Contains(rightToLeft, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// rightToLeft are scripts of living languages, by ISO 15924.
var rightToLeft = strings.Fields("Adlm Arab Hebr Mand Nkoo Rohg Samr Syrc Thaa")
