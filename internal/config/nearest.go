package config

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest is the name that was meant by a word: one that the word begins, or the one that
// it differs from by the fewest letters, a third of them at the most, and one at the least.
// It is empty where there is none. Whether letters are large or small is all the same. What
// all names begin with is no part of word and known: it tells nothing.
func Nearest(word string, known []string) string {
	word = strings.ToLower(word)
	best, least := "", max(1, len(word)/3)+1
	for _, name := range known {
		lower := strings.ToLower(name)
		distance := levenshtein.ComputeDistance(word, lower)
		switch {
		case len(word) > 1 && strings.HasPrefix(lower, word):
			distance = 0
		case distance == 2 && sameLetters(word, lower): // two that changed places are one slip
			distance = 1
		}
		if distance < least {
			best, least = name, distance
		}
	}
	return best
}

func sameLetters(a, b string) bool {
	return slices.Equal(slices.Sorted(slices.Values([]byte(a))), slices.Sorted(slices.Values([]byte(b))))
}
