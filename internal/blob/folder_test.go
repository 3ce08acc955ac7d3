package blob_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/blob/blobtest"
)

const base = "https://flowxi.example/api/v1"

// hmacSigner signs with its own text as the key.
type hmacSigner string

func (s hmacSigner) Digest(purpose string, parts ...string) []byte {
	mac := hmac.New(sha256.New, []byte(s))
	fmt.Fprintf(mac, "%q%q", purpose, parts)
	return mac.Sum(nil)
}

func (s hmacSigner) VerifyDigest(digest []byte, purpose string, parts ...string) bool {
	return hmac.Equal(digest, s.Digest(purpose, parts...))
}

type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a folder with what stands around it.
type bench struct {
	*blob.Folder
	t     *testing.T
	dir   string
	clock *fakeClock
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		t:     t,
		dir:   filepath.Join(t.TempDir(), "made", "objects"),
		clock: &fakeClock{now: time.Date(2026, 11, 24, 9, 0, 0, 500, time.UTC)},
	}
	b.Folder = b.open("key")
	return b
}

func (b *bench) open(signer hmacSigner) *blob.Folder {
	b.t.Helper()
	f, err := blob.NewFolder(b.dir, base, signer, b.clock.Now)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := f.Close(); err != nil {
			b.t.Errorf("Close: %v", err)
		}
	})
	return f
}

func (b *bench) put(key, body string) {
	b.t.Helper()
	if err := b.Put(context.Background(), key, "image/jpeg", []byte(body)); err != nil {
		b.t.Fatal(err)
	}
}

// link is a signed URL taken apart.
type link struct{ key, expires, signature string }

func (b *bench) link(key string, ttl time.Duration) link {
	b.t.Helper()
	signed, err := b.SignedURL(context.Background(), key, ttl)
	if err != nil {
		b.t.Fatal(err)
	}
	l, err := parse(signed)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

func parse(signed string) (link, error) {
	u, err := url.Parse(signed)
	if err != nil {
		return link{}, err
	}
	key, found := strings.CutPrefix(u.Path, "/api/v1/files/")
	if !found {
		return link{}, fmt.Errorf("%s is none of ours", signed)
	}
	return link{key, u.Query().Get("expires"), u.Query().Get("signature")}, nil
}

func (b *bench) fetch(signed string) ([]byte, error) {
	l, err := parse(signed)
	if err != nil {
		return nil, err
	}
	file, _, err := b.Open(l.key, l.expires, l.signature)
	if errors.Is(err, blob.ErrForbidden) || errors.Is(err, blob.ErrNotFound) {
		return nil, blobtest.ErrDenied
	}
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(file)
	return body, errors.Join(err, file.Close())
}

func (b *bench) fails(f *blob.Folder, l link, want error) {
	b.t.Helper()
	file, _, err := f.Open(l.key, l.expires, l.signature)
	if file != nil || !errors.Is(err, want) {
		b.t.Errorf("Open(%+v) = %v, %v; want %v", l, file, err, want)
	}
}

func TestFolderIsABucket(t *testing.T) {
	t.Parallel()
	blobtest.Suite(t, func(t *testing.T) blobtest.Harness {
		b := newBench(t)
		return blobtest.Harness{Bucket: b, Fetch: b.fetch, Advance: b.clock.Advance}
	})
}

func TestTheURLIsAsDocumented(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, given := range []string{"http://localhost:8080", "http://localhost:8080/", "https://flowxi.example/api/v1//"} {
		f, err := blob.NewFolder(b.dir, given, hmacSigner("key"), b.clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.SignedURL(context.Background(), "profile_photos/user_17_x.jpg", time.Hour)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		want := strings.TrimRight(given, "/") + "/files/profile_photos/user_17_x.jpg?expires=1795514400&signature="
		if signature, ok := strings.CutPrefix(got, want); !ok || len(signature) != 43 {
			t.Errorf("got %s; want %s and 43 characters", got, want)
		}
	}
}

func TestABaseThatMakesNoURLIsRefused(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"", "/api/v1", "flowxi.example", "https://flowxi.example/?a=b", "https://flowxi.example/#a", "://"} {
		if _, err := blob.NewFolder(t.TempDir(), given, hmacSigner("key"), time.Now); err == nil {
			t.Errorf("%q was taken", given)
		}
	}
}

func TestAChangedURLIsForbidden(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put("user_1.jpg", "one")
	b.put("user_2.jpg", "two")
	good := b.link("user_1.jpg", time.Hour)
	later, _ := strconv.Atoi(good.expires)
	for what, l := range map[string]link{
		"another key":            {"user_2.jpg", good.expires, good.signature},
		"a key that is none":     {"../user_1.jpg", good.expires, good.signature},
		"no key":                 {"", good.expires, good.signature},
		"a later time":           {good.key, strconv.Itoa(later + 1), good.signature},
		"another spelling of it": {good.key, "0" + good.expires, good.signature},
		"no time":                {good.key, "", good.signature},
		"no signature":           {good.key, good.expires, ""},
		"half a signature":       {good.key, good.expires, good.signature[:20]},
		"padding":                {good.key, good.expires, good.signature + "="},
		"loose last bits":        {good.key, good.expires, loosen(good.signature)},
		"another alphabet":       {good.key, good.expires, good.signature[:42] + "+"},
	} {
		t.Run(what, func(t *testing.T) { b.fails(b.Folder, l, blob.ErrForbidden) })
	}
}

// loosen sets bits of the last character that decoding would drop.
func loosen(signature string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, signature[len(signature)-1])
	return signature[:len(signature)-1] + string(alphabet[last|1])
}

