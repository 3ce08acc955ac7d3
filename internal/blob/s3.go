package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
)

// How long a call takes at most, with all its tries.
const (
	putWithin    = 10 * time.Second
	getWithin    = 10 * time.Second
	deleteWithin = 5 * time.Second
	pingWithin   = 10 * time.Second
	signWithin   = 2 * time.Second // where the keys of a role have to be renewed
	clearWithin  = time.Second     // for what a check has left, whose caller is to hear of that
	longestCall  = putWithin
)

// longestURL is the longest that Signature Version 4 lets a URL last.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
const longestURL = 7 * 24 * time.Hour

// checkPrefix begins the keys of objects that only try the bucket out.
const checkPrefix = "flowxi-check-"

// S3 is a Bucket on a server that speaks S3: that of AWS, or of another.
//
// No call of Bucket waits for the server for longer than 10 seconds, and none at all once the
// server has left several in a row unanswered; these fail with ErrUnavailable. What a
// call that failed was to do may be done all the same, then or a little later, but
// wholly or not at all.
type S3 struct {
	client    minio.Core
	transport *http.Transport
	bucket    string
	breaker   *breaker

	answered, failed atomic.Uint64 // calls

	// versioned is set once the bucket has shown that it keeps what is replaced or
	// deleted, which the first put in it tells.
	versioned, known atomic.Bool
}

var (
	_ Bucket = (*S3)(nil)
	_ Reader = (*S3)(nil)
)

// NewS3 is the bucket of a URL, whether it can be used or not: Ping tells. The URL is
//
//	s3://KEYID:SECRET@HOST:PORT/BUCKET?region=REGION&tls=false&style=path
//
// KEYID ends at the first colon and SECRET at the last @, so that a secret may be
// written as it is, with the slashes and plus signs that many have; only a % has to be
// written %25, for both are read with percent-escapes. Without "KEYID:SECRET@" they
// are looked for in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN,
// then in the shared credentials file, then asked from whoever gives out the role of
// this machine. A signed URL is then good no longer than these are.
//
// The server is asked for a region that is not given. It is spoken to with TLS unless
// tls=false. The bucket is a part of the path (style=path) or of the host name
// (style=host); by default it is that which AWS and Google want on their hosts, and a
// part of the path on all others. Clients read objects from that same host.
//
// An error that is an ErrURL is cured by another URL. No error shows the URL.
func NewS3(ctx context.Context, address string) (*S3, error) {
	u, err := parseS3URL(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	s := &S3{transport: newTransport(), bucket: u.bucket, breaker: &breaker{now: time.Now}}
	if s.client, err = newClient(ctx, u, s.transport); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if u.region == "" {
		if err := s.learnRegion(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// learnRegion asks for the region, which the client remembers, so that no URL has to ask
// for it. Where the server cannot tell just now, the client asks again when it is used.
func (s *S3) learnRegion(ctx context.Context) error {
	_, err := s.client.GetBucketLocation(ctx, s.bucket)
	if err == nil {
		return nil
	}
	if err = explain(err); errors.Is(err, ErrUnavailable) || errors.Is(err, ErrFailing) {
		return nil
	}
	return fmt.Errorf("ask for the region of S3 bucket %s, which the URL leaves out: %w", s.bucket, err)
}

// OpenS3 is NewS3 for a bucket that must be of use, by Ping.
func OpenS3(ctx context.Context, address string) (*S3, error) {
	s, err := NewS3(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close gives idle connections back. It never fails.
func (s *S3) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// Ping makes sure that the bucket is there, and that objects in it can be written, read
// and deleted, each of which the server may allow or not. It does so with an object of
// its own, whose key begins with "flowxi-check-". The error says what is wrong.
func (s *S3) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	return s.tryOut(ctx, func(key string) error { return persist(ctx, s.look(key)) })
}

// Check is Ping with a look at what is in the object, which is also read by a signed URL,
// as clients read photos.
func (s *S3) Check(ctx context.Context) error {
	return s.tryOut(ctx, func(key string) error {
		var body []byte
		if err := persist(ctx, s.get(key, &body)); err != nil {
			return err
		}
		if string(body) != key {
			return errors.New("it is not what was written")
		}
		if err := s.show(ctx, key); err != nil {
			return fmt.Errorf("by a signed address: %w", err)
		}
		return nil
	})
}

// tryOut writes an object whose body is its key, has it read, and deletes it, also after a
// write that failed: it may be there all the same.
func (s *S3) tryOut(ctx context.Context, read func(key string) error) (err error) {
	key := checkPrefix + rand.Text()
	written := false
	defer func() {
		if failed := s.takeAway(ctx, key, written); failed != nil && err == nil {
			err = fmt.Errorf("delete from S3 bucket %s: %w", s.bucket, failed)
		}
	}()
	if err := persist(ctx, s.put(key, "text/plain", []byte(key))); err != nil {
		return fmt.Errorf("write to S3 bucket %s: %w", s.bucket, err)
	}
	written = true
	if err := read(key); err != nil {
		return fmt.Errorf("read from S3 bucket %s: %w", s.bucket, err)
	}
	return nil
}

// takeAway deletes an object that is there, within the time of ctx. Where that has ended, or
// it is not known whether the object is there, it takes a moment at most. Where nothing was
// answered yet, a version of it may stay, which tells nothing of anybody.
func (s *S3) takeAway(ctx context.Context, key string, there bool) error {
	erase := func(ctx context.Context) error { return s.erase(ctx, key) }
	if there {
		if err := persist(ctx, erase); ctx.Err() == nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearWithin)
	defer cancel()
	return persist(ctx, erase)
}

// show reads an object as a client does, whose body is its key.
func (s *S3) show(ctx context.Context, key string) error {
	address, err := s.SignedURL(ctx, key, time.Minute)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("it is no address") // err would show it
	}
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(len(key))+1))
	if err != nil {
		return explain(err)
	}
	if resp.StatusCode != http.StatusOK || string(body) != key {
		return fmt.Errorf("the server answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return nil
}

// Put implements Bucket. It returns within 10 seconds.
func (s *S3) Put(ctx context.Context, key, contentType string, body []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := s.call(ctx, putWithin, s.put(key, contentType, body)); err != nil {
		return fmt.Errorf("put object: %w", err)
	}
	return nil
}

// Get implements Reader. It reads the whole object, within 10 seconds.
func (s *S3) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	var body []byte
	if err := s.call(ctx, getWithin, s.get(key, &body)); err != nil {
		return nil, fmt.Errorf("get object: %w", err)
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// Delete implements Bucket. It returns within 5 seconds.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := s.call(ctx, deleteWithin, s.delete(key)); err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	return nil
}

// SignedURL implements Bucket. It never asks the server, unless that has not told the
// region yet, which the URL of the bucket leaves out. The URL lasts for the whole
// seconds of ttl: a ttl under one second or over seven days is an error.
func (s *S3) SignedURL(ctx context.Context, key string, ttl time.Duration) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	if ttl < time.Second || ttl > longestURL {
		return "", fmt.Errorf("blob: a URL cannot last %v", ttl)
	}
	ctx, cancel := context.WithTimeout(ctx, signWithin)
	defer cancel()
	seconds := strconv.FormatInt(int64(ttl/time.Second), 10)
	u, err := s.client.PresignedGetObject(ctx, s.bucket, key, ttl, url.Values{
		"response-cache-control":       {"private, max-age=" + seconds},
		"response-content-disposition": {Disposition},
	})
	if err != nil {
		return "", fmt.Errorf("sign URL of object: %w", err)
	}
	return u.String(), nil
}
