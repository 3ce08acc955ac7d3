package attack_test

import "slices"

var guesses = slices.Concat(guessesOfCodes, guessesOfPasswords, guessesOfFactors, guessesOfIDs, guessesByNetwork, guessesByNode)
