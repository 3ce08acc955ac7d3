package web

import "net/http"

const (
	// pagePolicy holds for every page: all that it needs comes from here, and nobody
	// frames it. Forms are sent by scripts alone, so that a password never ends up in
	// an address where a script did not load.
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

	// inboxPolicy lets the inbox frame the mails that it shows.
	inboxPolicy = pagePolicy + "; frame-src 'self'"

	// mailPolicy is for the HTML of a mail, which needs inline style as every mail
	// does and gets nothing else: no script, no origin, no form. A link in it may open
	// a window of its own, as it would in a mail program.
	mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

	// filePolicy makes a stored file inert, whatever it turns out to be.
	filePolicy = "default-src 'none'; sandbox"
)

// setSecurity sets what every answer has. A handler that needs something else sets
// it after.
func setSecurity(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address of /register carries a token
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
}
