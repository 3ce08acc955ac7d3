package blob

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
)

// ErrUnavailable says that the server of a bucket did not answer, or did not lately
// and is not asked again so soon. Whether it did what it was asked is not known.
var ErrUnavailable = errors.New("the S3 server does not answer")

// ErrFailing says that the server of a bucket answered that it cannot do anything just
// now (500, 503 and the like) or not so much (429).
var ErrFailing = errors.New("the S3 server fails")

// failure is an ErrFailing with what the server said.
type failure string

func (f failure) Error() string { return string(f) }

func (f failure) Is(err error) bool { return err == ErrFailing }

// longestCode is well beyond the codes that there are. What is longer is no code.
const longestCode = 64

// explain says in words what a call came to. What the server writes is left out, save
// for a code, since it may repeat what it was sent.
func explain(err error) error {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.Code == minio.NoSuchKey {
		return ErrNotFound
	}
	if errors.As(err, &answer) && failing(answer) {
		return failure(meaning(answer))
	}
	if errors.As(err, &answer) {
		return errors.New(meaning(answer))
	}
	if errors.Is(err, errLarge) || errors.Is(err, errLeft) {
		return err
	}
	// A url.Error shows the whole URL.
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// meaning knows what an operator can do something about.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func meaning(answer minio.ErrorResponse) string {
	switch answer.Code {
	case minio.NoSuchBucket:
		return "there is no such bucket"
	case minio.AccessDenied:
		return "access denied: the key may not do this"
	case minio.InvalidAccessKeyID:
		return "access denied: there is no such key ID"
	case minio.SignatureDoesNotMatch:
		return "access denied: the secret is not that of the key ID"
	case "ExpiredToken", "InvalidToken":
		return "access denied: the session token is no longer good"
	case minio.RequestTimeTooSkewed:
		return "access denied: the clock here and that of the server are too far apart"
	case minio.AuthorizationHeaderMalformed, minio.InvalidRegion, "PermanentRedirect":
		return "the bucket is in another region"
	}
	if len(answer.Code) > longestCode || !onlyOf(answer.Code, validByte) {
		return fmt.Sprintf("the server answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return fmt.Sprintf("the server answered %d %s", answer.StatusCode, answer.Code)
}

// passing tells whether a call that came to err may come to more when it is made again.
func passing(err error) bool {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) || errors.Is(err, errLeft) {
		return true
	}
	switch answer.Code {
	case minio.AuthorizationHeaderMalformed, minio.InvalidRegion:
		return true // the answer named the region, and the client has learnt it
	case minio.BadDigest, "XAmzContentSHA256Mismatch", minio.IncompleteBody, "RequestTimeout":
		return true // the body was spoilt on its way
	}
	return failing(answer) || answer.StatusCode == http.StatusRequestTimeout
}

func failing(answer minio.ErrorResponse) bool {
	return answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests
}
