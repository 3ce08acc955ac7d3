// Package header is what answers tell browsers, so that these keep people safe: one
// policy for each class of answer. Its one rule: the words of a policy stand here and
// nowhere else, and each class tells all that is safe for it, so that an answer of a
// kind nobody thought of is as closed as the API.
package header

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

const (
	// dataPolicy is for what is no page. Nothing of it runs, loads or is framed, should
	// a browser ever be brought to show it.
	dataPolicy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"

	// pagePolicy holds for every page: all that it needs comes from here, and nobody
	// frames it. Forms are sent by scripts alone, so that a password never ends up in
	// an address where a script did not load.
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

	// portalPolicy is that of a page that holds a token: its scripts cannot even try to make
	// markup or code out of text. Where photos come from elsewhere, that goes to its end.
	portalPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; " +
		"frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'; img-src 'self' data:"

	// inboxPolicy lets the inbox frame the mails that it shows.
	inboxPolicy = pagePolicy + "; frame-src 'self'"

	// mailPolicy is for the HTML of a mail, which needs inline style as every mail
	// does and gets nothing else: no script, no origin, no form. A link in it may open
	// a window of its own, as it would in a mail program.
	mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

	// photoPolicy makes a stored file inert, whatever it turns out to be.
	photoPolicy = dataPolicy + "; sandbox"
)

// Class is a kind of answer, by what a browser may do with it.
type Class struct{ values http.Header }

// The classes. What only documents heed (the opener, the features) only pages tell.
var (
	Data  = Class{all(dataPolicy, "same-origin")}   // for programs: JSON, texts, scripts, refusals, preflights
	Page  = Class{document(pagePolicy)}             // for people
	Inbox = Class{document(inboxPolicy)}            // the page of the inbox
	Mail  = Class{document(mailPolicy)}             // a mail in its frame
	Photo = Class{all(photoPolicy, "cross-origin")} // a stored file, which frontends elsewhere show in an <img>
)

// Portal is the page of the account, which shows photos from that origin too. Where it is
// empty they come from here.
func Portal(photos string) Class {
	if photos == "" {
		return Class{document(portalPolicy)}
	}
	return Class{document(portalPolicy + " " + photos)}
}

// all is what every answer has.
func all(policy, embedders string) http.Header {
	return http.Header{
		"Content-Security-Policy":      {policy},
		"X-Content-Type-Options":       {"nosniff"},
		"Referrer-Policy":              {"no-referrer"}, // addresses of pages carry link tokens
		"Cross-Origin-Resource-Policy": {embedders},
		"Cache-Control":                {"no-store"},
	}
}

func document(policy string) http.Header {
	h := all(policy, "same-origin")
	h["Cross-Origin-Opener-Policy"] = []string{"same-origin"}
	h["Permissions-Policy"] = []string{"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"}
	return h
}

// Set gives an answer what its class has, in place of what another class had. What an
// answer has otherwise (how long it may be kept, say) it sets after.
//
// The values are shared by all answers: a header is set anew, never written into.
func (c Class) Set(h http.Header) { maps.Copy(h, c.values) }

// Names lists what the class sets, in order.
func (c Class) Names() []string { return slices.Sorted(maps.Keys(c.values)) }

// Get is what the class says by that name.
func (c Class) Get(name string) string { return c.values.Get(name) }

// Lines is the class as it goes over the wire, each line with its end.
func (c Class) Lines() string {
	var b strings.Builder
	for _, name := range c.Names() {
		fmt.Fprintf(&b, "%s: %s\r\n", name, c.Get(name))
	}
	return b.String()
}

// TransportName is the header in which TLS is demanded of browsers (RFC 6797).
const TransportName = "Strict-Transport-Security"

// Transport is what that header says: TLS alone for a year, to this host, and to all
// names under it where subdomains is set.
func Transport(subdomains bool) string {
	const year = "max-age=31536000"
	if subdomains {
		return year + "; includeSubDomains"
	}
	return year
}
