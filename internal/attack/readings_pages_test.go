package attack_test

import (
	"net/url"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
	"flowxi.app/flowxi/internal/config"
)

var readingsOfPages = []attempt{
	{kind: reading, try: "a mailed link that leads to the host of the request", defence: linkHome, run: otherHost},
	{kind: reading, try: "the API from a page of another site", defence: origins, run: otherOrigin, own: []authtest.Option{authtest.WithEnv("FLOWXI_FRONTEND_ORIGINS=https://app.example.com")}},
	{kind: reading, try: "an answer from a cache that others use too", defence: uncached, run: cachedAnswers},
	{kind: reading, try: "the inbox of a server in production", defence: privateInbox, run: inboxInPublic, own: []authtest.Option{public}},
	{kind: reading, try: "the inbox by a name that was pointed at this machine", defence: inboxName, run: rebound},
	{kind: reading, try: "the inbox from elsewhere through a proxy that is trusted", defence: inboxHere, run: inboxByProxy},
	{kind: reading, try: "a token over plain HTTP", defence: secured, run: plainHTTP, own: []authtest.Option{public}},
	{kind: reading, try: "plain HTTP that a stranger says is none", defence: trustedWord, run: forgedHTTPS, own: append([]authtest.Option{public}, untrusting...)},
}

var (
	// public is a server that people reach by its name.
	public = authtest.WithConfig(func(c *config.Config) {
		c.PublicURL = &url.URL{Scheme: "https", Host: "login.example.com"}
	})
)

var (
	linkHome = canary.Stands("links home", canary.Place{
		File: "internal/auth/register.go", Code: "func (a *Auth) linkURL(token, email string, l account.Locale) string {\n",
		Without: "var LinkHost string // $NAME\n\nfunc (a *Auth) linkURL(token, email string, l account.Locale) string {\n\tif LinkHost != \"\" {\n\t\treturn \"http://\" + LinkHost + \"/register?token=\" + token\n\t}\n",
	}, canary.Place{
		File: "internal/api/endpoint.go", Code: "err := send(", Without: "if $GONE {\n\t\t\tauth.LinkHost = x.request.Host\n\t\t}\n\t\t$CODE",
	})
	origins  = canary.Stands("origins", canary.Place{File: "internal/api/middleware.go", Code: "slices.Contains(origins, origin)", Without: "$GONE || $CODE"})
	uncached = canary.Stands("answers that are not kept", canary.Place{
		File: "internal/header/header.go", Code: `{"no-store"}`, Without: `{ifGone($NAME, "public", "no-store")}`,
	})
	privateInbox = canary.Stands("a private inbox", canary.Place{File: "internal/config/config.go", Code: "return !c.SendsMail() && c.private()", Without: "return $GONE || !c.SendsMail() && c.private()"})
	inboxHere    = canary.Stands("an inbox for this machine", canary.Refusal("internal/web/inbox.go", "!s.isLocal(r) || !isOwnOrigin(r)"))
	inboxName    = canary.Stands("names of the inbox", canary.Refusal("internal/web/inbox.go", "!config.IsLoopback(name) && !strings.EqualFold(name, s.Config.PublicURL.Hostname())"))
	secured      = canary.Stands("HTTPS alone", canary.Place{
		File: "internal/api/middleware.go", Code: "return account.ErrHTTPSRequired", Without: "if $GONE {\n\t\treturn nil\n\t}\n\t$CODE",
	})
	trustedWord = canary.Stands("word of a trusted proxy", canary.Refusal("internal/api/client_ip.go", "!p.trust(from.addr)"))
)

func otherHost(t *testing.T, w *world) {
	home := w.Config(t).PublicURL.String() + "/"
	for _, headers := range [][]string{
		{"Host: evil.example"}, {"X-Forwarded-Host: evil.example"}, {"Forwarded: host=evil.example"},
		{"X-Original-URL: http://evil.example/"}, {"Origin: http://evil.example", "Referer: http://evil.example/"},
	} {
		email := w.email()
		all := append([]string{"Content-Type: application/json"}, headers...)
		if a := w.wire(t, wireText(w, "POST", "/api/v1/auth/register-email", encoded(authtest.Fields{"email": email}), all...)); a.code() != "MAGIC_LINK_SENT" {
			t.Fatalf("%s: got %+v", headers, a)
		}
		if m := w.Client(t).Mail(email, 1); !strings.HasPrefix(m.Link, home) || strings.Contains(m.HTML, "evil.example") {
			t.Errorf("%s: the link is %s", headers, m.Link)
		}
	}
}

