package blob

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"flowxi.app/flowxi/internal/seal"
)

// FuzzSigned holds addresses of photos to the one spelling that was signed: whatever else
// stands in one opens nothing, and it opens for as long as it says.
func FuzzSigned(f *testing.F) {
	ring, err := seal.Parse("one:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if err != nil {
		f.Fatal(err)
	}
	const key = "profile_photos/user_17_x.jpg"
	now := time.Unix(1_800_000_000, 0)
	expires := strconv.FormatInt(now.Unix()+60, 10)
	signature := encoding.EncodeToString(ring.Digest(purpose, key, expires))
	f.Add(key, expires, signature, int64(0))
	f.Add(key, expires, signature, int64(60))
	f.Add(key, "0"+expires, signature, int64(0))
	f.Add(key, "+"+expires, signature, int64(0))
	f.Add("profile_photos/user_18_x.jpg", expires, signature, int64(0))
	f.Add(key, expires, signature+"=", int64(0))
	f.Add(key, expires, signature[:len(signature)-1]+"\n", int64(0))
	f.Add("../key", "9223372036854775808", "", int64(-1))
	f.Fuzz(func(t *testing.T, k, e, s string, later int64) {
		folder := &Folder{signer: ring, now: func() time.Time { return now.Add(time.Duration(later%3600) * time.Second) }}
		opens := k == key && e == expires && s == signature && later%3600 < 60
		if got := folder.signed(k, e, s); got != opens {
			t.Errorf("signed(%q, %q, %q) = %t after %d s", k, e, s, got, later%3600)
		}
	})
}

// FuzzKey holds keys of objects to what every file system and URL reads alike.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"profile_photos/user_17_x.jpg", "a//b", "../a", "a/..", ".a", "a\\b", "a\x00b", "é", "%2e%2e", strings.Repeat("a", 300), ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		err := checkKey(key)
		if err != nil {
			if !errors.Is(err, ErrKey) || strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Errorf("%q: %v", key, err)
			}
			return
		}
		if len(key) > maxKey || strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") != "" ||
			strings.Contains("/"+key+"/", "//") || strings.Contains("/"+key, "/.") || strings.Contains(key, "..") {
			t.Errorf("%q is taken for a key", key)
		}
	})
}

// FuzzExplain holds what is told of an answer of S3 to our own words: nothing of the
// server's but a code, which may repeat what it was sent, and one line.
func FuzzExplain(f *testing.F) {
	f.Add(404, "NoSuchKey", "hunter2")
	f.Add(503, "SlowDown", "Please reduce your request rate.")
	f.Add(403, "AccessDenied", "")
	f.Add(200, "x\ny", "hunter2")
	f.Add(-1, strings.Repeat("A", 65), "\x00")
	f.Add(307, "TemporaryRedirect", "https://elsewhere.example/")
	f.Fuzz(func(t *testing.T, status int, code, message string) {
		answer := minio.ErrorResponse{StatusCode: status, Code: code, Message: message, Key: message, RequestID: message}
		err := explain(fmt.Errorf("put: %w", answer))
		text := err.Error()
		if strings.ContainsAny(text, "\n\r\x00") || len(text) > 200 {
			t.Errorf("it says %q", text)
		}
		if len(message) > 12 && strings.Contains(text, message) && !strings.Contains(code, message) && !strings.Contains(meaning(minio.ErrorResponse{StatusCode: status, Code: code}), message) {
			t.Errorf("%q repeats %q", text, message)
		}
		if lasting := status < 500 && status != 429; code != minio.NoSuchKey && errors.Is(err, ErrFailing) == lasting {
			t.Errorf("%d %q is %v", status, code, err)
		}
		if code == minio.NoSuchKey && !errors.Is(err, ErrNotFound) {
			t.Errorf("%d %q is %v", status, code, err)
		}
	})
}
