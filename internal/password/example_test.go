package password_test

import (
	"context"
	"fmt"

	"flowxi.app/flowxi/internal/password"
)

// Everything that is wrong with a password is told, and no mixture of characters is asked for.
func ExampleCheck() {
	fmt.Println(password.Check("violet otter lamp", "ada@example.com"))
	fmt.Println(password.Check("ada@example.com", "ada@example.com"))
	fmt.Println(password.Check("short", ""))
	// Output:
	// []
	// [email]
	// [short]
}

// A stranger costs what a wrong password does.
func ExampleHasher_Verify() {
	h := password.NewHasher(password.Options{})
	ctx := context.Background()
	hash, err := h.Hash(ctx, "violet otter lamp")
	if err != nil {
		panic(err)
	}
	ok, stale, err := h.Verify(ctx, password.InTurn, hash, "violet otter lamp")
	fmt.Println(ok, stale, err)
	ok, _, err = h.Verify(ctx, password.InTurn, hash, "violet otter lamb")
	fmt.Println(ok, err)
	fmt.Println(h.VerifyNobody(ctx, "violet otter lamp"))
	// Output:
	// true false <nil>
	// false <nil>
	// <nil>
}
