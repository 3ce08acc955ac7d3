package blob

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// ErrURL is wrapped by every error that is cured by another URL. The text of such an
// error says what is allowed, and nothing of what was given.
var ErrURL = errors.New("blob: bad S3 URL")

// refusal is an ErrURL. It has no text but those below, so that none can tell a secret.
type refusal string

const (
	badForm   refusal = "allowed: s3://KEYID:SECRET@HOST:PORT/BUCKET, with ?region=REGION&tls=false&style=path where needed"
	badKeys   refusal = "allowed: KEYID:SECRET before the last @, with %25 for a %; or no @ at all"
	badHost   refusal = "allowed: a host name or IP address without the bucket in it, then a port from 1 to 65535 or none, as in s3://HOST:PORT/BUCKET"
	badBucket refusal = "allowed: after the host, a bucket of 3 to 63 lower-case letters, digits, dots and dashes, as in s3://HOST/BUCKET"
	badQuery  refusal = "allowed: after the ?, region, tls and style, each once at most, with & between them"
	badRegion refusal = "allowed: region=REGION, of letters, digits and dashes"
	badTLS    refusal = "allowed: tls=true, which is the default, or tls=false"
	badStyle  refusal = "allowed: style=path, or style=host where the host has a name"
	noKeys    refusal = "allowed: s3://KEYID:SECRET@…, since there are no keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor in a shared credentials file, nor from a role of this machine"
)

func (r refusal) Error() string { return string(r) }

func (r refusal) Unwrap() error { return ErrURL }

// s3URL is a URL taken apart.
type s3URL struct {
	keyID, secret string // empty where the environment has them
	host          string // with its port, if one was given
	bucket        string
	region        string // empty where the server has to be asked
	plain         bool   // without TLS
	style         minio.BucketLookupType
}

// parseS3URL takes a URL apart as OpenS3 describes it. Its errors are refusals.
func parseS3URL(text string) (s3URL, error) {
	rest, ok := strings.CutPrefix(text, "s3://")
	if !ok {
		return s3URL{}, badForm
	}
	var parsed s3URL
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		if err := parsed.setKeys(rest[:at]); err != nil {
			return s3URL{}, err
		}
		rest = rest[at+1:]
	}
	// A fragment is a mistake, and the error of Parse would show the URL.
	u, err := url.Parse("s3://" + rest)
	if err != nil || strings.Contains(rest, "#") {
		return s3URL{}, badForm
	}
	for _, set := range []func(*url.URL) error{parsed.setHost, parsed.setBucket, parsed.setQuery} {
		if err := set(u); err != nil {
			return s3URL{}, err
		}
	}
	return parsed, nil
}

func (p *s3URL) setKeys(text string) error {
	id, secret, ok := strings.Cut(text, ":")
	if !ok || id == "" || secret == "" {
		return badKeys
	}
	var err error
	if p.keyID, err = url.PathUnescape(id); err != nil || !onlyOf(p.keyID, printable) {
		return badKeys // it goes into a header
	}
	if p.secret, err = url.PathUnescape(secret); err != nil {
		return badKeys
	}
	return nil
}

func (p *s3URL) setHost(u *url.URL) error {
	name, port := u.Hostname(), u.Port()
	if name == "" || net.ParseIP(name) == nil && !onlyOf(name, validByte) {
		return badHost
	}
	if n, err := strconv.ParseUint(port, 10, 16); strings.HasSuffix(u.Host, ":") || port != "" && (err != nil || n == 0) {
		return badHost
	}
	p.host = u.Host
	return nil
}

func (p *s3URL) setBucket(u *url.URL) error {
	p.bucket = strings.TrimSuffix(strings.TrimPrefix(u.Path, "/"), "/")
	if s3utils.CheckValidBucketNameStrict(p.bucket) != nil {
		return badBucket
	}
	return nil
}

func (p *s3URL) setQuery(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return badQuery
	}
	for name, values := range query {
		if len(values) != 1 {
			return badQuery
		}
		if err := p.setParameter(name, values[0]); err != nil {
			return err
		}
	}
	if p.style == minio.BucketLookupDNS && net.ParseIP(u.Hostname()) != nil {
		return badStyle
	}
	return nil
}

func (p *s3URL) setParameter(name, value string) error {
	switch name {
	case "region":
		p.region = value
		return refuseUnless(value != "" && onlyOf(value, regionByte), badRegion)
	case "tls":
		p.plain = value == "false"
		return refuseUnless(value == "true" || value == "false", badTLS)
	case "style":
		p.style = map[string]minio.BucketLookupType{"path": minio.BucketLookupPath, "host": minio.BucketLookupDNS}[value]
		return refuseUnless(p.style != minio.BucketLookupAuto, badStyle)
	}
	return badQuery
}

func refuseUnless(good bool, r refusal) error {
	if good {
		return nil
	}
	return r
}

func onlyOf(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func printable(c byte) bool { return ' ' < c && c < 0x7f }

func regionByte(c byte) bool { return validByte(c) && c != '.' }
