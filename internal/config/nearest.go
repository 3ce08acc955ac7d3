package config

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest is the name that was meant by a word: one that the word begins, or the one that
// it differs from by the fewest letters, a third of them at the most, rounded up. It is
// empty where there is none. Whether letters are large or small is all the same. What all
// names begin with is no part of word and known: it tells nothing.
func Nearest(word string, known []string) string {
	word = strings.ToLower(word)
	best, least := "", (len(word)+2)/3+1
	for _, name := range known {
		lower := strings.ToLower(name)
		distance := levenshtein.ComputeDistance(word, lower)
		if len(word) > 1 && strings.HasPrefix(lower, word) {
			distance = 0
		}
		if distance < least {
			best, least = name, distance
		}
	}
	return best
}
