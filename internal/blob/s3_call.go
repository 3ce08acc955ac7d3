package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	tries      = 3
	firstPause = 100 * time.Millisecond // before the second try; twice that before the third
)

// errLeft says that a version is there after it was to be deleted, be it since a put
// moved it meanwhile.
var errLeft = errors.New("a version is left")

// do is one try of a call.
type do func(ctx context.Context) error

// call tries within a time, unless the server has been silent lately.
func (s *S3) call(ctx context.Context, within time.Duration, try do) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.breaker.admit() {
		s.failed.Add(1)
		return fmt.Errorf("%w: it did not lately", ErrUnavailable)
	}
	limited, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := persist(limited, try)
	s.breaker.settle(ctx, err)
	s.tally(ctx, err)
	return err
}

// tally counts a call, unless its caller went away, which says nothing of the server. An
// object that is not there is an answer.
func (s *S3) tally(ctx context.Context, err error) {
	switch {
	case err == nil, errors.Is(err, ErrNotFound):
		s.answered.Add(1)
	case !errors.Is(ctx.Err(), context.Canceled):
		s.failed.Add(1)
	}
}

// Calls is how many calls the server has answered since the start, and how many it failed,
// refused or left unanswered, those included that were not made since it had been silent.
func (s *S3) Calls() (answered, failed uint64) { return s.answered.Load(), s.failed.Load() }

// persist tries several times where that may help. Each try has a reader of its own,
// which is why the client is not left to do so: the one given up may go on reading.
func persist(ctx context.Context, try do) error {
	pause := firstPause
	for left := tries - 1; ; left-- {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if left == 0 || !passing(err) || !sleep(ctx, pause) {
			return explain(err)
		}
		pause *= 2
	}
}

// sleep tells whether there is time left after it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// put sends a body in one piece and with its digest, both of which the server checks
// before it shows anything of it. The object is stored with the headers that a browser
// is to get: it takes an image as what its type says and as nothing else.
func (s *S3) put(key, contentType string, body []byte) do {
	body = bytes.Clone(body) // a try that was given up may still be reading it
	sum := sha256.Sum256(body)
	options := minio.PutObjectOptions{
		ContentType:          contentType,
		ContentDisposition:   Disposition,
		CacheControl:         "private",
		DisableContentSha256: true, // of single chunks, in favour of that of the whole
	}
	return func(ctx context.Context) error {
		info, err := s.client.PutObject(ctx, s.bucket, key, bytes.NewReader(body), int64(len(body)), "", hex.EncodeToString(sum[:]), options)
		if info.VersionID != "" {
			s.versioned.Store(true)
		}
		if err == nil {
			s.known.Store(true)
		}
		return err
	}
}

var errLarge = errors.New("the object is too large")

func (s *S3) get(key string, body *[]byte) do {
	return func(ctx context.Context) (err error) {
		object, info, _, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, object.Close()) }()
		if info.Size > MaxObject {
			return errLarge
		}
		*body, err = io.ReadAll(io.LimitReader(object, MaxObject))
		return err
	}
}

func (s *S3) look(key string) do {
	return func(ctx context.Context) error {
		_, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
		return err
	}
}

func (s *S3) delete(key string) do {
	return func(ctx context.Context) error {
		if err := s.learn(ctx); err != nil {
			return err
		}
		return s.erase(ctx, key)
	}
}

// learn finds out whether the bucket keeps versions, by an object of its own, where no
// put has told yet.
func (s *S3) learn(ctx context.Context) error {
	if s.known.Load() {
		return nil
	}
	key := checkPrefix + rand.Text()
	if err := s.put(key, "text/plain", nil)(ctx); err != nil {
		return err
	}
	return s.erase(ctx, key)
}

func (s *S3) erase(ctx context.Context, key string) error {
	if s.versioned.Load() {
		return s.deleteVersions(ctx, key)
	}
	return s.remove(ctx, key, "")
}

// deleteVersions deletes for good where a mere deletion would hide: photos are not
// kept beyond the day on which their owner takes them away.
func (s *S3) deleteVersions(ctx context.Context, key string) error {
	failed := map[string]error{}
	for version, err := range s.versions(ctx, key) {
		if err != nil {
			return err
		}
		if err := s.remove(ctx, key, version); err != nil {
			failed[version] = err
		}
	}
	if len(failed) == 0 {
		return nil
	}
	// Another caller may have been faster, for which servers have different words.
	for version, err := range s.versions(ctx, key) {
		if err != nil {
			return err
		}
		if err := failed[version]; err != nil {
			return fmt.Errorf("%w: %w", errLeft, err)
		}
	}
	return nil
}

// versions lists those of one object. The server lists those of all whose keys begin
// with the same, in order of their keys.
func (s *S3) versions(ctx context.Context, key string) iter.Seq2[string, error] {
	all := s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: key, Recursive: true, WithVersions: true})
	return func(yield func(string, error) bool) {
		for version := range all {
			if version.Err == nil && version.Key != key || !yield(version.VersionID, version.Err) {
				return
			}
		}
	}
}

// remove does not mind that there is nothing to remove. Some servers do.
func (s *S3) remove(ctx context.Context, key, version string) error {
	err := s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{VersionID: version})
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return nil
	}
	return err
}
