// Package s3test gives each test a bucket of its own on a real S3 server. Its one rule:
// a test never goes without. Where FLOWXI_TEST_S3_URL names no bucket whose keys may
// make others, a server is started, once for each test process.
package s3test

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"flowxi.app/flowxi/internal/backing"
)

var started = sync.OnceValues(func() (backing.Server, error) {
	return backing.Given("FLOWXI_TEST_S3_URL", "s3")
})

// Bucket is an empty bucket of one test. It is gone, with all that is in it, after the
// test.
type Bucket struct {
	URL    string        // as blob.OpenS3 takes it
	Name   string        // of the bucket
	Client *minio.Client // to look behind what blob says
}

// New makes a bucket.
func New(t testing.TB) Bucket {
	t.Helper()
	server, err := started()
	if err != nil {
		t.Fatal(err)
	}
	b := named(t, server.URL, "flowxi-"+strings.ToLower(rand.Text()))
	if err := b.Client.MakeBucket(context.Background(), b.Name, minio.MakeBucketOptions{}); err != nil {
		t.Fatalf("make bucket: %v", err)
	}
	t.Cleanup(func() { b.remove(t) })
	return b
}

// Versioned makes a bucket that keeps what is replaced or deleted.
func Versioned(t testing.TB) Bucket {
	t.Helper()
	b := New(t)
	if err := b.Client.EnableVersioning(context.Background(), b.Name); err != nil {
		t.Fatalf("switch versions on: %v", err)
	}
	return b
}

// At is the bucket by way of another address, such as that of a proxy.
func (b Bucket) At(host string) string {
	keys, rest := cutLast(b.URL, "@")
	_, bucket, _ := strings.Cut(rest, "/")
	return keys + "@" + host + "/" + bucket
}

// Keys are those of the URL.
func (b Bucket) Keys() (id, secret string) {
	keys, _ := cutLast(strings.TrimPrefix(b.URL, "s3://"), "@")
	id, secret, _ = strings.Cut(keys, ":")
	return id, secret
}

// Host is that of the URL, with its port.
func (b Bucket) Host() string {
	_, rest := cutLast(b.URL, "@")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// named is a bucket on the server of a URL, whether it is there or not.
func named(t testing.TB, server, name string) Bucket {
	t.Helper()
	b := Bucket{URL: server, Name: name}
	_, query, _ := strings.Cut(server, "?")
	b.URL = server[:strings.LastIndexByte(server, '/')] + "/" + name + "?" + query
	id, secret := b.Keys()
	var err error
	b.Client, err = minio.New(b.Host(), &minio.Options{
		Creds:  credentials.NewStaticV4(id, secret, ""),
		Secure: !strings.Contains(query, "tls=false"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// remove is patient: an upload that was given up may still arrive.
func (b Bucket) remove(t testing.TB) {
	var err error
	for range 20 {
		if err = b.tryRemove(context.Background()); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("remove the bucket: %v", err)
}

func (b Bucket) tryRemove(ctx context.Context) error {
	for o := range b.Client.ListObjectsIter(ctx, b.Name, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
		if o.Err != nil {
			return o.Err
		}
		if err := b.Client.RemoveObject(ctx, b.Name, o.Key, minio.RemoveObjectOptions{VersionID: o.VersionID}); err != nil {
			return err
		}
	}
	return b.Client.RemoveBucket(ctx, b.Name)
}

func cutLast(s, sep string) (before, after string) {
	i := strings.LastIndex(s, sep)
	return s[:i], s[i+len(sep):]
}
