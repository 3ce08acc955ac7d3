package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/form"
	"flowxi.app/flowxi/internal/locale"
)

// What examples speak of. None of it is good for anything.
const (
	exampleEmail  = "ada@example.com"
	exampleToken  = "125|fxp_EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLE" //nolint:gosec // for documents, and no token
	exampleHex    = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	exampleTOTP   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	exampleUserID = 17
)

// exampleTime is when examples happen.
func exampleTime() time.Time { return time.Date(2026, time.January, 9, 17, 8, 57, 0, time.UTC) }

// examples of what goes in and out, with the settings of a server and in the words
// of the catalogue.
type examples struct {
	cfg       config.Config
	catalogue *locale.Catalog
}

// named is an example with its name.
type named struct {
	code    string // of the answer
	name    string
	summary string
	value   any // a tree
}

const (
	english account.Locale = "en"
	french  account.Locale = "fr"
)

// all gives an example of each code, a refusal in each of the languages.
func (e examples) all(r api.Route, a answers, languages ...account.Locale) ([]named, error) {
	var all []named
	for _, s := range a.successes {
		successes, err := e.success(s)
		if err != nil {
			return nil, err
		}
		all = append(all, successes...)
	}
	for _, refused := range a.errors {
		for _, l := range languages {
			n, err := e.refusal(r, refused, l)
			if err != nil {
				return nil, err
			}
			all = append(all, n)
		}
	}
	return all, nil
}

// success gives an example of a success for each shape it can have.
func (e examples) success(s api.Success) ([]named, error) {
	var all []named
	for _, shape := range e.shapes(s) {
		api.Complete(shape.answer, s.Outcome, e.catalogue, english)
		value, err := treeOf(shape.answer)
		if err != nil {
			return nil, fmt.Errorf("example of %s: %w", s.Outcome, err)
		}
		code := string(s.Outcome)
		all = append(all, named{code: code, name: code + shape.suffix, summary: shape.summary, value: value})
	}
	return all, nil
}

// refusal gives an example of an error on a route, in a language.
func (e examples) refusal(r api.Route, refused account.Error, l account.Locale) (named, error) {
	var problems account.Invalid
	if refused == account.ErrValidationFailed {
		problems = wrongBody(r)
	}
	value, err := treeOf(api.Refusal(refused, problems, e.catalogue, l))
	if err != nil {
		return named{}, fmt.Errorf("example of %s: %w", refused.Code, err)
	}
	n := named{code: refused.Code, name: refused.Code, value: value}
	if l == french {
		n.name, n.summary = refused.Code+".fr", "The same in French"
	}
	return n, nil
}

func treeOf(a any) (any, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(a); err != nil {
		return nil, err
	}
	return parseTree(jsontext.NewDecoder(&text))
}

// requestExample is a body that goes through.
func requestExample(body form.Body) object {
	var o object
	for _, f := range body.Fields() {
		o = append(o, member{f.Name, fieldExample(f)})
	}
	return o
}

// fieldExample is an example of what its rule has none of: secrets of ours.
func fieldExample(f form.Field) string {
	if s := f.Rule.Schema; s.Example != "" {
		return s.Example
	}
	return exampleHex
}

// wrongBody tells what is wrong with a body that is wrong in many ways.
func wrongBody(r api.Route) account.Invalid {
	if r.Upload {
		return account.Invalid{{Field: api.PhotoField, Rule: "photo"}}
	}
	members := make(map[string]jsontext.Value)
	for _, f := range r.Body().Fields() {
		if text := wrongText(f.Rule.Schema); text != "" {
			members[f.Name] = jsontext.Value(`"` + text + `"`)
		}
	}
	return form.Decode(members, r.Body(), exampleTime())
}

// wrongText is a text that a rule refuses, none where it would rather have the field
// left out.
func wrongText(s form.Schema) string {
	switch {
	case s.Format == "email":
		return "ada"
	case s.Format == "date":
		return "31/12/1990"
	case s.Format == "password" && s.MinLength > 1:
		return "short"
	case s.Pattern != "", strings.HasPrefix(s.Example, "+"):
		return "123"
	}
	return ""
}
