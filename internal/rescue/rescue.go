// Package rescue keeps a panic in the work where it began: a bug, or a row that nobody
// reckoned with, must not end a server that serves others. Its one rule: what a panic
// says may quote anything, a secret too, so only what Go itself says of it is passed on;
// the stack tells where it was.
package rescue

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// Panic is work that ended in one.
type Panic struct {
	cause string
	stack string
}

// Error tells what Go said, or the type of what other code said.
func (p *Panic) Error() string { return "panic: " + p.cause }

// Stack is the attribute of a line of the log that tells where a panic was, if that is
// what err is. Otherwise it is one that logs leave out.
func Stack(err error) slog.Attr {
	var p *Panic
	if !errors.As(err, &p) {
		return slog.Attr{}
	}
	return slog.String("stack", p.stack)
}

var caught atomic.Uint64

// Caught is how many panics this process has lived through.
func Caught() uint64 { return caught.Load() }

// Do does work, and returns its error or a *Panic. What it had begun is not undone, so
// the work holds its locks and places by defer.
func Do(work func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = Note(cause)
		}
	}()
	return work()
}

// Note makes an error of what recover returned, and counts it.
func Note(cause any) *Panic {
	caught.Add(1)
	return &Panic{cause: plain(cause), stack: string(debug.Stack())}
}

func plain(cause any) string {
	if err, ok := cause.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a value of type %T", cause)
}
