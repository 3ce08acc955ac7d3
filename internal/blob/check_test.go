package blob_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/blob/s3test"
)

func TestACheckLeavesNothingInABucket(t *testing.T) {
	t.Parallel()
	for name, bucket := range map[string]s3test.Bucket{"plain": s3test.New(t), "versioned": s3test.Versioned(t)} {
		s, err := blob.NewS3(t.Context(), bucket.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for o := range bucket.Client.ListObjectsIter(t.Context(), bucket.Name, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
			t.Errorf("%s: %s is left, %v", name, o.Key, o.Err)
		}
	}
}

// TestACheckLeavesNothingThatWasNotAnswered has the server take the object, and its answer
// lost.
func TestACheckLeavesNothingThatWasNotAnswered(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]func(*blob.S3, context.Context) error{"Ping": (*blob.S3).Ping, "Check": (*blob.S3).Check} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			leavesNothing(t, check)
		})
	}
}

func leavesNothing(t *testing.T, check func(*blob.S3, context.Context) error) {
	t.Helper()
	bucket := s3test.New(t)
	p := newProxy(t, bucket.Host())
	s := openS3(t, bucket.At(p.host()))
	p.set(mute)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for end := time.Now().Add(10 * time.Second); len(keys(t, bucket)) == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		}
		cancel()
		time.Sleep(100 * time.Millisecond)
		p.set(passing)
	}()
	if err := check(s, ctx); err == nil || !strings.Contains(err.Error(), "write to S3 bucket") {
		t.Errorf("got error %v", err)
	}
	if left := keys(t, bucket); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestABucketThatDeletesSlowlyIsOfUse has a delete take longer than a check may after its
// time is over.
func TestABucketThatDeletesSlowlyIsOfUse(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	slow := between(t, bucket, func(w http.ResponseWriter, r *http.Request, pass http.HandlerFunc) {
		if r.Method == http.MethodDelete {
			time.Sleep(1500 * time.Millisecond)
		}
		pass(w, r)
	})
	s, err := blob.OpenS3(t.Context(), bucket.At(slow))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if left := keys(t, bucket); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestAFirstCheckLeavesNothingThatWasNotAnswered is of a client to whom the bucket has told
// nothing yet.
func TestAFirstCheckLeavesNothingThatWasNotAnswered(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	silent := between(t, bucket, func(w http.ResponseWriter, r *http.Request, pass http.HandlerFunc) {
		if r.Method != http.MethodPut {
			pass(w, r)
			return
		}
		pass(httptest.NewRecorder(), r)
		cancel()
		<-r.Context().Done()
	})
	if _, err := blob.OpenS3(ctx, bucket.At(silent)); err == nil || !strings.Contains(err.Error(), "write to S3 bucket") {
		t.Errorf("got error %v", err)
	}
	if left := keys(t, bucket); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// between stands before the server of a bucket, and returns its own address.
func between(t *testing.T, bucket s3test.Bucket, answer func(w http.ResponseWriter, r *http.Request, pass http.HandlerFunc)) string {
	t.Helper()
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: bucket.Host()}).ServeHTTP
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, pass) }))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func keys(t *testing.T, bucket s3test.Bucket) (list []string) {
	t.Helper()
	for o := range bucket.Client.ListObjectsIter(context.WithoutCancel(t.Context()), bucket.Name, minio.ListObjectsOptions{Recursive: true}) {
		list = append(list, o.Key)
	}
	return list
}

func TestACheckTellsOfAWrongSecret(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	_, secret := bucket.Keys()
	s, err := blob.NewS3(t.Context(), strings.Replace(bucket.URL, secret, "another", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "the secret is not that of the key ID") || strings.Contains(err.Error(), "another") {
		t.Errorf("got error %v", err)
	}
}

func TestACheckDisturbsNoFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	half := filepath.Join(dir, ".incoming", "half")
	if err := os.Mkdir(filepath.Dir(half), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(half, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := blob.CheckFolder(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); err != nil {
		t.Errorf("what somebody was writing is gone: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("it left %v, %v", entries, err)
	}
	if err := blob.CheckFolder(half); err == nil {
		t.Error("a file was taken for a folder")
	}
}
