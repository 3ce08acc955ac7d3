package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
)

// measureNodes compares what calls cost on one node and on three, over PostgreSQL and
// Redis: with as many clients for each of the three as the one has, and with as many for all
// of them. All share the cores of one machine: what is compared is CPU, and not the rate.
func measureNodes(ctx context.Context, o options, w io.Writer) (err error) {
	r := &report{options: o, base: "one node"}
	var pair [2]*target
	for i, name := range []string{"one", "three"} {
		t, err := o.open(ctx, name, postgres, false, o.people)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, t.stop()) }()
		pair[i] = t
	}
	for _, name := range []string{"second", "third"} {
		p, err := o.node(ctx, pair[1], filepath.Join(o.dir, name))
		if err != nil {
			return err
		}
		pair[1].others = append(pair[1].others, p)
	}
	for _, r.each = range []bool{true, false} {
		if err := r.compareAll(ctx, postgres, pair); err != nil {
			return err
		}
	}
	return o.deliver(w, r.print)
}
