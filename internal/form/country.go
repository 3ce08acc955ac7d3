package form

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"flowxi.app/flowxi/internal/account"
)

// unassigned are the codes that the language tables know as countries but that
// ISO 3166-1 only reserves or has withdrawn.
var unassigned = strings.Fields("AC AN CP CS DG FQ NT PC SU TA YU")

// The officially assigned codes of ISO 3166-1. Neither set changes.
var alpha2, alpha3 = assigned()

func assigned() (two, three map[string]bool) {
	two, three = make(map[string]bool), make(map[string]bool)
	for _, r := range language.Supported.Regions() {
		if isAssigned(r) {
			two[r.String()], three[r.ISO3()] = true, true
		}
	}
	return two, three
}

func isAssigned(r language.Region) bool {
	return len(r.String()) == 2 && r.IsCountry() && !r.IsPrivateUse() && r.Canonicalize() == r &&
		r.ISO3() != "ZZZ" && !slices.Contains(unassigned, r.String())
}

// Country is an officially assigned ISO 3166-1 alpha-2 code, in any case, which
// is uppercased.
func Country() Rule {
	return region("country", alpha2, Schema{
		Description: "ISO 3166-1 alpha-2 code", Example: "BJ", Pattern: "^[A-Za-z]{2}$", MinLength: 2, MaxLength: 2,
	})
}

// Nationality is an officially assigned ISO 3166-1 alpha-3 code, in any case,
// which is uppercased.
func Nationality() Rule {
	return region("nationality", alpha3, Schema{
		Description: "ISO 3166-1 alpha-3 code", Example: "BEN", Pattern: "^[A-Za-z]{3}$", MinLength: 3, MaxLength: 3,
	})
}

func region(rule string, codes map[string]bool, schema Schema) Rule {
	return Rule{
		Schema: schema,
		check: func(text string, _ time.Time) (string, []account.Problem) {
			// The length is that of ASCII letters: a dotless i, which uppercases to an
			// I, is longer.
			if code := strings.ToUpper(text); len(text) == schema.MaxLength && codes[code] {
				return code, nil
			}
			return "", []account.Problem{{Rule: rule}}
		},
	}
}
