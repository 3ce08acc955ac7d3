// Package account holds the nouns of Flowxi (people, sessions, devices, login
// challenges) and the catalogue of every code that an answer can carry. Its one
// rule: it depends on the standard library alone and does nothing, so that every
// other package can speak of the same things.
package account

import (
	"fmt"
	"log/slog"
	"time"
)

// UserID identifies a person. Ids are handed out by the database, grow, and are
// never used again.
type UserID int64

// SessionID identifies a session and is the part of its token before the bar.
type SessionID int64

// Status says what a person's account may do (contract section 4).
type Status string

// The states of an account. Only Active logs in.
const (
	Pending Status = "pending" // asked to register, has not proved the e-mail address
	Active  Status = "active"  // has a proved e-mail address and a password
	Blocked Status = "blocked" // locked by an operator, can be unlocked
	Closed  Status = "closed"  // ended, for good
)

// Locked tells whether an operator has taken the account away from its owner. To a
// stranger such an account looks like none at all.
func (s Status) Locked() bool { return s == Blocked || s == Closed }

// Locale is the language of an answer or a mail, as a lowercase ISO 639 code.
type Locale string

// Secret is text that must not be seen: a password, a code, a token. It prints as
// "[secret]" through fmt, log/slog and encoding/json; only an explicit conversion to
// string shows it. A struct keeps it in an exported field: fmt asks no method of an
// unexported one, and would print what it holds.
type Secret string

const masked = "[secret]"

// Format implements fmt.Formatter for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(masked)) }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText keeps a Secret out of JSON, XML and text encodings.
func (Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// User is one person. Pointers are nil where the person has not said.
type User struct {
	ID              UserID
	Email           string // canonical: trimmed, lowercase
	Username        string // "fx" and the id in eight digits
	Status          Status
	Locale          Locale // empty where none is known
	PasswordHash    Secret // empty until activation
	PasswordChanged time.Time
	SessionsRevoked time.Time // when all sessions were last ended at once, zero for never
	DevicesRevoked  time.Time // when one or all of the sessions were last ended on purpose, zero for never
	Profile         Profile
	PhotoKey        string // object key of the profile photo, empty where there is none
	TOTP            TOTP
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Profile is what a person may say of themselves (contract section 10).
type Profile struct {
	FirstName, LastName *string
	BirthDate           *string // YYYY-MM-DD
	Country             *string // ISO 3166-1 alpha-2, uppercase
	Nationality         *string // ISO 3166-1 alpha-3, uppercase
	PhoneNumber         *string // E.164
}

// TOTP is a person's second factor. The zero value means that it is off.
type TOTP struct {
	Sealed    []byte // the shared secret, sealed by the key ring
	EnabledAt time.Time
}

// Enabled tells whether a login needs a second factor.
func (t TOTP) Enabled() bool { return !t.EnabledAt.IsZero() }

// Device is what a client says about the thing it runs on. The zero value stands
// for no device (a legacy token, contract section 6).
type Device struct {
	ID      string
	Type    string
	Name    string
	Country string // ISO 3166-1 alpha-2, empty where it was not said
}

// Known tells whether the client named a device at all.
func (d Device) Known() bool { return d.ID != "" }

// Session is one bearer token of one person, bound to one device where one was named.
type Session struct {
	ID         SessionID
	UserID     UserID
	Device     Device
	IP         string
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time // the absolute end, however busy the session is
	SteppedUp  time.Time // when the second factor was last proved, zero for never
}

// Expires is when the session ends if it is not used again: the earlier of its
// absolute end and the end of its idle allowance.
func (s Session) Expires(idle time.Duration) time.Time {
	if quiet := s.LastUsedAt.Add(idle); quiet.Before(s.ExpiresAt) {
		return quiet
	}
	return s.ExpiresAt
}

// Identity is the answer to "who is calling": a live session and its person, as far as
// store.Identity reads them.
type Identity struct {
	Session Session
	User    User
}

// Challenge is a login that waits for its second factor (contract section 7). It
// holds what the second step is bound to and what must not have changed since.
type Challenge struct {
	UserID    UserID `json:"user_id"`
	Device    Device `json:"device"`
	Network   string `json:"network"` // IPv4 address or IPv6 /64 of the first step
	UserAgent string `json:"user_agent"`
	Grounds
}

// Grounds are what a login rests on from when its password was right until it is finished.
type Grounds struct {
	PasswordChanged time.Time `json:"password_changed"`
	TOTPEnabled     time.Time `json:"totp_enabled"`
	SessionsRevoked time.Time `json:"sessions_revoked,omitzero"`
}

// Grounds returns what a login of the person rests on that begins now.
func (u User) Grounds() Grounds {
	return Grounds{PasswordChanged: u.PasswordChanged, TOTPEnabled: u.TOTP.EnabledAt, SessionsRevoked: u.SessionsRevoked}
}

// PasswordHolds tells whether the person, read again, may still use a password that was
// right: a block or a new password in between wins.
func (g Grounds) PasswordHolds(u User) bool {
	return u.Status == Active && u.PasswordChanged.Equal(g.PasswordChanged)
}

// Hold tells whether the person, read again, may be logged in on these grounds by a second
// factor alone: another one and a logout everywhere in between win, too.
func (g Grounds) Hold(u User) bool {
	now := u.Grounds()
	return g.PasswordHolds(u) && now.TOTPEnabled.Equal(g.TOTPEnabled) && now.SessionsRevoked.Equal(g.SessionsRevoked)
}

// Username is the generated name of a person (contract section 4).
func Username(id UserID) string { return fmt.Sprintf("fx%08d", id) }
