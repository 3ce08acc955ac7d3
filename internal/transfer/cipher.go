package transfer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"filippo.io/age"

	"flowxi.app/flowxi/internal/seal"
)

// A backup is an age file (age-encryption.org/v1). Its key is sealed with the key ring,
// in a stanza of our own, or for recipients of the operator's. Who wrote it is proved
// inside: see proof.go.
const (
	stanza      = "flowxi.app/key-ring-v1"
	sealContext = "backup file key"
)

// ErrDamaged says that a backup is cut off or not as it was written.
var ErrDamaged = errors.New("the backup is cut off or has been altered: nothing was restored from it")

// ErrNotBackup says that a file does not begin as a backup does.
var ErrNotBackup = errors.New("the file is no backup of Flowxi, or one that is cut off or has been altered: nothing was restored from it")

// closed is why the ring does not open a backup.
type closed struct{ error }

// Unwrap gives the cause.
func (c closed) Unwrap() error { return c.error }

// ringKey seals the key of a file with a key ring and opens it again.
type ringKey struct{ ring *seal.KeyRing }

// Wrap implements age.Recipient.
func (k ringKey) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: stanza, Body: k.ring.Seal(fileKey, sealContext)}}, nil
}

// Unwrap implements age.Identity.
func (k ringKey) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type != stanza {
			continue
		}
		fileKey, err := k.ring.Open(s.Body, sealContext)
		if errors.Is(err, seal.ErrUnknownKey) {
			id, _ := k.ring.SealedBy(s.Body)
			return nil, closed{fmt.Errorf("the backup is sealed with the key %s, which the ring here has not: restore the key file or FLOWXI_KEYS of the instance first", id)}
		}
		if err != nil {
			return nil, closed{fmt.Errorf("the key of the backup does not open: it is altered, or the key of the same id in the ring here is another: %w", err)}
		}
		return fileKey, nil
	}
	return nil, age.ErrIncorrectIdentity
}

// Encrypt returns a writer that encrypts with the ring's active key or, where there are
// any, for recipients in the form of age ("age1…") alone. To close it ends the file.
func Encrypt(w io.Writer, ring *seal.KeyRing, recipients []string) (io.WriteCloser, error) {
	to := []age.Recipient{ringKey{ring}}
	if len(recipients) > 0 {
		var err error
		if to, err = age.ParseRecipients(strings.NewReader(strings.Join(recipients, "\n"))); err != nil {
			return nil, fmt.Errorf("read recipient: %w", err)
		}
	}
	out, err := age.Encrypt(w, to...)
	if err != nil {
		return nil, fmt.Errorf("encrypt backup: %w", err)
	}
	return out, nil
}

// Decrypt returns the reader of what Encrypt was given. Where identities, the text of an
// age identity file, are given, they open it, and the ring does otherwise.
func Decrypt(r io.Reader, ring *seal.KeyRing, identities string) (io.Reader, error) {
	by := []age.Identity{ringKey{ring}}
	advice := "the backup is not sealed with a key ring: give the age identity that opens it, by --identity"
	if identities != "" {
		var err error
		if by, err = age.ParseIdentities(strings.NewReader(identities)); err != nil {
			return nil, errors.New("the identity file holds no age identity") // err may show what is in it
		}
		advice = "the identity does not open the backup: it was encrypted for another, or with the key ring, which needs no --identity"
	}
	plain, err := age.Decrypt(r, by...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, errors.New(advice)
	}
	if err != nil {
		return nil, unopened(err)
	}
	return plain, nil
}

// Verify reads a backup to its end and goes back to its beginning, so that nothing of one
// that is cut off, altered or not proved by the ring is written anywhere. What cannot be
// read twice, as a pipe, it leaves alone: there a restore finds out on the way.
func Verify(r io.Reader, ring *seal.KeyRing, identities string) error {
	file, ok := r.(io.Seeker)
	if !ok {
		return nil
	}
	begin, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil //nolint:nilerr // a pipe
	}
	plain, err := Decrypt(r, ring, identities)
	if err != nil {
		return err
	}
	if err := newReader(plain).genuine(ring); err != nil {
		return err
	}
	if _, err := file.Seek(begin, io.SeekStart); err != nil {
		return fmt.Errorf("read backup again: %w", err)
	}
	return nil
}

// unopened is why a file does not open. What age says of one that is none of its own
// shows what is in it, which may be anything.
func unopened(err error) error {
	var ring closed
	var unread *fs.PathError
	switch {
	case errors.As(err, &ring):
		return fmt.Errorf("open backup: %w", ring)
	case errors.As(err, &unread):
		return fmt.Errorf("open backup: %w", unread)
	}
	return ErrNotBackup
}
