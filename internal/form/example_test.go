package form_test

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flowxi.app/flowxi/internal/form"
)

// place is an input, as those of package auth are.
type place struct{ Email, Country string }

// Fields implements form.Body.
func (in *place) Fields() []form.Field {
	return []form.Field{
		form.Require("email", form.Email(), &in.Email),
		form.Allow("country", form.Country(), &in.Country),
	}
}

// Everything that is wrong is told at once, and what is right is in its stored form.
func ExampleDecode() {
	var in place
	members := map[string]jsontext.Value{"email": jsontext.Value(`" Ada@Example.com "`), "country": jsontext.Value(`"bj"`)}
	fmt.Println(len(form.Decode(members, &in, time.Now())), in)

	for _, p := range form.Decode(map[string]jsontext.Value{"country": jsontext.Value(`"Benin"`)}, &in, time.Now()) {
		fmt.Println(p.Field, p.Rule)
	}
	// Output:
	// 0 {ada@example.com BJ}
	// email required
	// country country
}
