package password

import (
	_ "embed" // for the list
	"strings"
	"unicode"
	"unicode/utf8"
)

// common is the list of COMMON.md: one folded password a line, sorted by its
// bytes. It is searched where it stands in the binary, so it costs no time at
// start and no memory.
//
//go:generate go run ./internal/mklist -in passwords.json -out common.txt
//go:embed common.txt
var common string

// minStem is how long what is left of a password without its decoration must be
// to count as its stem: "cat-2026-xkcd" is not judged by its cat.
const minStem = 6

// isCommon tells whether a folded password is one of the first that an attacker
// tries: it, or what is left of it without its decoration, is on the list, one
// thing repeated, or a run along the alphabet or a keyboard.
func isCommon(password string) bool {
	if isPredictable(password) {
		return true
	}
	for _, decoration := range []func(rune) bool{isPunctuation, isDecoration} {
		stem := strings.TrimFunc(password, decoration)
		if utf8.RuneCountInString(stem) >= minStem && isPredictable(stem) {
			return true
		}
	}
	return false
}

func isPunctuation(r rune) bool { return isDecoration(r) && !unicode.IsNumber(r) }

const (
	maxRepeated = 32 // code points of a password that is looked at for repeats
	maxUnit     = 3  // code points that give nothing by being repeated, whatever they are
	maxGap      = 3  // code points of decoration between that make it no stronger
)

func isPredictable(s string) bool { return isRepeated(s) || isRun(s) || isListed(s) }

// isRepeated tells whether s is a shorter one over and over, the last time cut or
// not, with the same little decoration between or none. It is no stronger than that: of
// a few characters, or predictable itself. The list lacks most of these, since its makers
// find them by rule too. What is longer than anybody's list of guesses is left alone.
func isRepeated(s string) bool {
	if utf8.RuneCountInString(s) > maxRepeated {
		return false
	}
	for size := range s {
		if size > 0 && isAgain(s, size) && isWeak(s[:size]) {
			return true
		}
	}
	return false
}

// isAgain tells whether s is its first bytes, so many, over and over. With decoration
// between they are more than what gives nothing in any case, since "xK3$xK3$" is that
// of "xK".
func isAgain(s string, size int) bool {
	period := size
	for range maxGap + 1 {
		if period+size > len(s) {
			return false
		}
		if strings.HasPrefix(s, s[period:]) {
			return period == size || utf8.RuneCountInString(s[:size]) > maxUnit
		}
		r, width := utf8.DecodeRuneInString(s[period:])
		if !isDecoration(r) {
			return false
		}
		period += width
	}
	return false
}

// isWeak tells whether a unit is worth no more for being repeated.
func isWeak(unit string) bool { return isSlight(unit) || isPredictable(unit) }

// isSlight tells whether a unit gives nothing by being repeated: a few characters, or
// a short word or number.
func isSlight(unit string) bool {
	n := utf8.RuneCountInString(unit)
	plain := !strings.ContainsFunc(unit, func(r rune) bool { return !unicode.IsLetter(r) }) ||
		!strings.ContainsFunc(unit, func(r rune) bool { return !unicode.IsNumber(r) })
	return n <= maxUnit || plain && n < minStem
}

// isRun tells whether s goes along one of the rows, in either direction and past
// its end, one character at a time.
func isRun(s string) bool {
	rows := [...]string{
		"0123456789",
		"abcdefghijklmnopqrstuvwxyz",
		"qwertyuiopasdfghjklzxcvbnm",
		"azertyuiopqsdfghjklmwxcvbn",
		"qwertzuiopasdfghjklyxcvbnm",
	}
	for _, row := range rows {
		if runsAlong(row, s, 1) || runsAlong(row, s, len(row)-1) {
			return true
		}
	}
	return false
}

func runsAlong(row, s string, step int) bool {
	at := strings.IndexByte(row, s[0])
	for i := range len(s) {
		if at < 0 || s[i] != row[at] {
			return false
		}
		at = (at + step) % len(row)
	}
	return true
}

// isListed finds the line s by halving the list.
func isListed(s string) bool {
	low, high := 0, len(common)
	for low < high {
		middle := low + (high-low)/2
		start := strings.LastIndexByte(common[low:middle], '\n') + 1 + low
		length := strings.IndexByte(common[start:], '\n')
		line := common[start : start+length]
		switch strings.Compare(s, line) {
		case 0:
			return true
		case -1:
			high = start
		default:
			low = start + length + 1
		}
	}
	return false
}
