package mail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// ErrNotFound says that the inbox has no such mail, or no more.
var ErrNotFound = errors.New("mail not found")

// Entry is a mail in the inbox. Code and Link are what the mail is about, for
// scripts that would otherwise have to look for them in its text.
type Entry struct {
	ID      string           `json:"id"`
	To      string           `json:"to"`
	From    string           `json:"from"`
	Subject string           `json:"subject"`
	Date    time.Time        `json:"date"`
	Locale  account.Locale   `json:"locale"`
	Kind    account.MailKind `json:"kind"`
	Code    string           `json:"code,omitempty"`
	Link    string           `json:"link,omitempty"`
	Text    string           `json:"text,omitempty"`
	HTML    string           `json:"html,omitempty"`
	Source  string           `json:"-"` // the bytes that a server would have got
}

// Inbox is a Transport for development and sandboxes: it delivers into a folder of
// .eml files, where a page can show them. A mail survives the loss of power once
// Send has returned. One process at a time may use the folder.
type Inbox struct {
	root *os.Root
	keep int

	mu       sync.Mutex
	loaded   bool
	entries  []Entry // oldest first, without bodies
	watchers map[chan struct{}]bool
}

var _ Transport = (*Inbox)(nil)

// NewInbox opens the folder, which it makes where it is missing. The inbox holds
// the newest keep mails. Close gives the folder back.
func NewInbox(dir string, keep int) (*Inbox, error) {
	if keep < 1 {
		return nil, fmt.Errorf("open inbox: it must keep at least one mail, not %d", keep)
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("open inbox: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open inbox: %w", err)
	}
	return &Inbox{root: root, keep: keep, watchers: make(map[chan struct{}]bool)}, nil
}

// Close gives the folder back. The inbox is of no use afterwards.
func (in *Inbox) Close() error { return in.root.Close() }

// Send implements Transport. A message that was sent before is replaced.
func (in *Inbox) Send(ctx context.Context, m Message) error {
	entry, body, err := entryOf(ctx, m)
	if err != nil {
		return err
	}
	return in.add(entry, body)
}

// Rehearse does the work of Send, down to the disk, and leaves nothing of it. Only what a
// full inbox throws away, and who watches it, is not looked at.
func (in *Inbox) Rehearse(ctx context.Context, m Message) error {
	entry, body, err := entryOf(ctx, m)
	if err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.load(); err != nil {
		return err
	}
	if err := in.unwrite(entry.ID, body); err != nil {
		return fmt.Errorf("rehearse mail: %w", err)
	}
	return nil
}

func entryOf(ctx context.Context, m Message) (e Entry, body []byte, err error) {
	if body, err = source(m); err != nil {
		return e, nil, err
	}
	if err := ctx.Err(); err != nil {
		return e, nil, fmt.Errorf("send mail: %w", err)
	}
	if e, err = parse(m.ID, body); err != nil {
		return e, nil, fmt.Errorf("send mail: %w", err)
	}
	return e.summary(), body, nil
}

func (in *Inbox) add(e Entry, body []byte) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.load(); err != nil {
		return err
	}
	if err := in.write(e.ID, body); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	in.entries = slices.DeleteFunc(in.entries, func(old Entry) bool { return old.ID == e.ID })
	in.entries = append(in.entries, e)
	in.prune()
	in.notify()
	return nil
}

// prune makes room. Where a file cannot be removed it is tried again with the next
// mail: the new one was delivered all the same.
func (in *Inbox) prune() {
	for len(in.entries) > in.keep {
		if in.remove(in.entries[0].ID) != nil {
			return
		}
		in.entries = slices.Delete(in.entries, 0, 1)
	}
}

// List returns the mails to an address, or all for "", newest first and without
// their bodies.
func (in *Inbox) List(to string) ([]Entry, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.load(); err != nil {
		return nil, err
	}
	list := []Entry{}
	for _, e := range slices.Backward(in.entries) {
		if to == "" || strings.EqualFold(e.To, strings.TrimSpace(to)) {
			list = append(list, e)
		}
	}
	return list, nil
}

// Get returns the mail with that id, whole, or ErrNotFound.
func (in *Inbox) Get(id string) (Entry, error) {
	if !validID(id) {
		return Entry{}, ErrNotFound
	}
	return in.read(id)
}

// Subscribe returns a channel that gets a value after mails have arrived, one for
// any number of them while nobody looks. The function ends the subscription.
func (in *Inbox) Subscribe() (<-chan struct{}, func()) {
	arrived := make(chan struct{}, 1)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.watchers[arrived] = true
	return arrived, func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		delete(in.watchers, arrived)
	}
}

func (in *Inbox) notify() {
	for arrived := range in.watchers {
		select {
		case arrived <- struct{}{}:
		default: // a value is waiting already
		}
	}
}
