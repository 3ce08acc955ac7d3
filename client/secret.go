package client

import (
	"fmt"
	"log/slog"
)

// Secret is text that must not be seen: a password, a code, a token. It prints as
// "[secret]" through fmt, log/slog and the encoders of encoding/json and encoding/xml; only
// a conversion to string shows it. Keep it in exported fields: fmt asks no method of an
// unexported one.
type Secret string

const masked = "[secret]"

// Format implements [fmt.Formatter] for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(masked)) }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText keeps a Secret out of text formats. Requests are encoded by this package, and
// hold what it is.
func (Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }
