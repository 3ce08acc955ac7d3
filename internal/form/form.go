// Package form reads the members of a request body into an input and tells
// everything that is wrong with them at once (contract sections 1 and 5 to 10).
//
// Its one rule: a field is declared once, and decoding, validation and the
// documents all follow from that declaration.
package form

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flowxi.app/flowxi/internal/account"
)

// Body is an input that is filled from a request body. Its fields point into it.
type Body interface {
	// Fields lists the fields in the order in which their problems are told.
	Fields() []Field
}

// Checker is a Body with rules that concern more than one field.
type Checker interface {
	// Check runs after all fields are filled in. What a field refused is empty
	// in the input by then.
	Check(now time.Time) []account.Problem
}

// Optional is a member of a partial update, which may be absent, null or a text.
type Optional struct {
	Set   bool    // the member was there
	Value *string // nil where it was null or empty
}

// Field binds a member of a body to a rule and to the place of its value.
type Field struct {
	Name     string // of the member, matched exactly
	Rule     Rule
	Required bool   // absent, null and empty are refused
	Nullable bool   // null clears what is stored
	With     string // the field without which this one is checked but means nothing

	set func(text *string)
}

// Require declares a field that must have a value.
func Require[S ~string](name string, rule Rule, dst *S) Field {
	f := Allow(name, rule, dst)
	f.Required = true
	return f
}

// Allow declares a field that may be left out, null or empty; dst then stays as
// it is.
func Allow[S ~string](name string, rule Rule, dst *S) Field {
	return Field{Name: name, Rule: rule, set: func(text *string) {
		if text != nil {
			*dst = S(*text)
		}
	}}
}

// Patch declares a field of a partial update, where absent and null differ.
func Patch(name string, rule Rule, dst *Optional) Field {
	return Field{Name: name, Rule: rule, Nullable: true, set: func(text *string) {
		*dst = Optional{Set: true, Value: text}
	}}
}

// Along makes f a companion of another field of the body: where the other is not
// sent, f is checked but neither required nor kept.
func (f Field) Along(other string) Field {
	f.With = other
	return f
}

// Decode fills body from the members of a JSON object and returns all problems in
// the order of the fields; none means that the body may be used. Members that the
// body does not name are ignored. The time is that of the request.
func Decode(members map[string]jsontext.Value, body Body, now time.Time) account.Invalid {
	fields := body.Fields()
	var problems account.Invalid
	for _, f := range fields {
		problems = append(problems, f.decode(members, now)...)
	}
	if c, ok := body.(Checker); ok {
		problems = append(problems, c.Check(now)...)
	}
	slices.SortStableFunc(problems, func(a, b account.Problem) int {
		return position(fields, a.Field) - position(fields, b.Field)
	})
	return problems
}

func position(fields []Field, name string) int {
	return slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
}

func (f Field) decode(members map[string]jsontext.Value, now time.Time) []account.Problem {
	value, sent := members[f.Name]
	kept := f.With == "" || isSent(members[f.With])
	if !sent {
		return f.absent(kept)
	}
	text, ok := f.Rule.read(value)
	switch {
	case !ok:
		return f.problems([]account.Problem{{Rule: "string"}})
	case text == "":
		return f.empty(kept)
	}
	normal, problems := f.Rule.check(text, now)
	if len(problems) == 0 && kept {
		f.set(&normal)
	}
	return f.problems(problems)
}

func (f Field) absent(kept bool) []account.Problem {
	if f.Required && kept {
		return f.problems([]account.Problem{{Rule: "required"}})
	}
	return nil
}

// empty stands for null and for an empty text, which count as the same.
func (f Field) empty(kept bool) []account.Problem {
	if f.Nullable {
		f.set(nil)
	}
	return f.absent(kept)
}

func (f Field) problems(all []account.Problem) []account.Problem {
	for i := range all {
		all[i].Field = f.Name
	}
	return all
}

// isSent tells whether a member has something in it, if only of a wrong type.
func isSent(value jsontext.Value) bool {
	if len(value) == 0 {
		return false
	}
	text, ok := Rule{}.read(value)
	return !ok || text != ""
}
