package blob

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

func TestAnswersAreExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		want   string
		again  bool
	}{
		{404, "NoSuchBucket", "there is no such bucket", false},
		{403, "AccessDenied", "access denied: the key may not do this", false},
		{403, "InvalidAccessKeyId", "access denied: there is no such key ID", false},
		{403, "SignatureDoesNotMatch", "access denied: the secret is not that of the key ID", false},
		{400, "ExpiredToken", "access denied: the session token is no longer good", false},
		{403, "RequestTimeTooSkewed", "access denied: the clock here and that of the server are too far apart", false},
		{301, "PermanentRedirect", "the bucket is in another region", false},
		{400, "AuthorizationHeaderMalformed", "the bucket is in another region", true},
		{400, "BadDigest", "the server answered 400 BadDigest", true},
		{400, "RequestTimeout", "the server answered 400 RequestTimeout", true},
		{429, "SlowDown", "the server answered 429 SlowDown", true},
		{503, "SlowDown", "the server answered 503 SlowDown", true},
		{507, "QuotaExceeded", "the server answered 507 QuotaExceeded", true},
		{400, "EntityTooLarge", "the server answered 400 EntityTooLarge", false},
		{502, "502 Bad Gateway", "the server answered 502 Bad Gateway", true},
		{400, "a\nforged line", "the server answered 400 Bad Request", false},
		{400, strings.Repeat("x", 65), "the server answered 400 Bad Request", false},
	} {
		answer := minio.ErrorResponse{StatusCode: c.status, Code: c.code, Message: "what the server says"}
		err := explain(answer)
		if err.Error() != c.want || errors.Is(err, ErrUnavailable) {
			t.Errorf("%d %s: %v; want %s", c.status, c.code, err, c.want)
		}
		if failing := c.status >= 500 || c.status == 429; errors.Is(err, ErrFailing) != failing {
			t.Errorf("%d %s: the server fails: %v", c.status, c.code, !failing)
		}
		if again := passing(answer); again != c.again {
			t.Errorf("%d %s: tried again: %v", c.status, c.code, again)
		}
	}
}

func TestSilenceIsUnavailableAndShowsNoURL(t *testing.T) {
	t.Parallel()
	err := explain(fmt.Errorf("put: %w", &url.Error{Op: "Put", URL: "https://h/bucket/key?X-Amz-Signature=secret", Err: context.DeadlineExceeded}))
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "h/bucket") {
		t.Errorf("got %v", err)
	}
	if !passing(err) {
		t.Error("it is not tried again")
	}
}
