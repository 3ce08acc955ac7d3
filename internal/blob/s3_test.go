package blob_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/blob/blobtest"
	"flowxi.app/flowxi/internal/blob/s3test"
)

func openS3(t *testing.T, url string) *blob.S3 {
	t.Helper()
	s, err := blob.OpenS3(context.Background(), url)
	if err != nil {
		t.Fatalf("OpenS3: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// fetch reads as a browser does. What is refused and what is absent look the same.
func fetch(url string) ([]byte, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return nil, err
	}
	switch answer.StatusCode {
	case http.StatusOK:
		return body, nil
	case http.StatusForbidden, http.StatusNotFound:
		return nil, blobtest.ErrDenied
	}
	return nil, fmt.Errorf("the server answered %s: %s", answer.Status, body)
}

func signed(t *testing.T, s *blob.S3, key string) string {
	t.Helper()
	url, err := s.SignedURL(context.Background(), key, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func shows(t *testing.T, url, want string) {
	t.Helper()
	if got, err := fetch(url); err != nil || string(got) != want {
		t.Errorf("the URL shows %.20q, %v; want %.20q", got, err, want)
	}
}

func put(t *testing.T, s *blob.S3, key, body string) {
	t.Helper()
	if err := s.Put(context.Background(), key, "image/jpeg", []byte(body)); err != nil {
		t.Fatal(err)
	}
}

func TestS3IsABucket(t *testing.T) {
	t.Parallel()
	blobtest.Suite(t, func(t *testing.T) blobtest.Harness {
		return blobtest.Harness{Bucket: openS3(t, s3test.New(t).URL), Fetch: fetch, Advance: time.Sleep}
	})
}

func TestABrowserIsToldWhatItGets(t *testing.T) {
	t.Parallel()
	s := openS3(t, s3test.New(t).URL)
	put(t, s, "user_1.jpg", "<script>alert(1)</script>")
	answer, err := http.Get(signed(t, s, "user_1.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	for name, want := range map[string]string{
		"Content-Type":        "image/jpeg",
		"Content-Disposition": `inline; filename="photo.jpg"`,
		"Cache-Control":       "private, max-age=3600",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}

func TestNobodyMayAlterWhatTheURLSays(t *testing.T) {
	t.Parallel()
	s := openS3(t, s3test.New(t).URL)
	put(t, s, "k", "body")
	url := signed(t, s, "k")
	for _, changed := range []string{
		strings.Replace(url, "max-age%3D3600", "max-age%3D9999", 1),
		strings.Replace(url, "X-Amz-Expires=3600", "X-Amz-Expires=9999", 1),
		url + "&response-content-type=text%2Fhtml",
	} {
		if _, err := fetch(changed); changed == url || !errors.Is(err, blobtest.ErrDenied) {
			t.Errorf("%s: %v", changed, err)
		}
	}
}

func TestAURLLastsSevenDaysAtMost(t *testing.T) {
	t.Parallel()
	s := openS3(t, s3test.New(t).URL)
	const week = 7 * 24 * time.Hour
	if _, err := s.SignedURL(context.Background(), "k", week); err != nil {
		t.Errorf("seven days: %v", err)
	}
	if url, err := s.SignedURL(context.Background(), "k", week+time.Second); err == nil {
		t.Errorf("a second more: %s", url)
	}
}

func TestASignedURLDoesNotAskTheServer(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	for what, query := range map[string]string{
		"the region is given":   "",
		"the region was learnt": "region=us-east-1&",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, bucket.Host())
			s := openS3(t, strings.Replace(bucket.At(p.host()), query, "", 1))
			p.set(refusing)
			asked := p.conns.Load()
			for range 10 {
				signed(t, s, "k")
			}
			if now := p.conns.Load(); now != asked {
				t.Errorf("it was asked %d times", now-asked)
			}
		})
	}
}

func TestNoVersionIsLeftOfWhatIsDeleted(t *testing.T) {
	t.Parallel()
	bucket := s3test.Versioned(t)
	s := openS3(t, bucket.URL)
	put(t, s, "user_1", "before")
	put(t, s, "user_1", "after")
	put(t, s, "user_17", "another's")
	if err := s.Delete(context.Background(), "user_1"); err != nil {
		t.Fatal(err)
	}
	if left := objects(bucket); strings.Join(left, " ") != "user_17" {
		t.Errorf("left: %v", left)
	}
}

func TestAVersionedObjectComesAndGoes(t *testing.T) {
	t.Parallel()
	s := openS3(t, s3test.Versioned(t).URL)
	for range 2 {
		put(t, s, "a/b", "body")
		shows(t, signed(t, s, "a/b"), "body")
		for range 2 {
			if err := s.Delete(context.Background(), "a/b"); err != nil {
				t.Fatal(err)
			}
			if got, err := fetch(signed(t, s, "a/b")); !errors.Is(err, blobtest.ErrDenied) {
				t.Errorf("the URL shows %q, %v", got, err)
			}
		}
	}
}

// TestAVersionThatWillNotGoIsLookedAtAgain has a server in front that refuses to delete
// a version once, after or before it is gone.
func TestAVersionThatWillNotGoIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	for what, gone := range map[string]bool{"another was faster": true, "it was being moved": false} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			bucket := s3test.Versioned(t)
			var refusals atomic.Int32
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				refused := r.Method == http.MethodDelete && refusals.Add(-1) == 0
				if refused && gone {
					relay(httptest.NewRecorder(), r, bucket.Host())
				}
				if refused {
					w.WriteHeader(http.StatusBadRequest)
					_, _ = io.WriteString(w, "<Error><Code>InvalidArgument</Code></Error>")
					return
				}
				relay(w, r, bucket.Host())
			}))
			defer front.Close()
			s := openS3(t, bucket.At(front.Listener.Addr().String()))
			put(t, s, "k", "before")
			put(t, s, "k", "after")
			refusals.Store(1)
			if err := s.Delete(context.Background(), "k"); err != nil {
				t.Errorf("Delete: %v", err)
			}
			if left := objects(bucket); len(left) > 0 || refusals.Load() > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestPingLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	s := openS3(t, bucket.URL)
	if err := s.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left := objects(bucket); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	id, secret := bucket.Keys()
	const wrong = "a-wrong-secret"
	for what, c := range map[string]struct{ url, want string }{
		"no such bucket":          {strings.Replace(bucket.URL, bucket.Name, "flowxi-none", 1), "write to S3 bucket flowxi-none: there is no such bucket"},
		"another secret":          {strings.Replace(bucket.URL, secret, wrong, 1), "access denied: the secret is not that of the key ID"},
		"another key ID":          {strings.Replace(bucket.URL, "://"+id, "://nobody", 1), "the server answered 404 XAdminUserNotFound"},
		"another region":          {strings.Replace(bucket.URL, "us-east-1", "eu-west-3", 1), "the bucket is in another region"},
		"TLS to a server without": {strings.Replace(bucket.URL, "&tls=false", "", 1), "does not answer"},
		"nobody there":            {bucket.At("127.0.0.1:1"), "the S3 server does not answer: dial tcp 127.0.0.1:1: connect: connection refused"},
		"something else there":    {bucket.At(newSite(t).Listener.Addr().String()), "the server answered 418 I'm a teapot"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			_, err := blob.OpenS3(context.Background(), c.url)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, blob.ErrURL) {
				t.Errorf("got %v; want %s", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), wrong)) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestOpenMissesEachRight(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		bucket       func(testing.TB) s3test.Bucket
		denied, want string
		left         int
	}{
		"to write":            {s3test.New, http.MethodPut, "write to", 0},
		"to read":             {s3test.New, http.MethodHead, "read from", 0},
		"to delete":           {s3test.New, http.MethodDelete, "delete from", 1},
		"to delete a version": {s3test.Versioned, http.MethodDelete, "delete from", 1},
		"to list versions":    {s3test.Versioned, http.MethodGet, "delete from", 1},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			bucket := c.bucket(t)
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != c.denied || r.URL.Query().Has("location") {
					relay(w, r, bucket.Host())
					return
				}
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code></Error>")
			}))
			defer front.Close()
			_, err := blob.OpenS3(context.Background(), bucket.At(front.Listener.Addr().String()))
			want := c.want + " S3 bucket " + bucket.Name + ": access denied: the key may not do this"
			if err == nil || err.Error() != want {
				t.Errorf("got %v; want %s", err, want)
			}
			if left := objects(bucket); len(left) != c.left {
				t.Errorf("left: %v; want %d", left, c.left)
			}
		})
	}
}

