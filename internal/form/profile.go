package form

import (
	"regexp"
	"strings"
	"time"
	"unicode"

	"flowxi.app/flowxi/internal/account"
)

const firstBirthDate = "1900-01-01"

// BirthDate is a real day from 1900 to today in UTC, as YYYY-MM-DD (contract
// section 10).
func BirthDate() Rule {
	return Rule{
		Schema: Schema{
			Description: "A day from 1900-01-01 to today", Example: "1990-12-31", Format: "date",
			Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, MinLength: len(time.DateOnly), MaxLength: len(time.DateOnly),
		},
		check: checkBirthDate,
	}
}

func checkBirthDate(text string, now time.Time) (string, []account.Problem) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Format(time.DateOnly) != text {
		return "", []account.Problem{{Rule: "date"}}
	}
	// In this form the order of texts is that of days.
	if text < firstBirthDate || text > now.UTC().Format(time.DateOnly) {
		return "", []account.Problem{{Rule: "date_range"}}
	}
	return text, nil
}

// PhonePattern is a regular expression for a phone number as it is stored (E.164).
const PhonePattern = `^\+[1-9][0-9]{6,14}$`

var e164 = regexp.MustCompile(PhonePattern)

// Phone is an E.164 number, stored without the spaces, dots, dashes and parentheses that
// people write into it (contract section 10), and without the marks of direction that
// address books put around a copied number, and that nobody sees.
func Phone() Rule {
	return Rule{
		Schema: Schema{
			Description: "E.164 number; spaces, dots, dashes, parentheses and marks that cannot be seen are removed",
			Example:     "+22900000000",
		},
		check: func(text string, _ time.Time) (string, []account.Problem) {
			number := strings.Map(withoutSeparators, text)
			if !e164.MatchString(number) {
				return "", []account.Problem{{Rule: "phone"}}
			}
			return number, nil
		},
	}
}

func withoutSeparators(r rune) rune {
	const minus = '\u2212' // looks like a dash, but is a sign of mathematics
	if unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf) || r == minus || strings.ContainsRune(".()", r) {
		return -1
	}
	return r
}
