// Package blobtest holds the tests that every bucket passes.
//
// Its one rule: it reads objects by their signed URLs, as clients do.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/blob"
)

const contentType = "image/jpeg"

// ErrDenied is the error of a Harness's Fetch where the URL shows nothing,
// whatever the reason.
var ErrDenied = errors.New("the URL shows nothing")

// Harness is a bucket under test. Fetch reads what a URL shows, or fails with
// ErrDenied. Advance lets time pass, by a clock that is set forward or by
// waiting.
type Harness struct {
	Bucket  blob.Bucket
	Fetch   func(url string) ([]byte, error)
	Advance func(time.Duration)
}

// Suite tests the buckets that open returns. Every call of open returns a
// bucket that no other test sees.
func Suite(t *testing.T, open func(*testing.T) Harness) {
	t.Helper()
	for name, test := range map[string]func(*check){
		"what is put is shown":            putIsShown,
		"what is put again replaces":      putReplaces,
		"an empty object is an object":    emptyObject,
		"the body is copied":              bodyIsCopied,
		"what is deleted is gone":         deletedIsGone,
		"the absent is deleted":           absentIsDeleted,
		"a prefix of keys is no object":   prefixIsNoObject,
		"nothing lies below an object":    nothingBelowObject,
		"what is put is got":              putIsGot,
		"what is absent is not got":       absentIsNotGot,
		"a URL shows one object only":     urlShowsOneObject,
		"a URL expires":                   urlExpires,
		"a URL needs time to last":        urlNeedsTime,
		"good keys are taken":             goodKeys,
		"bad keys are refused":            badKeys,
		"nobody sees half an object":      nobodySeesHalf,
		"many callers put and delete one": putAndDeleteRace,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(&check{T: t, h: open(t)})
		})
	}
}

// check is one test with the questions that it asks.
type check struct {
	*testing.T
	h Harness
}

func (c *check) put(key, body string) {
	c.Helper()
	if err := c.h.Bucket.Put(context.Background(), key, contentType, []byte(body)); err != nil {
		c.Fatalf("Put(%s): %v", key, err)
	}
}

func (c *check) delete(key string) {
	c.Helper()
	if err := c.h.Bucket.Delete(context.Background(), key); err != nil {
		c.Fatalf("Delete(%s): %v", key, err)
	}
}

func (c *check) url(key string, ttl time.Duration) string {
	c.Helper()
	url, err := c.h.Bucket.SignedURL(context.Background(), key, ttl)
	if err != nil {
		c.Fatalf("SignedURL(%s): %v", key, err)
	}
	return url
}

func (c *check) shows(url, body string) {
	c.Helper()
	got, err := c.h.Fetch(url)
	if err != nil || string(got) != body {
		c.Fatalf("%s shows %q, %v; want %q", url, got, err, body)
	}
}

func (c *check) denies(url string) {
	c.Helper()
	if got, err := c.h.Fetch(url); !errors.Is(err, ErrDenied) {
		c.Fatalf("%s shows %q, %v; want nothing", url, got, err)
	}
}

func putIsShown(c *check) {
	const key = "profile_photos/user_17_x.jpg"
	body := string(bytes.Repeat([]byte{0, 0xff, '\r', '\n'}, 100_000))
	c.put(key, body)
	c.shows(c.url(key, time.Hour), body)
}

func putReplaces(c *check) {
	url := c.url("a/b.jpg", time.Hour)
	c.put("a/b.jpg", "a long first body")
	c.put("a/b.jpg", "second")
	c.shows(url, "second")
}

func emptyObject(c *check) {
	c.put("empty", "")
	c.shows(c.url("empty", time.Hour), "")
}

func bodyIsCopied(c *check) {
	body := []byte("body")
	if err := c.h.Bucket.Put(context.Background(), "k", contentType, body); err != nil {
		c.Fatal(err)
	}
	body[0] = 'X'
	c.shows(c.url("k", time.Hour), "body")
}

func deletedIsGone(c *check) {
	c.put("a/b.jpg", "b")
	c.put("a/c.jpg", "c")
	b, other := c.url("a/b.jpg", time.Hour), c.url("a/c.jpg", time.Hour)
	c.delete("a/b.jpg")
	c.denies(b)
	c.shows(other, "c")
	c.put("a/b.jpg", "again")
	c.shows(b, "again")
}

func absentIsDeleted(c *check) {
	c.delete("never")
	c.delete("no/such/place/never.jpg")
	c.put("once", "x")
	c.delete("once")
	c.delete("once")
	c.denies(c.url("never", time.Hour))
	c.denies(c.url("no/such/place/never.jpg", time.Hour))
}

func prefixIsNoObject(c *check) {
	c.put("a/b/c.jpg", "c")
	c.denies(c.url("a/b", time.Hour))
	c.delete("a/b")
	c.delete("a")
	c.shows(c.url("a/b/c.jpg", time.Hour), "c")
	c.delete("a/b/c.jpg")
	c.delete("a/b")
	c.put("a/b/d.jpg", "d")
	c.shows(c.url("a/b/d.jpg", time.Hour), "d")
}

func nothingBelowObject(c *check) {
	c.put("a", "body")
	c.denies(c.url("a/b/c", time.Hour))
	c.delete("a/b")
	c.delete("a/b/c")
	c.shows(c.url("a", time.Hour), "body")
}

