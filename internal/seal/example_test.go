package seal_test

import (
	"errors"
	"fmt"

	"flowxi.app/flowxi/internal/seal"
)

// What is sealed for one row does not open in another, and an older key goes on opening.
func ExampleKeyRing_Seal() {
	older := seal.NewKey()
	before, err := seal.Parse(older)
	if err != nil {
		panic(err)
	}
	sealed := before.Seal([]byte("JBSWY3DPEHPK3PXP"), "totp:42")

	after, err := seal.Parse("k2027:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=," + older)
	if err != nil {
		panic(err)
	}
	secret, err := after.Open(sealed, "totp:42")
	fmt.Println(string(secret), err)
	_, err = after.Open(sealed, "totp:43")
	fmt.Println(errors.Is(err, seal.ErrDamaged))
	// Output:
	// JBSWY3DPEHPK3PXP <nil>
	// true
}
