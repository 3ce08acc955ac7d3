package mock

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"flowxi.app/flowxi/client"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/node"
)

// stage is where one person comes to be what they are: by the API, as a client of it, but
// for what operators do.
type stage struct {
	*client.Client
	clock *clock
	node  *node.Node
	cfg   config.Config
	now   time.Time // when all of it is to be so
}

// populate makes the people, each at their time, and returns them.
func populate(ctx context.Context, c *clock, n *node.Node, cfg config.Config, now time.Time) ([]Person, error) {
	var people []Person
	for _, r := range cast() {
		s := &stage{clock: c, node: n, cfg: cfg, now: now}
		var err error
		if s.Client, err = s.from("127.0.0.1:1", r.locale); err != nil {
			return nil, err
		}
		s.before(r.ago)
		p := Person{Email: r.email, State: "active", Locale: r.locale, Who: r.who}
		if err := r.play(ctx, s, &p); err != nil {
			return nil, fmt.Errorf("%s: %w", r.email, err)
		}
		people = append(people, p)
	}
	return people, nil
}

// from is a client at an address.
func (s *stage) from(addr, locale string) (*client.Client, error) {
	return client.New(s.cfg.PublicURL.String(), client.Options{
		HTTPClient: &http.Client{Transport: inProcess{s.node.Handler(), addr}}, Locale: locale, InsecureHTTP: true,
		Retries: -1, UserAgent: "flowxi mock",
	})
}

// before sets the clock to so long before the time when all is to be ready.
func (s *stage) before(ago time.Duration) { s.clock.set(s.now.Add(-ago), false) }

// pass lets time pass.
func (s *stage) pass(d time.Duration) { s.clock.set(s.clock.now().Add(d), false) }

// operate does what an operator may.
func (s *stage) operate(ctx context.Context, do func(*auth.Operator) error) error {
	admin, err := node.OpenAdmin(ctx, s.cfg, "operator:mock")
	if err != nil {
		return err
	}
	return errors.Join(do(admin.Operator), admin.Close())
}

const (
	mailWait = 30 * time.Second
	mailLook = 2 * time.Millisecond
)

// mailed waits until so many mails have come to an address. The clock stands meanwhile: a
// mail that comes after its code has expired would be dropped.
func (s *stage) mailed(ctx context.Context, to string, n int) error {
	_, err := s.mails(ctx, to, n)
	return err
}

// link waits for the mail with a link, which is the second one.
func (s *stage) link(ctx context.Context, to string) (string, error) {
	list, err := s.mails(ctx, to, 2)
	if err != nil {
		return "", err
	}
	m, err := s.node.Inbox().Get(list[0].ID)
	return m.Link, err
}

func (s *stage) mails(ctx context.Context, to string, n int) ([]mail.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, mailWait)
	defer cancel()
	for {
		list, err := s.node.Inbox().List(to)
		if err != nil || len(list) >= n {
			return list, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the mail to %s does not come: %w", to, ctx.Err())
		case <-time.After(mailLook):
		}
	}
}
