package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/photo"
)

// FuzzRequest holds what is told of a request that comes to nothing to the contract
// (section 1): whatever stands in its headers, the answer is an envelope with a code that
// there is, in a language that there is, under the caller's own id where that is sane.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/me", "Bearer 125|fxp_x", "en", "abc-1", "fr-FR,fr;q=0.9", jsonType)
	f.Add("POST", "/auth/login", "", "EN_gb", strings.Repeat("a", 65), "es,pt", "text/plain")
	f.Add("PATCH", "/me/../me", "bearer x", "", "a b", "", "application/json; charset=latin1")
	f.Add("OPTIONS", "/auth/devices", "Basic x", "xx", "\xff", "en;q=\x80", "multipart/form-data; boundary=x")
	f.Add("HEAD", "/health%2f", "", "", "", "", "")
	s := newServer(f, trusting("192.0.2.0/24"))
	codes := map[string]int{}
	for _, e := range account.Errors() {
		codes[e.Code] = StatusOf(e.Kind)
	}
	f.Fuzz(func(t *testing.T, method, path, bearer, locale, id, accept, contentType string) {
		r, err := http.NewRequest(method, "http://localhost"+Prefix+"/"+strings.TrimPrefix(path, "/"), http.NoBody)
		if err != nil {
			return // it never gets here
		}
		r.RemoteAddr = "192.0.2.1:1"
		for name, value := range map[string]string{
			"Authorization": bearer, "X-App-Locale": locale, RequestIDHeader: id, "Accept-Language": accept, "Content-Type": contentType,
		} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := w.Header().Get(RequestIDHeader); !saneID.MatchString(got) || saneID.MatchString(id) && got != id {
			t.Errorf("request %q is called %q", id, got)
		}
		if language := w.Header().Get("Content-Language"); language != "fr" && language != "en" {
			t.Errorf("the answer speaks %q", language)
		}
		if w.Code == http.StatusNoContent || w.Code == http.StatusOK {
			return // a preflight or the health
		}
		if method == http.MethodHead {
			return
		}
		var e struct{ Message, Code string }
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Message == "" || codes[e.Code] != w.Code || w.Code >= 500 && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %q: %d %q, %v", method, path, w.Code, w.Body, err)
		}
	})
}

// FuzzReadPhoto holds the reader of uploads to the one of the standard library: where a
// photo is found it is the first file of that name, and what is refused is refused in one
// of the ways of the contract (section 10).
func FuzzReadPhoto(f *testing.F) {
	for _, names := range [][]string{{"photo"}, {"other", "photo", "photo"}, {"other"}, {}} {
		contentType, body := upload(names...)
		f.Add(contentType, body)
		f.Add(contentType, body[:len(body)/2])
	}
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=photo\r\n\r\n\r\n--x--"))
	f.Add("multipart/form-data; boundary=\"a b\"", []byte("--a b\r\nContent-Disposition: form-data; name*=utf-8''photo; filename=a\r\n\r\nb\r\n--a b--"))
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=photo; filename=a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--x--"))
	f.Add("multipart/mixed; boundary=x", []byte("--x--"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r := httptest.NewRequest("POST", Prefix+"/me/photo", bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		x, _ := exchangeFor(t, r)
		data, err := x.readPhoto()
		if err != nil {
			if data != nil || !refusedAsAPhoto(err) {
				t.Fatalf("readPhoto: %d bytes, %v", len(data), err)
			}
			return
		}
		if len(data) > photo.MaxBytes {
			t.Errorf("a photo of %d bytes", len(data))
		}
		if want, err := plainPhoto(contentType, body); err != nil || !bytes.Equal(data, want) {
			t.Errorf("%q, %q: read %q, want %q, %v", contentType, body, data, want, err)
		}
	})
}

func refusedAsAPhoto(err error) bool {
	var invalid account.Invalid
	return errors.As(err, &invalid) || slices.ContainsFunc([]error{
		account.ErrUnsupportedMediaType, account.ErrMalformedRequest, account.ErrPayloadTooLarge,
	}, func(e error) bool { return errors.Is(err, e) })
}

// plainPhoto finds the first part of the name without a thought for what is too much.
func plainPhoto(contentType string, body []byte) ([]byte, error) {
	boundary, err := multipartBoundary(http.Header{"Content-Type": {contentType}})
	if err != nil {
		return nil, err
	}
	for parts := multipart.NewReader(bytes.NewReader(body), boundary); ; {
		part, err := parts.NextRawPart()
		if err != nil {
			return nil, err
		}
		if part.FormName() == PhotoField {
			return io.ReadAll(part)
		}
	}
}

// upload is a body with a file in each part.
func upload(names ...string) (contentType string, body []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i, name := range names {
		part, _ := w.CreateFormFile(name, "a.jpg") // a buffer takes all
		_, _ = part.Write(slices.Repeat([]byte{byte(i)}, 10))
	}
	_ = w.Close()
	return w.FormDataContentType(), b.Bytes()
}

// FuzzReadObject holds the reader of bodies to what its parser says of the same bytes,
// and to the ways in which the contract refuses a body (section 1).
func FuzzReadObject(f *testing.F) {
	f.Add(jsonType, "", []byte(`{"email":"a@b.c"}`))
	f.Add("application/json; charset=UTF-8", "identity", []byte(`{}`))
	f.Add("application/json;charset=latin1", "", []byte(`{}`))
	f.Add("", "", []byte(nil))
	f.Add(jsonType, "gzip", []byte("\x1f\x8b"))
	f.Add(jsonType, "", bytes.Repeat([]byte(" "), MaxBody+1))
	f.Fuzz(func(t *testing.T, contentType, encoding string, body []byte) {
		r := httptest.NewRequest("POST", Prefix+"/auth/login", bytes.NewReader(body))
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		r.Header.Set("Content-Encoding", encoding)
		x, _ := exchangeFor(t, r)
		members, err := x.readObject()
		want, wrong := parseObject(body)
		switch {
		case err == nil && (wrong != nil || len(body) > MaxBody || !maps.EqualFunc(members, want, slices.Equal)):
			t.Errorf("%q is read as %q, want %q, %v", body, members, want, wrong)
		case errors.Is(err, account.ErrPayloadTooLarge) && len(body) <= MaxBody:
			t.Errorf("%d bytes are too many", len(body))
		case errors.Is(err, account.ErrMalformedRequest) && wrong == nil:
			t.Errorf("%q is refused", body)
		case err != nil && !refusedAsAPhoto(err):
			t.Errorf("%q: %v", body, err)
		}
	})
}
