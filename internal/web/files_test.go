package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestASignedAddressShowsThePhotoAnywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.get(s.put(jpeg))
	for name, want := range map[string]string{
		"Content-Type": "image/jpeg", "Content-Disposition": `inline; filename="photo.jpg"`, "Cache-Control": "private, max-age=3600",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; sandbox",
		"Cross-Origin-Resource-Policy": "cross-origin",
	} {
		a.expect(t, http.StatusOK, name, want)
	}
	if a.text != string(jpeg) {
		t.Errorf("got %d bytes, want %d", len(a.text), len(jpeg))
	}
}

func TestAPhotoIsHadWholeOrByItsHeadersAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := s.put(jpeg)
	for _, part := range []string{"bytes=0-9", "bytes=99999-"} {
		if a := s.get(path, "Range", part); a.StatusCode != http.StatusOK || a.text != string(jpeg) {
			t.Errorf("%s: got %d and %d bytes", part, a.StatusCode, len(a.text))
		}
	}
	head := s.ask(http.MethodHead, path)
	if head.expect(t, http.StatusOK, "Content-Length", "300"); head.text != "" {
		t.Error("HEAD has a body")
	}
}

func TestBadAddressesOfFilesLookAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := s.put(jpeg)
	key, query, _ := strings.Cut(good, "?")
	s.ask(http.MethodGet, "/files/nothing").expect(t, http.StatusNotFound, "Content-Type", "application/json; charset=utf-8")
	want := s.get("/files/nothing")
	want.expect(t, http.StatusNotFound, "Content-Type", "text/html; charset=utf-8")
	for _, path := range []string{
		key, good + "x", key + "?" + strings.Replace(query, "expires=1", "expires=2", 1),
		strings.Replace(good, "user_17", "user_18", 1), "/files/", "/files/..%2f..%2fetc/passwd?" + query,
	} {
		got := s.get(path)
		if got.StatusCode != want.StatusCode || got.text != want.text || len(got.Header) != len(want.Header) {
			t.Errorf("%s: got %d %q", path, got.StatusCode, got.text)
		}
	}
}
