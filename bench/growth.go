package main

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// measureGrowth compares what calls cost among a thousand people and among a million.
func measureGrowth(ctx context.Context, o options, w io.Writer) (err error) {
	few, many := 1_000, 1_000_000
	if o.short {
		many = 10_000
	}
	r := &report{options: o, base: fmt.Sprintf("%d people", few)}
	for _, engine := range o.engines() {
		var pair [2]*target
		for i, count := range []int{few, many} {
			name := []string{"few", "many"}[i] + "-" + engine
			if pair[i], err = o.open(ctx, name, engine, false, count); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, pair[i].stop()) }()
		}
		if err := r.compareAll(ctx, engine, pair); err != nil {
			return err
		}
	}
	return o.deliver(w, r.print)
}

// compareAll compares two targets by what might depend on how many people or nodes there are,
// and other two beside them.
func (r *report) compareAll(ctx context.Context, engine string, pairs ...[2]*target) error {
	for _, s := range scenarios() {
		if !s.grows || !r.only.MatchString(s.name) {
			continue
		}
		for _, pair := range pairs {
			if err := r.compare(ctx, s, s.clients[len(s.clients)-1], engine, pair); err != nil {
				return err
			}
		}
	}
	return nil
}