func TestAnotherKeysSignatureIsForbidden(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put("k", "body")
	b.fails(b.open("another key"), b.link("k", time.Hour), blob.ErrForbidden)
}

func TestASignedTimeThatIsNoneIsForbidden(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put("k", "body")
	lax, err := blob.NewFolder(b.dir, base, acceptAll{}, b.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lax.Close() }()
	for _, expires := range []string{"", "soon", "-1", "99999999999999999999"} {
		b.fails(lax, link{"k", expires, "AAAA"}, blob.ErrForbidden)
	}
	b.fails(lax, link{"../k", b.link("k", time.Hour).expires, "AAAA"}, blob.ErrForbidden)
}

// acceptAll is a signer that would let everything pass.
type acceptAll struct{ hmacSigner }

func (acceptAll) VerifyDigest([]byte, string, ...string) bool { return true }

func TestTheExpiredAndTheGoneAreToldApartOnlyWhenSigned(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	l := b.link("gone.jpg", time.Minute)
	b.fails(b.Folder, l, blob.ErrNotFound)
	b.clock.Advance(59*time.Second + 999*time.Millisecond)
	b.fails(b.Folder, l, blob.ErrNotFound)
	b.clock.Advance(time.Millisecond)
	b.fails(b.Folder, l, blob.ErrForbidden)
}

func TestOpenTellsWhenTheObjectWasPut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put("k", "body")
	l := b.link("k", time.Hour)
	file, modified, err := b.Open(l.key, l.expires, l.signature)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if since := time.Since(modified); since < -time.Minute || since > time.Minute {
		t.Errorf("put at %v", modified)
	}
	if size, err := file.Seek(0, io.SeekEnd); err != nil || size != 4 {
		t.Errorf("it is %d bytes long, %v", size, err)
	}
}

func TestNobodyElseMayReadTheFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put("profile_photos/deep/user_1.jpg", "one")
	err := filepath.WalkDir(b.dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheHalfWrittenIsSweptAtStart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put("k", "body")
	half := filepath.Join(b.dir, ".incoming", "HALF")
	if err := os.WriteFile(half, []byte("bo"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open("key")
	if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the half-written file: %v", err)
	}
	l := b.link("k", time.Hour)
	file, _, err := b.Open(l.key, l.expires, l.signature)
	if err != nil {
		t.Fatalf("the whole one was swept too: %v", err)
	}
	_ = file.Close()
}

func TestAPutThatFailsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put("taken", "a file")
	b.put("dir/k", "a file")
	for _, key := range []string{"taken/k", "dir"} {
		if err := b.Put(context.Background(), key, "image/jpeg", []byte("x")); err == nil {
			t.Errorf("Put(%s) succeeded", key)
		}
	}
	left, err := os.ReadDir(filepath.Join(b.dir, ".incoming"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestALinkOutOfTheFolderLeadsNowhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(b.dir, "out")); err != nil {
		t.Fatal(err)
	}
	l := b.link("out/secret", time.Hour)
	if file, _, err := b.Open(l.key, l.expires, l.signature); err == nil {
		_ = file.Close()
		t.Error("Open followed the link")
	}
	if err := b.Put(context.Background(), "out/secret", "image/jpeg", []byte("x")); err == nil {
		t.Error("Put followed the link")
	}
	if err := b.Delete(context.Background(), "out/secret"); err == nil {
		t.Error("Delete followed the link")
	}
	if body, err := os.ReadFile(secret); err != nil || string(body) != "secret" {
		t.Errorf("outside is now %q, %v", body, err)
	}
}

func TestAFolderThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		if _, err := blob.NewFolder(dir, base, hmacSigner("key"), time.Now); err == nil {
			t.Errorf("%s was opened", dir)
		}
	}
}

func TestFilesAreReadBesideTheFolder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put("a/b.jpg", "body")
	incoming := filepath.Join(b.dir, ".incoming", "half")
	if err := os.WriteFile(incoming, []byte("ha"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := blob.OpenFiles(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	file, err := files.Get(t.Context(), "a/b.jpg")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(file)
	if err = errors.Join(err, file.Close(), files.Close()); err != nil || string(body) != "body" {
		t.Errorf("read %q, %v", body, err)
	}
	if _, err := os.Stat(incoming); err != nil {
		t.Errorf("what the folder was writing: %v", err)
	}
}

func TestNoDirectoryHoldsNoFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "photos")
	files, err := blob.OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := files.Get(t.Context(), "a.jpg"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Get = %v", err)
	}
	if err := files.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
}
