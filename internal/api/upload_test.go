package api

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/photo"
)

// part is one part of a multipart body with the boundary "B".
func part(disposition, content string) string {
	return "--B\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content + "\r\n"
}

const (
	filePart = `name="photo"; filename="me.jpg"`
	lastLine = "--B--\r\n"
)

// read returns what readPhoto makes of a body, and its error in one line.
func read(t *testing.T, body io.Reader, headers ...string) (data []byte, refusal string) {
	t.Helper()
	r := httptest.NewRequest("POST", "/", body)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	x, _ := exchangeFor(t, r)
	data, err := x.readPhoto()
	var problems account.Invalid
	switch {
	case err == nil:
		return data, ""
	case errors.As(err, &problems):
		return data, problems[0].Field + " " + problems[0].Rule
	}
	return data, err.Error()
}

func TestUploads(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("x", photo.MaxBytes)
	for _, tt := range []struct{ name, body, data, refusal string }{
		{"a file", part(filePart, "data") + lastLine, "data", ""},
		{"a file of any name", part(`name="photo"; filename="../../\r\nx"`, "data") + lastLine, "data", ""},
		{"an empty file", part(filePart, "") + lastLine, "", ""},
		{"among others", part(`name="x"`, "1") + part(filePart, "data") + part(`name="y"; filename="y"`, "2") + lastLine, "data", ""},
		{"the first of two", part(filePart, "data") + part(filePart, "more") + lastLine, "data", ""},
		{"encoded, which means nothing", "--B\r\nContent-Disposition: form-data; " + filePart +
			"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n" + lastLine, "=41", ""},
		{"none", part(`name="x"`, "1") + lastLine, "", "photo required"},
		{"no parts", lastLine, "", "photo required"},
		{"none chosen", part(`name="photo"; filename=""`, "") + lastLine, "", "photo required"},
		{"a field", part(`name="photo"`, "data") + lastLine, "", "photo file"},
		{"in capitals", part(`name="PHOTO"; filename="x"`, "data") + lastLine, "", "photo required"},
		{"the largest", part(filePart, full) + lastLine, full, ""},
		{"a byte more", part(filePart, full+"x") + lastLine, "", "PAYLOAD_TOO_LARGE"},
		{"much beside it", part(filePart, full) + part(`name="x"`, full) + lastLine, "", "PAYLOAD_TOO_LARGE"},
		{"ten parts", strings.Repeat(part(`name="x"`, "1"), 9) + part(filePart, "data") + lastLine, "data", ""},
		{"eleven parts", part(filePart, "data") + strings.Repeat(part(`name="x"`, "1"), 10) + lastLine, "", "MALFORMED_REQUEST"},
		{"empty", "", "", "MALFORMED_REQUEST"},
		{"no end", part(filePart, "data"), "", "MALFORMED_REQUEST"},
		{"cut off", "--B\r\nContent-Disposition: form-data; " + filePart + "\r\n\r\nda", "", "MALFORMED_REQUEST"},
		{"a broken header", "--B\r\nContent-Disposition\r\n\r\ndata\r\n" + lastLine, "", "MALFORMED_REQUEST"},
		{"another boundary", strings.ReplaceAll(part(filePart, "data")+lastLine, "--B", "--C"), "", "MALFORMED_REQUEST"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data, refusal := read(t, strings.NewReader(tt.body), "Content-Type", "multipart/form-data; boundary=B")
			if refusal != tt.refusal || refusal == "" && string(data) != tt.data {
				t.Errorf("got %d bytes and %q, want %d bytes and %q", len(data), refusal, len(tt.data), tt.refusal)
			}
		})
	}
}

func TestUploadsAreMultipartAndNothingElse(t *testing.T) {
	t.Parallel()
	body := []byte(part(filePart, "data") + lastLine)
	for _, tt := range []struct {
		want    string
		headers []string
	}{
		{"", []string{"Content-Type", `Multipart/Form-Data; boundary="B"`}},
		{"UNSUPPORTED_MEDIA_TYPE", nil},
		{"UNSUPPORTED_MEDIA_TYPE", []string{"Content-Type", "image/jpeg"}},
		{"UNSUPPORTED_MEDIA_TYPE", []string{"Content-Type", "application/json"}},
		{"UNSUPPORTED_MEDIA_TYPE", []string{"Content-Type", "multipart/mixed; boundary=B"}},
		{"UNSUPPORTED_MEDIA_TYPE", []string{"Content-Type", "multipart/form-data; boundary=B", "Content-Encoding", "gzip"}},
		{"MALFORMED_REQUEST", []string{"Content-Type", "multipart/form-data"}},
	} {
		if _, got := read(t, bytes.NewReader(body), tt.headers...); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.headers, got, tt.want)
		}
	}
}

// TestAnEndlessUploadEnds sends more than anybody would keep.
func TestAnEndlessUploadEnds(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader("--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n"), zeros{})
	if _, refusal := read(t, endless, "Content-Type", "multipart/form-data; boundary=B"); refusal != "PAYLOAD_TOO_LARGE" {
		t.Errorf("got %q", refusal)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
