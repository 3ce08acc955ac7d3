package locale_test

import (
	"fmt"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
)

// A header asks for a language, and then everything is said in it.
func ExampleCatalog_Resolve() {
	c, err := locale.New()
	if err != nil {
		panic(err)
	}
	l, ok := c.Resolve("", "en-US,fr;q=0.8")
	fmt.Println(l, ok)
	fmt.Println(c.Code(l, "ME_UPDATED"))
	fmt.Println(c.Problem(l, account.Problem{Field: "password", Rule: "min", Params: map[string]any{"Count": 8}}))
	fmt.Println(c.Code("fr", "ME_UPDATED"))
	// Output:
	// en true
	// Profile updated.
	// The password must be at least 8 characters.
	// Profil mis à jour.
}
