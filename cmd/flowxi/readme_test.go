package main

import (
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

// TestTheWalkInTheReadmeWorksAsWritten runs every line of the README's walk against a
// server that was started on an empty folder, in the shell that a reader would use.
func TestTheWalkInTheReadmeWorksAsWritten(t *testing.T) {
	t.Parallel()
	if err := (authtest.Walk{Server: authtest.Serve(t, authtest.Build(t))}).Take(t.Context()); err != nil {
		t.Fatal(err)
	}
}
