// Package password decides which passwords are good enough, hashes them, and
// verifies them (contract section 6; NIST SP 800-63B-4, section 3.1.1).
//
// Its one rule: every hash waits at one gate, so that a storm of logins costs
// bounded memory and processor time, and past that is answered with ErrBusy.
package password

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Problem is a reason to refuse a password, as a stable identifier that the
// messages of each language are found by.
type Problem string

// The reasons to refuse a password.
const (
	Short   Problem = "short"   // under MinLength
	Long    Problem = "long"    // over MaxLength
	Common  Problem = "common"  // among the first that an attacker tries
	Email   Problem = "email"   // the person's own address, or its local part
	Product Problem = "product" // the product's name
)

// The bounds of a password, in Unicode code points of its NFKC form.
const (
	MinLength = 8
	MaxLength = 128
)

// words are what nobody's password may be made of.
var words = []string{"flowxi"}

const (
	// minLocalPart spares people whose local part is a mere "jo" or "max".
	minLocalPart = 4

	// maxBytes is what no password within MaxLength goes over: NFKC makes one
	// code point of four at most, each of up to four bytes.
	maxBytes = MaxLength * 4 * utf8.UTFMax
)

// rules are what a password of the right length may not be, in the order of the constants.
var rules = []struct {
	problem Problem
	broken  func(password, email string) bool
}{
	{Common, func(password, _ string) bool { return isCommon(password) }},
	{Email, isOwn},
	{Product, isProduct},
}

// Forbidden lists the reasons to refuse a password of the right length.
func Forbidden() []Problem {
	var all []Problem
	for _, r := range rules {
		all = append(all, r.problem)
	}
	return all
}

// Words lists what nobody's password may be made of, in any case and decoration.
func Words() []string { return slices.Clone(words) }

// Check returns what is wrong with a password for the person with the e-mail
// (empty where there is none), or nil. A password of the wrong length has that
// one problem; any other has all that apply, in the order of the constants.
// Any characters do, and no mixture of them is asked for.
func Check(password, email string) []Problem {
	if len(password) > maxBytes {
		return []Problem{Long}
	}
	form := norm.NFKC.String(password)
	switch length := utf8.RuneCountInString(form); {
	case length < MinLength:
		return []Problem{Short}
	case length > MaxLength:
		return []Problem{Long}
	}
	folded, email := fold(form), fold(email)
	var problems []Problem
	for _, r := range rules {
		if r.broken(folded, email) {
			problems = append(problems, r.problem)
		}
	}
	return problems
}

// isOwn tells whether a password is an e-mail or its local part, decorated or
// not.
func isOwn(password, email string) bool {
	if email == "" {
		return false
	}
	local := email[:max(0, strings.LastIndexByte(email, '@'))]
	return isDecorated(password, email) ||
		utf8.RuneCountInString(local) >= minLocalPart && isDecorated(password, local)
}

func isProduct(password, _ string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return isDecorated(password, word) })
}

// isDecorated tells whether a password is the word, once or more, with nothing
// but decoration around it.
func isDecorated(password, word string) bool {
	rest := strings.ReplaceAll(password, word, "")
	return len(rest) < len(password) && strings.TrimFunc(rest, isDecoration) == ""
}

// isDecoration tells the digits, punctuation and spaces that people add to a
// word where they are asked for more than a word, and what nobody sees.
func isDecoration(r rune) bool {
	if r < utf8.RuneSelf {
		return !unicode.IsLetter(r)
	}
	return unicode.In(r, unicode.N, unicode.P, unicode.Z, unicode.Cf)
}

// fold is the form in which words are compared, whatever their case.
func fold(s string) string {
	return norm.NFKC.String(strings.ToLower(norm.NFKC.String(s)))
}
