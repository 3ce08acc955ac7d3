package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// measureNodes compares what calls cost on one node and on three, over PostgreSQL and
// Redis: with as many clients for each of the three as the one has, and with as many for all
// of them. All share the cores of one machine: what is compared is CPU, and not the rate. The
// same is done with the floor, which tells what three processes cost by themselves.
func measureNodes(ctx context.Context, o options, w io.Writer) (err error) {
	r := &report{options: o, base: "one node"}
	var floors, ours [2]*target
	for _, pair := range []struct {
		floor bool
		name  string
		of    *[2]*target
	}{{true, "floor", &floors}, {false, "flowxi", &ours}} {
		for i, count := range []int{1, 3} {
			t, err := o.open(ctx, fmt.Sprintf("%s-%d", pair.name, count), postgres, pair.floor, o.people)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, t.stop()) }()
			for n := 1; n < count; n++ {
				p, err := t.node(ctx, filepath.Join(o.dir, fmt.Sprintf("%s-%d", t.name, n)))
				if err != nil {
					return err
				}
				t.others = append(t.others, p)
			}
			pair.of[i] = t
		}
	}
	for _, r.each = range []bool{true, false} {
		if err := r.compareAll(ctx, postgres, floors, ours); err != nil {
			return err
		}
	}
	return o.deliver(w, r.print)
}
