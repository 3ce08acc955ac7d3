package main

import "testing"

func TestCoresAreBusyIdleOrTaken(t *testing.T) {
	t.Parallel()
	const before = "cpu  100 0 50 800 40 0 0 10 7 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
	const after = "cpu  130 10 60 830 60 0 10 20 9 0\n"
	a, err := coresIn(before)
	if err != nil {
		t.Fatal(err)
	}
	b, err := coresIn(after)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := b.since(a).String(), "50 %, and 8.3 % taken by the host"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, wrong := range []string{"", "cpu 1 2 3", "cpu a b c d e f g h"} {
		if _, err := coresIn(wrong); err == nil {
			t.Errorf("%q is taken for that of Linux", wrong)
		}
	}
}
