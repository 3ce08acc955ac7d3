package main

import (
	"context"
	"strconv"

	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

type userEvents struct {
	who

	Limit count `default:"50" help:"At most so many events."`
	JSON  bool  `name:"json" help:"Answer in JSON."`
}

// Examples of its use.
func (userEvents) Examples() []example {
	return []example{
		{"flowxi user events ada@example.org", "What happened to an account, as when its owner asks why they cannot log in."},
		{"flowxi user events fx00000017 --limit 500 --json", "More of it, for a script."},
	}
}

// Run shows what happened to a person.
func (c *userEvents) Run(w *world) error {
	return withAdmin(w, func(ctx context.Context, a *node.Admin) error {
		u, _, err := find(ctx, a, c.Ref)
		if err != nil {
			return err
		}
		events, err := a.Events(ctx, u.ID, int(c.Limit))
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(w.stdout, eventsOf(events))
		}
		return eventTable(events).print(w.stdout)
	})
}

func eventTable(events []store.AuditEvent) *table {
	var t table
	t.row("AT", "EVENT", "BY", "SESSION", "FROM", "DEVICE", "REQUEST", "DETAIL")
	for _, e := range events {
		session := ""
		if e.SessionID != 0 {
			session = strconv.FormatInt(int64(e.SessionID), 10)
		}
		t.row(moment(e.At), e.Action, e.Actor, session, e.IP, e.Device, e.RequestID, e.Detail)
	}
	return &t
}
