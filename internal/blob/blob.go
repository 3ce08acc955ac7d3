// Package blob keeps objects, such as profile photos, outside the database, and
// makes signed URLs that show one of them for a while.
//
// Its one rule: an object is there whole or not at all, and is reached by a
// signed URL alone.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

var (
	// ErrForbidden says that a URL was not signed by us or has expired. Which
	// of the two is nobody's business.
	ErrForbidden = errors.New("blob: URL not signed or expired")

	// ErrNotFound says that a URL or a key is good and its object gone.
	ErrNotFound = errors.New("blob: no such object")

	// ErrKey says that a key is none that a Bucket takes. Nothing was done.
	ErrKey = errors.New("blob: bad key")
)

// Bucket is where objects are. Its methods may be called from any number of
// goroutines.
//
// A key is a path such as "profile_photos/user_17_x.jpg": at most 512 bytes,
// segments of letters, digits, '.', '_' and '-' with slashes between them, each
// at most 255 bytes long, with no dot in front and no two dots in a row. Any
// other key is an ErrKey.
type Bucket interface {
	Reader

	// Put stores body under key, in place of what was there. A reader never
	// sees half an object, and once Put has returned the object survives the
	// loss of power.
	Put(ctx context.Context, key, contentType string, body []byte) error

	// Delete removes the object under key for good. That it is absent is no
	// error.
	Delete(ctx context.Context, key string) error

	// SignedURL returns a URL that shows the object under key, if there is one,
	// to whoever has it, until ttl has passed.
	SignedURL(ctx context.Context, key string, ttl time.Duration) (string, error)
}

// Disposition is what a browser is told to do with an object: show it, and call it so
// where somebody keeps it. Its name owes nothing to whoever stored it.
const Disposition = `inline; filename="photo.jpg"`

// MaxObject is the most that is read of an object into memory, in bytes. Photos are far
// smaller (contract section 10).
const MaxObject = 32 << 20

// Reader reads objects by their keys.
type Reader interface {
	// Get opens the object under key; the caller closes it. It is ErrNotFound
	// where there is none.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
}

// Signer makes and checks keyed digests. The purpose keeps a digest made for
// one thing from passing for another.
type Signer interface {
	Digest(purpose string, parts ...string) []byte
	VerifyDigest(digest []byte, purpose string, parts ...string) bool
}

const (
	maxKey     = 512
	maxSegment = 255 // what common file systems take as a name
)

// checkKey refuses, rather than mends, every key that a file system or a URL
// might read in another way than we do.
func checkKey(key string) error {
	if len(key) > maxKey {
		return fmt.Errorf("%w: %d bytes are too many", ErrKey, len(key))
	}
	for segment := range strings.SplitSeq(key, "/") {
		if !validSegment(segment) {
			return fmt.Errorf("%w: %q", ErrKey, key)
		}
	}
	return nil
}

func validSegment(s string) bool {
	if s == "" || len(s) > maxSegment || s[0] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		if !validByte(s[i]) {
			return false
		}
	}
	return true
}

func validByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '.' || c == '_' || c == '-'
}
