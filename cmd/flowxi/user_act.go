package main

import (
	"context"
	"errors"
	"fmt"

	"flowxi.app/flowxi/internal/account"
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

// Run blocks a person.
func (c *userBlock) Run(w *world) error {
	question := "Block %s? Every session of theirs ends now."
	return act(w, c.Ref, c.harm, question, account.Blocked, func(ctx context.Context, a *node.Admin, id account.UserID) (account.User, error) {
		return a.Auth.Block(ctx, operator(), id)
	})
}

type userUnblock struct {
	who

	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run unblocks a person, which harms nobody.
func (c *userUnblock) Run(w *world) error {
	return act(w, c.Ref, harm{Yes: true, JSON: c.JSON}, "", "", func(ctx context.Context, a *node.Admin, id account.UserID) (account.User, error) {
		u, err := a.Auth.Unblock(ctx, operator(), id)
		if err == nil && u.Status == account.Closed {
			err = errClosed
		}
		return u, err
	})
}

type userClose struct {
	who
	harm
}

// Run closes an account.
func (c *userClose) Run(w *world) error {
	question := "Close the account of %s? This cannot be undone."
	return act(w, c.Ref, c.harm, question, account.Closed, func(ctx context.Context, a *node.Admin, id account.UserID) (account.User, error) {
		return a.Auth.CloseAccount(ctx, operator(), id)
	})
}

type userLogout struct {
	who
	harm
}

// Run ends all sessions.
func (c *userLogout) Run(w *world) error {
	question := "Log %s out everywhere?"
	return act(w, c.Ref, c.harm, question, "", func(ctx context.Context, a *node.Admin, id account.UserID) (account.User, error) {
		return a.Auth.LogoutAll(ctx, operator(), id)
	})
}

var errClosed = errors.New("the account is closed, for good")

// act finds the person, asks, acts, and shows what became of them. Where a status is
// given and the person does not end up with it, the account was closed before.
func act(w *world, ref string, h harm, question string, becomes account.Status,
	do func(context.Context, *node.Admin, account.UserID) (account.User, error)) error {
	return withAdmin(w, func(ctx context.Context, a *node.Admin) error {
		u, _, err := find(ctx, a, ref)
		if err != nil {
			return err
		}
		if err := confirm(w, h.Yes, fmt.Sprintf(question, u.Username+" ("+u.Email+")")); err != nil {
			return err
		}
		if u, err = do(ctx, a, u.ID); err != nil {
			return fmt.Errorf("user %s: %w", u.Username, err)
		}
		if becomes != "" && u.Status != becomes {
			return fmt.Errorf("user %s: %w", u.Username, errClosed)
		}
		if h.JSON {
			return printJSON(w.stdout, personOf(u))
		}
		printf(w.stdout, "%s is %s.\n", u.Username, u.Status)
		return nil
	})
}

func find(ctx context.Context, a *node.Admin, ref string) (account.User, []account.Session, error) {
	u, sessions, err := a.Auth.FindUser(ctx, ref)
	if errors.Is(err, account.ErrNotFound) {
		err = fmt.Errorf("there is no user %q", ref)
	}
	return u, sessions, err
}
