package main

import (
	"context"
	"fmt"
	"strconv"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/node"
)

type userCommand struct {
	List    userList    `cmd:"" answer:"" help:"List people by id."`
	Show    userShow    `cmd:"" answer:"" help:"Show one person and their sessions."`
	Events  userEvents  `cmd:"" answer:"" help:"Show what the audit trail has about a person, the newest first."`
	Block   userBlock   `cmd:"" help:"Lock a person out and end their sessions, until they are unblocked."`
	Unblock userUnblock `cmd:"" help:"Let a blocked person in again."`
	Close   userClose   `cmd:"" help:"End an account for good."`
	Logout  userLogout  `cmd:"" help:"End all sessions of a person."`
	Reset   userReset   `cmd:"" name:"reset-2fa" help:"Take away a second factor that a person has lost, and end all sessions. Make sure first that it is that person who asks."`
}

type userList struct {
	Status *string `enum:"pending,active,blocked,closed" help:"Only people with this status: pending, active, blocked or closed."`
	After  int64   `placeholder:"ID" help:"Only people with a higher id than this: the next page."`
	Limit  count   `default:"100" help:"At most so many people."`
	JSON   bool    `name:"json" help:"Answer in JSON."`
}

// Examples of its use.
func (userList) Examples() []example {
	return []example{
		{"flowxi user list --status blocked", "Who is locked out."},
		{"flowxi user list --after 100 --limit 100 --json", "The second page, for a script."},
	}
}

// count is of what is listed: never nothing, and never more than a terminal is for.
type count int

const mostListed = 10_000

// UnmarshalText reads it.
func (c *count) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > mostListed {
		return fmt.Errorf("%q is not allowed; allowed: a number from 1 to %d", text, mostListed)
	}
	*c = count(n)
	return nil
}

// Run lists people.
func (c *userList) Run(w *world) error {
	return withAdmin(w, func(ctx context.Context, a *node.Admin) error {
		status := account.Status("") // of everybody
		if c.Status != nil {
			status = account.Status(*c.Status)
		}
		limit := int(c.Limit)
		people, err := a.ListUsers(ctx, status, account.UserID(c.After), limit+1) // one more tells that there are more
		if err != nil {
			return err
		}
		more := len(people) > limit
		people = people[:min(len(people), limit)]
		if err := c.print(w, people); err != nil || !more {
			return err
		}
		printf(w.stderr, "There are more: --after %d\n", people[len(people)-1].ID)
		return nil
	})
}

func (c *userList) print(w *world, people []account.User) error {
	if c.JSON {
		return printJSON(w.stdout, personsOf(people))
	}
	return peopleTable(people).print(w.stdout)
}

func peopleTable(people []account.User) *table {
	var t table
	t.row("ID", "USERNAME", "STATUS", "E-MAIL", "2FA", "CREATED")
	for _, u := range people {
		t.row(strconv.FormatInt(int64(u.ID), 10), u.Username, string(u.Status), u.Email, onOff(u.TOTP.Enabled()), moment(u.CreatedAt))
	}
	return &t
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// who names the person that a command is about.
type who struct {
	Ref string `arg:"" help:"Id, username or e-mail address of the person."`
}

type userShow struct {
	who

	JSON bool `name:"json" help:"Answer in JSON."`
}

// Examples of its use.
func (userShow) Examples() []example {
	return []example{
		{"flowxi user show ada@example.org", "The person and where they are logged in."},
		{"flowxi user show 17 --json", "For a script."},
	}
}

// Run shows one person.
func (c *userShow) Run(w *world) error {
	return withAdmin(w, func(ctx context.Context, a *node.Admin) error {
		u, sessions, err := find(ctx, a, c.Ref)
		if err != nil {
			return err
		}
		if c.JSON {
			p := personOf(u)
			p.Sessions = sessionsOf(sessions, a.IdleTTL())
			return printJSON(w.stdout, p)
		}
		if err := personTable(u).print(w.stdout); err != nil || len(sessions) == 0 {
			return err
		}
		printf(w.stdout, "\n")
		return sessionTable(sessions, a.IdleTTL()).print(w.stdout)
	})
}