// objects are the keys of all versions in a bucket, or the error of listing them.
func objects(b s3test.Bucket) (keys []string) {
	for o := range b.Client.ListObjectsIter(context.Background(), b.Name, minio.ListObjectsOptions{WithVersions: true, Recursive: true}) {
		keys = append(keys, cmp.Or(o.Key, fmt.Sprint(o.Err)))
	}
	return keys
}

// newSite is a server that speaks no S3 and repeats what it is sent.
func newSite(t *testing.T) *httptest.Server {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_ = r.Write(w)
	}))
	t.Cleanup(site.Close)
	return site
}

func TestAnUnknownCertificateIsRefused(t *testing.T) {
	t.Parallel()
	var asked bool
	site := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	site.Config.ErrorLog = log.New(io.Discard, "", 0)
	site.StartTLS()
	defer site.Close()
	_, err := blob.OpenS3(context.Background(), "s3://id:secret@"+site.Listener.Addr().String()+"/bucket?region=r")
	if err == nil || !strings.Contains(err.Error(), "certificate") || asked {
		t.Errorf("got %v", err)
	}
}

// TestKeysOfTheEnvironment is not parallel: the environment is that of all tests.
func TestKeysOfTheEnvironment(t *testing.T) {
	bucket := s3test.New(t)
	id, secret := bucket.Keys()
	none := filepath.Join(t.TempDir(), "none")
	file := filepath.Join(t.TempDir(), "credentials")
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", id, secret)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	roles := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"AccessKeyId": %q, "SecretAccessKey": %q, "Expiration": "2999-01-01T00:00:00Z"}`, id, secret)
	}))
	defer roles.Close()
	const noRole = "http://127.0.0.1:1/"

	for what, c := range map[string]struct {
		id, secret, file, role string
		opens                  bool
	}{
		"two variables":       {id: id, secret: secret, file: none, role: noRole, opens: true},
		"one variable":        {id: id, file: file, role: noRole},
		"a file":              {file: file, role: noRole, opens: true},
		"a role":              {file: none, role: roles.URL, opens: true},
		"variables are first": {id: id, secret: "a-wrong-secret", file: file, role: roles.URL},
		"nothing":             {file: none, role: noRole},
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", c.id)
			t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", c.file)
			t.Setenv("AWS_CONFIG_FILE", none)
			t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", c.role)
			s, err := blob.OpenS3(context.Background(), strings.Replace(bucket.URL, id+":"+secret+"@", "", 1))
			if (err == nil) != c.opens {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				_ = s.Close()
			} else if (c.secret == "") != errors.Is(err, blob.ErrURL) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnEscapedSecretOpensToo(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	_, secret := bucket.Keys()
	escaped := strings.NewReplacer("/", "%2F", "+", "%2b").Replace(secret)
	s := openS3(t, strings.Replace(bucket.URL, secret, escaped, 1))
	put(t, s, "k", "body")
	shows(t, signed(t, s, "k"), "body")
}

// A bucket that was away at the start has not told yet whether it keeps versions.
func TestTheFirstDeletionIsForGoodAndLeavesNothing(t *testing.T) {
	t.Parallel()
	for what, bucket := range map[string]func(testing.TB) s3test.Bucket{"plain": s3test.New, "versioned": s3test.Versioned} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := bucket(t)
			put(t, openS3(t, b.URL), "k", "body")
			s, err := blob.NewS3(t.Context(), b.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if err := s.Delete(t.Context(), "k"); err != nil {
				t.Fatal(err)
			}
			for o := range b.Client.ListObjectsIter(t.Context(), b.Name, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
				t.Errorf("%s is left, %v", o.Key, o.Err)
			}
		})
	}
}
