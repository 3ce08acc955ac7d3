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
	var pairs [2][2]*target
	for i, name := range []string{"floor", "flowxi"} {
		for j, count := range []int{1, 3} {
			var t *target
			if t, err = o.open(ctx, fmt.Sprintf("%s-%d", name, count), postgres, i == 0, o.people); err != nil {
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
			pairs[i][j] = t
		}
	}
	for _, r.each = range []bool{true, false} {
		if err := r.compareAll(ctx, postgres, pairs[:]...); err != nil {
			return err
		}
	}
	return o.deliver(w, r.print)
}
