package main

import (
	"context"
	"errors"
	"fmt"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/node"
)

// harm is how a command that harms somebody is told to go on.
type harm struct {
	Yes  bool `short:"y" help:"Do not ask."`
	JSON bool `name:"json" help:"Answer in JSON."`
}

type userBlock struct {
	who
	harm
}

// Examples of its use.
func (userBlock) Examples() []example {
	return []example{{"flowxi user block ada@example.org", "Ask first; --yes does not."}}
}

// Run blocks a person.
func (c *userBlock) Run(w *world) error {
	return act(w, c.Ref, c.harm, deed{
		question: "Block %s? Every session of theirs ends now.", becomes: account.Blocked, done: "is blocked",
		do: (*auth.Operator).Block,
	})
}

type userUnblock struct {
	who
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Examples of its use.
func (userUnblock) Examples() []example {
	return []example{{"flowxi user unblock ada@example.org", "They log in anew: sessions do not come back."}}
}

// Run unblocks a person, which harms nobody and is not asked about.
func (c *userUnblock) Run(w *world) error {
	return act(w, c.Ref, harm{Yes: true, JSON: c.JSON}, deed{
		from: account.Blocked, becomes: account.Active, done: "is unblocked", do: (*auth.Operator).Unblock,
	})
}

type userClose struct {
	who
	harm
}

// Examples of its use.
func (userClose) Examples() []example {
	return []example{{"flowxi user close fx00000017", "Ask first; it cannot be undone."}}
}

// Run closes an account.
func (c *userClose) Run(w *world) error {
	return act(w, c.Ref, c.harm, deed{
		question: "Close the account of %s? This cannot be undone.", becomes: account.Closed, done: "is closed",
		do: (*auth.Operator).CloseAccount,
	})
}

type userLogout struct {
	who
	harm
}

// Examples of its use.
func (userLogout) Examples() []example {
	return []example{{"flowxi user logout 17 --yes", "End all sessions without asking, as after a restore."}}
}

// Run ends all sessions.
func (c *userLogout) Run(w *world) error {
	return act(w, c.Ref, c.harm, deed{
		question: "Log %s out everywhere?", done: "is logged out everywhere", do: (*auth.Operator).LogoutAll,
	})
}

type userReset struct {
	who
	harm
}

// Examples of its use.
func (userReset) Examples() []example {
	return []example{{"flowxi user reset-2fa ada@example.org", "They log in by password alone then, and can turn on another."}}
}

// Run takes a second factor away.
func (c *userReset) Run(w *world) error {
	return act(w, c.Ref, c.harm, deed{
		question: "Take the second factor of %s away, and log them out everywhere?",
		done:     "has no second factor and is logged out everywhere", do: (*auth.Operator).ResetTwoFA,
	})
}

var errClosed = errors.New("the account is closed, for good")

// deed is what is done to a person.
type deed struct {
	question string         // with a place for who it is
	from     account.Status // without which there is nothing to do; empty where it matters not
	becomes  account.Status // which a closed account refuses; empty where it matters not
	done     string         // what to say of the person afterwards
	do       func(*auth.Operator, context.Context, account.UserID) (account.User, error)
}

// act finds the person, asks, does the deed, and tells.
func act(w *world, ref string, h harm, d deed) error {
	return withAdmin(w, func(ctx context.Context, a *node.Admin) error {
		u, _, err := find(ctx, a, ref)
		if err != nil {
			return err
		}
		if d.from != "" && u.Status != d.from && u.Status != account.Closed {
			return fmt.Errorf("user %s is not %s, but %s", u.Username, d.from, u.Status)
		}
		if err := confirm(w, h.Yes, fmt.Sprintf(d.question, u.Username+" ("+u.Email+")")); err != nil {
			return err
		}
		if u, err = d.do(a.Operator, ctx, u.ID); errors.Is(err, account.ErrTwoFANotEnabled) {
			return fmt.Errorf("user %s has no second factor that is on", u.Username)
		}
		if err != nil {
			return fmt.Errorf("user %s: %w", u.Username, err)
		}
		if u.Status == account.Closed && d.becomes != account.Closed && d.becomes != "" {
			return fmt.Errorf("user %s: %w", u.Username, errClosed)
		}
		if h.JSON {
			return printJSON(w.stdout, personOf(u))
		}
		printf(w.stdout, "%s %s.\n", u.Username, d.done)
		return nil
	})
}

func find(ctx context.Context, a *node.Admin, ref string) (account.User, []account.Session, error) {
	u, sessions, err := a.FindUser(ctx, ref)
	if errors.Is(err, account.ErrNotFound) {
		err = fmt.Errorf("there is no user %q", ref)
	}
	return u, sessions, err
}
