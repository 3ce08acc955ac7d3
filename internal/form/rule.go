package form

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"flowxi.app/flowxi/internal/account"
)

// Rule says what a text must be like. It is made by the functions of this package.
type Rule struct {
	Schema Schema

	verbatim bool // not trimmed
	check    func(text string, now time.Time) (normal string, problems []account.Problem)
}

// Schema is what documents tell about a text. Lengths are in Unicode code points
// of the trimmed text, zero where there is no bound.
type Schema struct {
	Description string
	Example     string
	Format      string // as in JSON Schema: "email", "date"
	Pattern     string // a regular expression that every accepted text matches
	MinLength   int
	MaxLength   int
	Secret      bool // is not to be shown or kept
}

// About replaces what documents say of the rule by what they say of one field.
func (r Rule) About(description, example string) Rule {
	r.Schema.Description, r.Schema.Example = description, example
	return r
}

// read returns the text of a JSON string, trimmed where the rule trims, and an
// empty one for null. Other types are not ok.
func (r Rule) read(value jsontext.Value) (text string, ok bool) {
	switch value.Kind() {
	case jsontext.KindNull:
		return "", true
	case jsontext.KindString:
		b, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return "", false
		}
		if r.verbatim {
			return string(b), true
		}
		return strings.TrimSpace(string(b)), true
	}
	return "", false
}

// Text is up to limit code points of one line without characters that control or
// that change the direction of writing.
func Text(limit int) Rule {
	return Rule{
		Schema: Schema{MinLength: 1, MaxLength: limit},
		check: func(text string, _ time.Time) (string, []account.Problem) {
			problems := tooLong(text, limit)
			if strings.ContainsFunc(text, isControl) {
				problems = append(problems, account.Problem{Rule: "text"})
			}
			return text, problems
		},
	}
}

func tooLong(text string, limit int) []account.Problem {
	if utf8.RuneCountInString(text) <= limit {
		return nil
	}
	return []account.Problem{{Rule: "max", Params: map[string]any{"Count": limit}}}
}

// isControl finds what would break a line, a log or the order of words, and what nobody
// sees. Joiners are no controls: many scripts and emoji need them. Nor are the signs of
// numbers of some scripts, which are seen.
func isControl(r rune) bool {
	switch {
	case r == '\u200c', r == '\u200d', unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Noncharacter_Code_Point):
		return true
	}
	return r == '\u2028' || r == '\u2029' // separators
}

// Password is any text up to limit code points, taken as it is. Whether it is a
// good one is for the body to check.
func Password(limit int) Rule {
	return Rule{
		Schema:   Schema{Format: "password", MinLength: 1, MaxLength: limit, Secret: true},
		verbatim: true,
		check: func(text string, _ time.Time) (string, []account.Problem) {
			return text, tooLong(text, limit)
		},
	}
}

// NewPassword is any text, taken as it is; every rule about it needs the whole
// body. The bounds, in code points, are for documents alone.
func NewPassword(least, most int) Rule {
	return Rule{
		Schema:   Schema{Format: "password", MinLength: least, MaxLength: most, Secret: true},
		verbatim: true,
		check:    func(text string, _ time.Time) (string, []account.Problem) { return text, nil },
	}
}

const codeLength = 6

// Code is six ASCII digits (contract section 1).
func Code() Rule {
	return Rule{
		Schema: Schema{Example: "492017", Pattern: "^[0-9]{6}$", MinLength: codeLength, MaxLength: codeLength, Secret: true},
		check: func(text string, _ time.Time) (string, []account.Problem) {
			if len(text) != codeLength || !allDigits(text) {
				return "", []account.Problem{{Rule: "code"}}
			}
			return text, nil
		},
	}
}

func allDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || '9' < r })
}
