package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
)

// journal is a log that leads to the journal of systemd, where each line has a priority. It
// is told by what a line begins with (sd-daemon(3)), without which it is that of info.
//
// Each level has a handler of its own, so that the line and what is before it are written
// at once, and nobody has to look for the level in a line.
type journal struct{ debug, info, warn, err slog.Handler }

// What a line begins with there.
const (
	asError = "<3>"
	asWarn  = "<4>"
	asInfo  = "<6>"
	asDebug = "<7>"
)

func newJournal(to io.Writer, handler func(io.Writer) slog.Handler) *journal {
	as := func(priority string) slog.Handler { return handler(&prefixed{to: to, prefix: priority}) }
	return &journal{debug: as(asDebug), info: as(asInfo), warn: as(asWarn), err: as(asError)}
}

func (j *journal) of(level slog.Level) slog.Handler {
	switch {
	case level >= slog.LevelError:
		return j.err
	case level >= slog.LevelWarn:
		return j.warn
	case level >= slog.LevelInfo:
		return j.info
	}
	return j.debug
}

// Enabled implements slog.Handler.
func (j *journal) Enabled(ctx context.Context, level slog.Level) bool {
	return j.of(level).Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (j *journal) Handle(ctx context.Context, r slog.Record) error {
	return j.of(r.Level).Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return j.each(func(h slog.Handler) slog.Handler { return h.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (j *journal) WithGroup(name string) slog.Handler {
	return j.each(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (j *journal) each(change func(slog.Handler) slog.Handler) *journal {
	return &journal{debug: change(j.debug), info: change(j.info), warn: change(j.warn), err: change(j.err)}
}

// prefixed puts the same before each line. Handlers write to it one at a time, as slog has
// it, so it can keep its memory for the next line.
type prefixed struct {
	to     io.Writer
	prefix string
	buf    []byte
}

// Write implements io.Writer. What a library has to say may be several lines in text.
func (p *prefixed) Write(text []byte) (int, error) {
	p.buf = p.buf[:0]
	for line := range bytes.Lines(text) {
		p.buf = append(append(p.buf, p.prefix...), line...)
	}
	if _, err := p.to.Write(p.buf); err != nil {
		return 0, err
	}
	return len(text), nil
}
