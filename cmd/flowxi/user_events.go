package main

import (
	"context"
	"strconv"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

type userEvents struct {
	who

	Limit int  `default:"50" help:"At most so many events."`
	JSON  bool `name:"json" help:"Answer in JSON."`
}

// Validate refuses what would list nothing.
func (c *userEvents) Validate() error { return checkLimit(c.Limit) }

// Run shows what happened to a person.
func (c *userEvents) Run(w *world) error {
	return withAdmin(w, func(ctx context.Context, a *node.Admin) error {
		u, _, err := find(ctx, a, c.Ref)
		if err != nil {
			return err
		}
		events, err := a.Events(ctx, u.ID, c.Limit)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(w.stdout, eventsOf(events))
		}
		return eventTable(events).print(w.stdout)
	})
}

// event is an audit event in JSON.
type event struct {
	At        time.Time         `json:"at"`
	Action    string            `json:"event"`
	Actor     string            `json:"by"`
	SessionID account.SessionID `json:"session_id,omitempty"`
	IP        string            `json:"ip,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Detail    string            `json:"detail,omitempty"`
}

func eventsOf(events []store.AuditEvent) []event {
	list := make([]event, len(events))
	for i, e := range events {
		list[i] = event{e.At, e.Action, e.Actor, e.SessionID, e.IP, e.RequestID, e.Detail}
	}
	return list
}

func eventTable(events []store.AuditEvent) *table {
	var t table
	t.row("AT", "EVENT", "BY", "SESSION", "FROM", "REQUEST", "DETAIL")
	for _, e := range events {
		session := ""
		if e.SessionID != 0 {
			session = strconv.FormatInt(int64(e.SessionID), 10)
		}
		t.row(moment(e.At), e.Action, e.Actor, session, e.IP, e.RequestID, e.Detail)
	}
	return &t
}
