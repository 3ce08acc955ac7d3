// Package doctor tells an operator what is wrong with an instance and what to do about it.
// Its one rule: it looks, beside servers at work, and leaves everything as it was.
//
// What it writes is gone again when it ends: an object among the photos. What it sends is
// the mail that somebody asked for.
package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
	"unicode"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/rescue"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// Level is how well something is.
type Level string

// The levels of a finding.
const (
	OK      Level = "ok"
	Warning Level = "warning" // it works, and may not for long, or not as safely as it should
	Failure Level = "failure" // it does not work
	Skipped Level = "skipped" // it does not apply here, or could not be asked
)

// Finding is what a check has found. One check may find several things.
type Finding struct {
	Check string `json:"check"`
	Level Level  `json:"level"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // one line; there with warnings and failures

	Setting bool `json:"-"` // it is a setting that is wrong, so that no server starts
}

// Answer is what a server says of itself (contract section 11).
type Answer struct {
	Status      string `json:"status"`
	Environment string `json:"environment"`
}

// Options is what an examination takes besides the settings. The zero value is that of
// an operator's command.
type Options struct {
	MailTo   string                                    // gets a mail, where it is not empty
	Server   func(ctx context.Context) (Answer, error) // asks the server of this machine how it is; nil asks nobody
	Now      func() time.Time                          // nil is the clock of the machine
	Resolver *net.Resolver                             // nil is that of the system
	Roots    *x509.CertPool                            // whom clients trust; nil is whom this machine does
	Scarce   Scarce
}

// patience is how long a check may take. It has a moment more to give up by itself.
const (
	patience = 5 * time.Second
	moment   = time.Second
)

// patient is an instance under examination.
type patient struct {
	Options

	cfg      config.Config
	database found[*store.Store]
	ring     found[*seal.KeyRing]
}

// found is what could be opened, or why not.
type found[T any] struct {
	it  T
	err error
}

// check is one of the things to look at.
type check struct {
	name string
	look func(*patient, context.Context) []Finding
}

// checks are all of them, in the order in which they are told: what others rest on first.
func checks() []check {
	return []check{
		{"settings", (*patient).settings},
		{"permissions", (*patient).permissions},
		{"disk", (*patient).disk},
		{"keys", (*patient).keys},
		{"database", (*patient).databaseItself},
		{"integrity", (*patient).integrity},
		{"plans", (*patient).plans},
		{"redis", (*patient).redis},
		{"photos", (*patient).photos},
		{"clock", (*patient).clock},
		{"mail", (*patient).mail},
		{"dns", (*patient).dns},
		{"outbox", (*patient).outbox},
		{"tls", (*patient).tls},
		{"backup", (*patient).backup},
		{"server", (*patient).server},
	}
}

// Examine looks at everything at the same time, and tells what it finds in the order of
// the checks, each as soon as it can. Once ctx ends it tells nothing more.
func Examine(ctx context.Context, cfg config.Config, o Options, tell func(Finding)) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	p := &patient{Options: o, cfg: cfg}
	p.database.it, p.database.err = within(ctx, func(ctx context.Context) (*store.Store, error) { return node.OpenDatabase(ctx, cfg) })
	p.ring.it, p.ring.err = within(ctx, func(context.Context) (*seal.KeyRing, error) { return node.ReadRing(cfg) })
	p.examine(ctx, checks(), tell)
	if p.database.err == nil {
		_ = p.database.it.Close() // it was only read
	}
}

func (p *patient) examine(ctx context.Context, list []check, tell func(Finding)) {
	ends := make([]<-chan ended[[]Finding], len(list))
	for i, c := range list {
		ends[i] = beside(ctx, func(ctx context.Context) ([]Finding, error) { return c.look(p, ctx), nil })
	}
	for i, c := range list {
		end := <-ends[i]
		if ctx.Err() != nil {
			return // what fails now fails because of that
		}
		if end.err != nil {
			end.value = fail("the check itself failed: "+end.err.Error(), "Run it again. Where it fails again, tell those who make Flowxi.")
		}
		for _, f := range end.value {
			f.Check, f.Found = c.name, oneLine(f.Found)
			tell(f)
		}
	}
}

type ended[T any] struct {
	value T
	err   error
}

// within does work that may hang or panic, neither of which is worth more than an error.
func within[T any](ctx context.Context, work func(context.Context) (T, error)) (T, error) {
	end := <-beside(ctx, work)
	return end.value, end.err
}

// beside is within for several at once.
func beside[T any](ctx context.Context, work func(context.Context) (T, error)) <-chan ended[T] {
	first, done := make(chan ended[T], 1), make(chan ended[T], 1)
	limited, cancel := context.WithTimeout(ctx, patience)
	go func() {
		var end ended[T]
		end.err = rescue.Do(func() (err error) {
			end.value, err = work(limited)
			return err
		})
		done <- end
	}()
	go func() {
		defer cancel()
		select {
		case end := <-done:
			first <- end
		case <-time.After(patience + moment):
			first <- ended[T]{err: fmt.Errorf("there was no answer within %s", patience)}
		}
	}()
	return first
}

func well(format string, args ...any) []Finding {
	return []Finding{{Level: OK, Found: fmt.Sprintf(format, args...)}}
}

func skip(format string, args ...any) []Finding {
	return []Finding{{Level: Skipped, Found: fmt.Sprintf(format, args...)}}
}

func warn(found, do string) []Finding { return []Finding{{Level: Warning, Found: found, Do: do}} }

func fail(found, do string) []Finding { return []Finding{{Level: Failure, Found: found, Do: do}} }

// noStart is what keeps a server from starting, be it a setting or something else.
func noStart(err error, do string) []Finding {
	if wrong, is := errors.AsType[*config.Error](err); is {
		return []Finding{{Level: Failure, Found: "no server starts: " + wrong.Error(), Do: do, Setting: true}}
	}
	return fail("no server starts: "+err.Error(), do)
}

// or is what was found, or that all is well where that is nothing.
func or(list []Finding, format string, args ...any) []Finding {
	if len(list) > 0 {
		return list
	}
	return well(format, args...)
}

// oneLine keeps what others say on a line, and what it could do to a terminal out of it.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '�'
	}, text)
}
