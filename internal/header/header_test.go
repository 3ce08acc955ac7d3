package header

import (
	"net/http"
	"strings"
	"testing"
)

var classes = map[string]Class{"data": Data, "page": Page, "portal": Portal(""), "inbox": Inbox, "mail": Mail, "photo": Photo}

func TestNoClassLetsAnythingInThatItDoesNotName(t *testing.T) {
	t.Parallel()
	for name, c := range classes {
		policy := c.Get("Content-Security-Policy") + ";"
		for _, part := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, part+";") {
				t.Errorf("%s lacks %s", name, part)
			}
		}
		if framed := strings.Contains(policy, "frame-ancestors 'self'"); framed != (name == "mail") || !framed && !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s may be framed: %s", name, policy)
		}
		if strings.Contains(policy, "unsafe") && name != "mail" || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
			t.Errorf("%s is unsafe: %s", name, policy)
		}
		for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
			if got := c.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		if elsewhere := c.Get("Cross-Origin-Resource-Policy") == "cross-origin"; elsewhere != (name == "photo") {
			t.Errorf("%s may be embedded elsewhere: %v", name, elsewhere)
		}
	}
}

func TestPagesAreAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []Class{Page, Portal(""), Inbox, Mail} {
		if c.Get("Cross-Origin-Opener-Policy") != "same-origin" || !strings.Contains(c.Get("Permissions-Policy"), "camera=()") {
			t.Errorf("it says %s", c.Lines())
		}
	}
}

func TestAClassTakesThePlaceOfAnother(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	Data.Set(h)
	h.Set("Cache-Control", "private")
	Photo.Set(h)
	if h.Get("Content-Security-Policy") != photoPolicy || len(h["Content-Security-Policy"]) != 1 || h.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v", h)
	}
	h.Add("Cache-Control", "private")
	if Photo.Get("Cache-Control") != "no-store" || len(Photo.values["Cache-Control"]) != 1 {
		t.Error("an answer has changed those to come")
	}
}

func TestTLSIsDemandedForAYear(t *testing.T) {
	t.Parallel()
	if got := Transport(true); got != "max-age=31536000; includeSubDomains" {
		t.Errorf("got %s", got)
	}
	if got := Transport(false); got != "max-age=31536000" {
		t.Errorf("got %s", got)
	}
}

func TestThePortalMakesNoMarkupAndShowsPhotosFromTheirOrigin(t *testing.T) {
	t.Parallel()
	here := Portal("").Get("Content-Security-Policy")
	for _, part := range []string{"require-trusted-types-for 'script'", "trusted-types 'none'", "script-src 'self'", "connect-src 'self'"} {
		if !strings.Contains(here, part+";") {
			t.Errorf("the portal lacks %s: %s", part, here)
		}
	}
	if want := here + " https://bucket.example"; !strings.HasSuffix(here, "img-src 'self' data:") || Portal("https://bucket.example").Get("Content-Security-Policy") != want {
		t.Errorf("with photos elsewhere it says %q", Portal("https://bucket.example").Get("Content-Security-Policy"))
	}
}