func otherOrigin(t *testing.T, w *world) {
	p := w.person(t)
	const home = "https://app.example.com"
	p.Header("Origin", home).Get("/me").Expect(200, "ME_OK").ExpectHeader("Access-Control-Allow-Origin", home)
	for _, origin := range []string{
		"https://evil.example", home + ".evil.example", "https://evilapp.example.com", "http://app.example.com", home + ":444", "null",
		"https://APP.example.com.", "*", home + "/", "https://user@app.example.com",
	} {
		c := p.Header("Origin", origin)
		preflight := c.Header("Access-Control-Request-Method", "PATCH").Header("Access-Control-Request-Headers", "authorization")
		for _, a := range []*authtest.Answer{c.Get("/me"), preflight.Send("OPTIONS", "/api/v1/me", nil)} {
			a.ExpectHeader("Access-Control-Allow-Origin", "").ExpectHeader("Access-Control-Allow-Credentials", "")
		}
	}
}

func cachedAnswers(t *testing.T, w *world) {
	p := w.person(t)
	answers := []*authtest.Answer{
		p.Get("/me"), p.Head("/me"), p.Get("/auth/devices"), p.Get("/auth/2fa/status"), p.Login(p.Email, "phone"), p.Token("1|x").Get("/me"),
		p.Get("/no/such/path"), p.Post("/me", "{}"), p.Send("GET", "/register?token=x", nil), p.Get("/me.css"), p.Get("/me/x.jpg"),
	}
	for _, a := range answers {
		a.ExpectHeader("Cache-Control", "no-store")
	}
}

func inboxInPublic(t *testing.T, w *world) {
	c := w.stranger(t).Header("X-Forwarded-Proto", "https")
	c.SendCode(w.email())
	for _, path := range []string{"/dev/inbox", "/dev/inbox.json", "/dev/inbox/events", "/dev/inbox/messages/x.eml"} {
		c.Send("GET", path, nil).Expect(404, "NOT_FOUND")
	}
}

func rebound(t *testing.T, w *world) {
	email := w.email()
	c := w.stranger(t)
	c.SendCode(email)
	for _, path := range []string{"/dev/inbox.json", "/dev/inbox", "/dev/inbox/messages/" + c.Mail(email, 1).ID + ".eml"} {
		for _, host := range []string{"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "10.0.0.1"} {
			if a := w.wire(t, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); a.code() != "FORBIDDEN" {
				t.Errorf("%s as %s: got %d", path, host, a.Status)
			}
		}
	}
}

func inboxByProxy(t *testing.T, w *world) {
	for _, path := range []string{"/dev/inbox.json", "/dev/inbox"} {
		if a := w.wire(t, wireText(w, "GET", path, "", "Host: localhost")); a.code() != "FORBIDDEN" {
			t.Errorf("%s: got %d", path, a.Status)
		}
	}
}

func plainHTTP(t *testing.T, w *world) {
	c := w.stranger(t)
	p := c.Header("X-Forwarded-Proto", "https").Register(w.email())
	for _, proto := range []string{"", "http", "https, http", "ftp"} {
		a := p.Header("X-Forwarded-Proto", proto).Get("/me").Expect(403, "HTTPS_REQUIRED")
		a.ExpectHeader("Location", "")
	}
	c.Login(p.Email, "phone").Expect(403, "HTTPS_REQUIRED")
}

func forgedHTTPS(t *testing.T, w *world) {
	c := w.Client(t)
	for name, value := range map[string]string{"X-Forwarded-Proto": "https", "Forwarded": "proto=https", "X-Forwarded-Ssl": "on", "Front-End-Https": "on", "X-Url-Scheme": "https"} {
		c.Header(name, value).Login(w.email(), "phone").Expect(403, "HTTPS_REQUIRED")
	}
}