func (c *check) open(key string) io.ReadCloser {
	c.Helper()
	file, err := c.h.Bucket.Get(context.Background(), key)
	if err != nil {
		c.Fatalf("Get(%s): %v", key, err)
	}
	return file
}

func (c *check) holds(file io.ReadCloser, body string) {
	c.Helper()
	got, err := io.ReadAll(file)
	if err = errors.Join(err, file.Close()); err != nil || string(got) != body {
		c.Fatalf("read %d bytes, %v; want %d", len(got), err, len(body))
	}
}

func putIsGot(c *check) {
	body := string(bytes.Repeat([]byte{0, 0xff, '\r', '\n'}, 100_000))
	c.put("a/b.jpg", body)
	c.put("empty", "")
	c.holds(c.open("a/b.jpg"), body)
	c.holds(c.open("empty"), "")
	c.put("a/b.jpg", "second")
	c.holds(c.open("a/b.jpg"), "second")
}

func absentIsNotGot(c *check) {
	c.put("a/b/c.jpg", "c")
	c.put("gone", "x")
	c.delete("gone")
	for _, key := range []string{"never", "no/such/place/never.jpg", "a/b", "a/b/c.jpg/d", "gone"} {
		if file, err := c.h.Bucket.Get(context.Background(), key); !errors.Is(err, blob.ErrNotFound) || file != nil {
			c.Errorf("Get(%s) = %v, %v; want ErrNotFound", key, file, err)
		}
	}
}

func urlShowsOneObject(c *check) {
	c.put("user_1.jpg", "one")
	c.put("user_2.jpg", "two")
	url := c.url("user_1.jpg", time.Hour)
	c.shows(url, "one")
	c.denies(strings.Replace(url, "user_1.jpg", "user_2.jpg", 1))
	bare, _, _ := strings.Cut(url, "?")
	c.denies(bare)
}

func urlExpires(c *check) {
	c.put("k", "body")
	short, long := c.url("k", 2*time.Second), c.url("k", time.Hour)
	c.shows(short, "body")
	c.h.Advance(3 * time.Second)
	c.denies(short)
	c.shows(long, "body")
}

func urlNeedsTime(c *check) {
	for _, ttl := range []time.Duration{0, -time.Hour, time.Millisecond} {
		if url, err := c.h.Bucket.SignedURL(context.Background(), "k", ttl); err == nil {
			c.Errorf("a URL for %v: %s", ttl, url)
		}
	}
}

func goodKeys(c *check) {
	for _, key := range []string{
		"k", "A-Z_0.9", "a/b/c/d/e", "trailing.", "-", "_",
		strings.Repeat("x", 255),
		strings.Repeat("y", 255) + "/" + strings.Repeat("z", 255),
	} {
		c.put(key, key)
		c.shows(c.url(key, time.Hour), key)
		c.delete(key)
	}
}

func badKeys(c *check) {
	ctx := context.Background()
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", "a/.b", ".incoming/x", "a..b",
		"a b", "a\\b", "a:b", "a\x00b", "a\nb", "a%2fb", "a?b", "a#b", "é", "\xff",
		strings.Repeat("x", 256),
		strings.Repeat("y/", 256) + "z",
	} {
		if err := c.h.Bucket.Put(ctx, key, contentType, nil); !errors.Is(err, blob.ErrKey) {
			c.Errorf("Put(%q): %v; want ErrKey", key, err)
		}
		if err := c.h.Bucket.Delete(ctx, key); !errors.Is(err, blob.ErrKey) {
			c.Errorf("Delete(%q): %v; want ErrKey", key, err)
		}
		if _, err := c.h.Bucket.Get(ctx, key); !errors.Is(err, blob.ErrKey) {
			c.Errorf("Get(%q): %v; want ErrKey", key, err)
		}
		if url, err := c.h.Bucket.SignedURL(ctx, key, time.Hour); !errors.Is(err, blob.ErrKey) {
			c.Errorf("SignedURL(%q): %s, %v; want ErrKey", key, url, err)
		}
	}
}

// nobodySeesHalf reads an object while it is replaced, again and again, by
// bodies of one repeated byte and of different lengths.
func nobodySeesHalf(c *check) {
	bodies := []string{strings.Repeat("a", 300_000), strings.Repeat("b", 100_000)}
	c.put("k", bodies[0])
	url := c.url("k", time.Hour)
	done := make(chan struct{})
	var reading sync.WaitGroup
	for range 4 {
		reading.Go(func() { c.readWhole(url, bodies, done) })
	}
	for i := range 40 {
		c.put("k", bodies[i%2])
	}
	close(done)
	reading.Wait()
}

func (c *check) readWhole(url string, bodies []string, done <-chan struct{}) {
	for {
		got, err := c.h.Fetch(url)
		if err != nil || string(got) != bodies[0] && string(got) != bodies[1] {
			c.Errorf("read %d bytes, %v; want a whole object", len(got), err)
			return
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func putAndDeleteRace(c *check) {
	var racing sync.WaitGroup
	for range 8 {
		racing.Go(func() {
			for range 5 {
				if err := c.h.Bucket.Put(context.Background(), "a/k", contentType, []byte("x")); err != nil {
					c.Errorf("Put: %v", err)
				}
				if err := c.h.Bucket.Delete(context.Background(), "a/k"); err != nil {
					c.Errorf("Delete: %v", err)
				}
			}
		})
	}
	racing.Wait()
	c.denies(c.url("a/k", time.Hour))
}
