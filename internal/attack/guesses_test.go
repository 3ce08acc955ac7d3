package attack_test

import "slices"

var guesses = slices.Concat(guessesOfCodes, guessesOfPasswords, guessesOfFactors, guessesOfIDs, guessesByNetwork, guessesByNode)

// another returns a code that differs from a given one.
func another(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}
