package account

import "time"

// MailKind names a mail that Flowxi sends. Each has a template and its own texts in
// every language.
type MailKind string

// The mails of contract sections 4 to 6.
const (
	MailRegistrationCode  MailKind = "registration_code"  // carries a six-digit code
	MailRegistrationLink  MailKind = "registration_link"  // carries a magic link
	MailAlreadyRegistered MailKind = "already_registered" // tells the owner that somebody tried to register again
)

// MailTrial shows an operator that mail arrives. It is never in the outbox.
const MailTrial MailKind = "trial"

// Mail is a message to one person as the outbox holds it. It says what to tell, not
// how: the words are put in when it is sent.
type Mail struct {
	ID        string // 32 hex characters, random; also the left part of its Message-ID
	Kind      MailKind
	To        string
	Locale    Locale
	Sealed    []byte // a MailContent as JSON, sealed and bound to the ID
	Attempts  int    // failed tries so far
	CreatedAt time.Time
	ExpiresAt time.Time // past this the mail is dropped, since what it carries is of no use any more

	ClaimedUntil time.Time // when the claim of who sends it ends; zero where nobody has claimed it
}

// Blank tells whether m was written for nobody: born expired, so that the outbox does
// the same work whoever an address belongs to, and never sent. It waits its turn and takes
// its time as others do.
func (m Mail) Blank() bool { return !m.ExpiresAt.After(m.CreatedAt) }

// MailContent is the part of a mail that nobody but its reader may see.
type MailContent struct {
	Code string        `json:"code,omitempty"`
	Link string        `json:"link,omitempty"`
	TTL  time.Duration `json:"ttl,omitempty"` // how long the code or link lives, nanoseconds

	// Asker is who asked for it, nil in what version 0.1.0 wrote.
	Asker *Asker `json:"asker,omitempty"`

	Origin string `json:"origin,omitempty"` // span of the request that caused it, where there are traces
}

// Asker is what the reader of a mail is told of whoever asked for it.
type Asker struct {
	Agent   Agent  `json:"agent,omitzero"`
	Address string `json:"address,omitempty"` // IPv4 address or IPv6 /64; empty where it would tell of a network of ours
}

// SealContext binds sealed mail content to its row.
func (m Mail) SealContext() string { return "outbox:" + m.ID }
