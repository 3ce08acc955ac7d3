package attack_test

import (
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
	"flowxi.app/flowxi/internal/config"
)

var readingsOfTraces = []attempt{
	{kind: reading, try: "the token of a link in the log, where its page was opened", defence: routesLogged, run: linkInLog},
	{kind: reading, try: "passwords, codes and tokens in the log, where an input is printed whole", defence: masks, run: inputsInLog},
	{kind: reading, try: "secrets and addresses in the metrics", defence: routesCounted, run: secretsInMetrics},
	{kind: reading, try: "metrics and profiles on the public port", defence: ownMux, run: profilesInPublic},
	{kind: reading, try: "a password in the answer to a broken request", defence: plainRefusals, run: echoes},
	{kind: reading, try: "a code in the subject of its mail, which a locked screen shows", defence: quietSubject, run: codeInSubject},
	{kind: reading, try: "the token of a link in what a browser tells the next site", defence: noReferrer, run: referrer},
}

var (
	routesLogged = canary.Stands("log of routes", canary.Place{
		File: "internal/api/middleware.go", Code: `slog.String("route", x.pattern)`,
		Without: `slog.String("route", ifGone($NAME, x.request.URL.String(), x.pattern))`,
	})

	// masks is that a secret prints as one, whoever prints it. Its canary has a careless
	// line as well.
	masks = canary.Stands("masks of secrets", canary.Place{
		File: "internal/account/account.go", Code: "func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(masked)) }",
		Without: "func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(ifGone($NAME, string(s), masked))) }",
	}, canary.Place{
		File: "internal/api/endpoint.go", Code: "return act(x, in)", Without: "if $GONE {\n\t\t\t\tx.Log.Info(\"called\", \"input\", in)\n\t\t\t}\n\t\t\t$CODE",
	})
	routesCounted = canary.Stands("count of routes", canary.Place{
		File: "internal/api/observe.go", Code: "Method: method, Route: x.pattern,",
		Without: "Method: method, Route: ifGone($NAME, x.request.URL.String(), x.pattern),",
	}, canary.Place{
		File: "internal/metrics/requests.go", Code: "counts, known := r.routes[routeKey{a.Method, a.Route}]\n\tif !known {",
		Without: "counts, known := r.routes[routeKey{a.Method, a.Route}]\n\tif $GONE && !known {\n\t\tcounts = r.curry(routeKey{a.Method, a.Route})\n\t} else if !known {",
	})
	ownMux = canary.Stands("a mux of the public port", canary.Place{
		File: "internal/node/serve.go", Code: "n.handler.ServeHTTP(w, r)",
		Without: "if _, pattern := http.DefaultServeMux.Handler(r); $GONE && pattern != \"\" {\n\t\thttp.DefaultServeMux.ServeHTTP(w, r)\n\t\treturn\n\t}\n\t$CODE",
	})
	plainRefusals = canary.Stands("refusals in words of our own", canary.Place{
		File: bodySource, Code: "return nil, account.ErrMalformedRequest\n\t}\n\treturn members",
		Without: "if $GONE {\n\t\t\treturn nil, account.Invalid{{Field: string(body), Rule: \"string\"}}\n\t\t}\n\t\t$CODE",
	})
	quietSubject = canary.Stands("subject of a mail", canary.Place{
		File: "internal/mail/render.go", Code: "Subject: v.Subject,", Without: "Subject: ifGone($NAME, v.Subject+\" \"+v.Code, v.Subject),",
	})
	noReferrer = canary.Stands("no referrer", canary.Place{
		File: "internal/header/header.go", Code: `{"no-referrer"}`, Without: `{ifGone($NAME, "unsafe-url", "no-referrer")}`,
	})
)

// observed is a server with a listener for operators, on any port.
var observed = authtest.WithConfig(func(c *config.Config) { c.OpsAddr, c.DrainDelay = "127.0.0.1:0", 0 })

func linkInLog(t *testing.T, w *world) {
	own, log := logged(t, w)
	life{link: own.openLink(t)}.expectNone(t, "the log", log.String())
}

func inputsInLog(t *testing.T, w *world) {
	own, log := logged(t, w)
	l := live(t, own)
	l.expectNone(t, "the log", log.String())
	if strings.Contains(log.String(), l.email) {
		t.Error("the log holds an address")
	}
}

func secretsInMetrics(t *testing.T, w *world) {
	own, log := logged(t, w, observed)
	l := live(t, own)
	for range 2 { // nodes
		own.stranger(t).Send("GET", "/x?email="+l.email+"&password="+l.password[:8], nil)
	}
	metrics := string(own.stranger(t).Send("GET", log.operators(t)+"/metrics", nil).Body)
	l.expectNone(t, "the page of metrics", metrics)
	if strings.Contains(metrics, l.email) || strings.Contains(metrics, l.password[:8]) {
		t.Error("the page of metrics holds what stood in an address")
	}
}

func profilesInPublic(t *testing.T, w *world) {
	own, _ := logged(t, w, observed)
	for _, path := range []string{
		"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/pprof/symbol", "/debug/vars",
		"/metrics", "/livez", "/readyz", "/api/v1/metrics", "/api/debug/pprof/",
	} {
		own.stranger(t).Send("GET", path, nil).Expect(404, "NOT_FOUND")
	}
}

func echoes(t *testing.T, w *world) {
	c := w.stranger(t)
	l := life{password: "a canary sings 6 in an error"}
	login := authtest.LoginFields(w.email(), "phone").With("password", l.password)
	for _, body := range []string{
		encoded(login) + "}", encoded([]any{login}), encoded(login.With("email", l.password).With("device_id", "")),
		encoded(login.With("password", []string{l.password})), encoded(login.With("country", l.password).With("device_type", l.password+l.password)),
	} {
		a := c.Post("/auth/login", body)
		if a.Status < 400 || strings.Contains(a.String()[strings.Index(a.String(), "--- answer"):], l.password) {
			a.Fail("the answer repeats what was sent")
		}
	}
}

func codeInSubject(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	if m := c.Mail(email, 1); strings.Contains(m.Subject, code) || !strings.Contains(m.Text, code) {
		t.Errorf("the subject is %q", m.Subject)
	}
}

func referrer(t *testing.T, w *world) {
	page := w.stranger(t).Send("GET", "/register?token=x&email=y", nil)
	page.ExpectHeader("Referrer-Policy", "no-referrer")
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		page.Fail("the page may load what is not of this server: %s", policy)
	}
}
