package blob

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/minio-go/v7"
)

func TestS3URLsAreReadAsDocumented(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]s3URL{
		"s3://id:secret@s3.eu-west-3.amazonaws.com/photos": {keyID: "id", secret: "secret", host: "s3.eu-west-3.amazonaws.com", bucket: "photos"},
		"s3://h/b-1.x":                                       {host: "h", bucket: "b-1.x"},
		"s3://h/bucket/":                                     {host: "h", bucket: "bucket"},
		"s3://h/bucket?":                                     {host: "h", bucket: "bucket"},
		"s3://id:a/b+c=@h:9000/bucket":                       {keyID: "id", secret: "a/b+c=", host: "h:9000", bucket: "bucket"},
		"s3://id:a%2Fb%2bc%3D%25@h/bucket":                   {keyID: "id", secret: "a/b+c=%", host: "h", bucket: "bucket"},
		"s3://id:a:b@c?d#e@h/bucket":                         {keyID: "id", secret: "a:b@c?d#e", host: "h", bucket: "bucket"},
		"s3://a%3Ab:secret@h/bucket":                         {keyID: "a:b", secret: "secret", host: "h", bucket: "bucket"},
		"s3://127.0.0.1:1/bucket?tls=false":                  {host: "127.0.0.1:1", bucket: "bucket", plain: true},
		"s3://[::1]:65535/bucket?tls=true":                   {host: "[::1]:65535", bucket: "bucket"},
		"s3://my_minio:9000/bucket?style=path":               {host: "my_minio:9000", bucket: "bucket", style: minio.BucketLookupPath},
		"s3://h/bucket?style=host&region=us-west-1":          {host: "h", bucket: "bucket", region: "us-west-1", style: minio.BucketLookupDNS},
		"s3://x.r2.cloudflarestorage.com/photos?region=auto": {host: "x.r2.cloudflarestorage.com", bucket: "photos", region: "auto"},
	} {
		got, err := parseS3URL(text)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(s3URL{})); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

func TestOtherS3URLsAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]refusal{
		"":                                  badForm,
		"http://id:secret@h/bucket":         badForm,
		"S3://h/bucket":                     badForm,
		"s3:/h/bucket":                      badForm,
		"s3://h/bucket#f":                   badForm,
		"s3://h/bucket#":                    badForm,
		"s3://h:port/bucket":                badForm,
		"s3://h/%zz":                        badForm,
		"s3://h\x00/bucket":                 badForm,
		"s3://@h/bucket":                    badKeys,
		"s3://id@h/bucket":                  badKeys,
		"s3://id:@h/bucket":                 badKeys,
		"s3://:secret@h/bucket":             badKeys,
		"s3://id:100%@h/bucket":             badKeys,
		"s3://i%zz:secret@h/bucket":         badKeys,
		"s3://i d:secret@h/bucket":          badKeys,
		"s3://i%0Ad:secret@h/bucket":        badKeys,
		"s3://id:secret@/bucket":            badHost,
		"s3:///bucket":                      badHost,
		"s3://:9000/bucket":                 badHost,
		"s3://h:/bucket":                    badHost,
		"s3://h:0/bucket":                   badHost,
		"s3://h:65536/bucket":               badHost,
		"s3://hé/bucket":                    badHost,
		"s3://h*/bucket":                    badHost,
		"s3://[fe80::1%25eth0]/bucket":      badHost,
		"s3://h":                            badBucket,
		"s3://h/":                           badBucket,
		"s3://h?region=r":                   badBucket,
		"s3://h/ab":                         badBucket,
		"s3://h/Bucket":                     badBucket,
		"s3://h/buc_ket":                    badBucket,
		"s3://h/bucket/photos":              badBucket,
		"s3://h//bucket":                    badBucket,
		"s3://h/bucket//":                   badBucket,
		"s3://h/192.168.0.1":                badBucket,
		"s3://h/" + strings.Repeat("b", 64): badBucket,
		"s3://h/bucket?endpoint=x":          badQuery,
		"s3://h/bucket?Region=r":            badQuery,
		"s3://h/bucket?tls=true;a":          badQuery,
		"s3://h/bucket?region=r&region=r":   badQuery,
		"s3://h/bucket?region=":             badRegion,
		"s3://h/bucket?region=a+b":          badRegion,
		"s3://h/bucket?region=a%2Fb":        badRegion,
		"s3://h/bucket?tls":                 badTLS,
		"s3://h/bucket?tls=no":              badTLS,
		"s3://h/bucket?tls=False":           badTLS,
		"s3://h/bucket?style=":              badStyle,
		"s3://h/bucket?style=dns":           badStyle,
		"s3://127.0.0.1/bucket?style=host":  badStyle,
		"s3://[::1]/bucket?style=host":      badStyle,
	} {
		if _, err := parseS3URL(text); !errors.Is(err, want) {
			t.Errorf("%q: %v; want %v", text, err, want)
		}
	}
}

// TestOpenRefusesWhatIsWrongWithAURL asks no server: there is none.
func TestOpenRefusesWhatIsWrongWithAURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]refusal{
		"s3://id:hunter2@h/b":                            badBucket,
		"s3://id:hunter2@photos.s3.amazonaws.com/photos": badHost,
		"s3://id:hunter2@-h/bucket":                      badHost,
	} {
		s, err := OpenS3(context.Background(), text)
		if s != nil || !errors.Is(err, ErrURL) || err.Error() != string(want) {
			t.Errorf("%s: %v; want %v", text, err, want)
		}
	}
}

// FuzzParseS3URL holds the parser to its promises: it never panics; a refusal is one of
// a few sentences, so that it cannot show the URL; and what is read from a URL is what
// was written into it, whether it was escaped or not.
func FuzzParseS3URL(f *testing.F) {
	f.Add("s3://id:a/b+c=@h:9000/bucket?region=r&tls=false&style=path", "AKIA", "a/b+c=")
	f.Add("s3://id@h/bucket", "a:b", "100%@?#")
	f.Add("", "", "")
	refusals := []error{badForm, badKeys, badHost, badBucket, badQuery, badRegion, badTLS, badStyle}
	f.Fuzz(func(t *testing.T, text, id, secret string) {
		if _, err := parseS3URL(text); err != nil && !slices.Contains(refusals, err) {
			t.Errorf("%q: %v", text, err)
		}
		if id == "" || secret == "" || !onlyOf(id, printable) {
			return
		}
		written := []string{escape(secret)}
		if !strings.Contains(secret, "%") {
			written = append(written, secret)
		}
		for _, w := range written {
			got, err := parseS3URL("s3://" + escape(id) + ":" + w + "@h/bucket")
			if err != nil || got.keyID != id || got.secret != secret || got.host != "h" {
				t.Errorf("id %q, secret %q written %q: %v", id, secret, w, err)
			}
		}
	})
}

// escape leaves nothing as it is but letters, digits and a few signs.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
