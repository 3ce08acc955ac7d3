package api

import (
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
