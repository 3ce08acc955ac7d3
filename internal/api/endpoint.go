package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/form"
)

// verb does what a route is for. The caller is known by then where the route needs
// one.
type verb func(x *exchange) (Answer, error)

// endpoint is a verb and the body that it reads, nil where it reads none.
type endpoint struct {
	body func() form.Body
	verb verb
}

// reads makes an endpoint of a verb that takes an input: read the body strictly,
// decode and check it, then act.
func reads[In any, P interface {
	*In
	form.Body
}](act func(x *exchange, in In) (Answer, error)) endpoint {
	return endpoint{
		body: func() form.Body { return P(new(In)) },
		verb: func(x *exchange) (Answer, error) {
			members, err := x.readObject()
			if err != nil {
				return nil, err
			}
			var in In
			if problems := form.Decode(members, P(&in), x.Now()); len(problems) > 0 {
				return nil, problems
			}
			return act(x, in)
		},
	}
}

// bare makes an endpoint of a verb that has no use for a body. One that is sent all
// the same is not looked at.
func bare(act verb) endpoint { return endpoint{verb: act} }

// invites makes an endpoint of a verb that mails a code or a link to whoever may have one,
// and answers all alike, after the same time.
func invites(send func(*auth.Auth, context.Context, *auth.Caller, auth.EmailInput) error) endpoint {
	paced := new(pace)
	return reads(func(x *exchange, in auth.EmailInput) (Answer, error) {
		began, whole := time.Now(), false
		defer func() { paced.hold(began, whole) }() // after a panic, too
		err := send(x.Auth, x.request.Context(), &x.caller, in)
		whole = err == nil
		return &Done{}, err
	})
}

// refusesAlike makes an endpoint of a verb for which somebody shows a secret. Who has the
// right one is answered at once, and everybody else after the same time.
func refusesAlike[In any, P interface {
	*In
	form.Body
}](act func(x *exchange, in In) (Answer, error)) endpoint {
	paced := new(pace)
	return reads[In, P](func(x *exchange, in In) (answer Answer, err error) {
		began, right := time.Now(), false // the body is read: a client that sends it slowly is no rule for others
		defer func() {
			if !right { // after a panic, too
				paced.hold(began, isUnproved(err))
			}
		}()
		answer, err = act(x, in)
		right = err == nil
		return answer, err
	})
}

// isUnproved tells of the answers to those who show a secret for an address that is wrong
// or over. Before another answer less is done.
func isUnproved(err error) bool {
	return slices.ContainsFunc([]account.Error{
		account.ErrInvalidCredentials, account.ErrOTPInvalid, account.ErrOTPExpired, account.ErrMagicLinkInvalid, account.ErrMagicLinkExpired,
	}, func(e account.Error) bool { return errors.Is(err, e) })
}
