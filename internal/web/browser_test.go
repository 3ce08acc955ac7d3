package web_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"flowxi.app/flowxi/internal/browsertest"
)

// tab is a page that is open in the browser, and the server that it talks to.
type tab struct {
	t      *testing.T
	ctx    context.Context
	site   site
	server *httptest.Server
	api    *fakeAPI
	faults func() []string // what the console of the page complained of
}

func openTab(t *testing.T, browser context.Context, path string) tab {
	t.Helper()
	return openAltered(t, browser, path, func(page string) string { return page })
}

// openAltered opens a page that somebody has changed on its way.
func openAltered(t *testing.T, browser context.Context, path string, change func(page string) string) tab {
	t.Helper()
	s := newSite(t)
	api := &fakeAPI{pages: altered(s.handler, change), answers: make(map[string]reply)}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	tabbed, closeTab := chromedp.NewContext(browser)
	t.Cleanup(func() { closeTab(); server.CloseClientConnections() })
	p := tab{t: t, ctx: tabbed, site: s, server: server, api: api}
	p.do(chromedp.EmulateViewport(320, 640)) // the narrowest that has to do
	p.faults = listenForFaults(t, tabbed)
	p.do(chromedp.Navigate(server.URL + path))
	return p
}

// altered changes the pages that are answered, and nothing else.
func altered(pages http.Handler, change func(page string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/dev/inbox/events") { // never ends
			pages.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		pages.ServeHTTP(answer, r)
		body := answer.Body.String()
		if strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			body = change(body)
			answer.Header().Del("Content-Length")
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, body)
	})
}

// listenForFaults collects errors of scripts and breaches of the policy. That an
// answer was no success is for the page to handle.
func listenForFaults(t *testing.T, tabbed context.Context) func() []string {
	t.Helper()
	var mu sync.Mutex
	var faults []string
	messages := chromedp.Console(tabbed)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			mu.Lock()
			if (m.Type == "error" || m.Type == chromedp.ConsoleException) && !strings.Contains(m.Text, "Failed to load resource") {
				faults = append(faults, m.Text)
			}
			mu.Unlock()
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(faults)
	}
}

func (p tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, browsertest.Patience)
	defer cancel()
	if len(steps) == 1 && p.faults == nil { // the first use of a tab binds its life to the context
		ctx = p.ctx
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// is waits until an expression holds in the page, be it another page by then.
func (p tab) is(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, browsertest.Patience)
	defer cancel()
	holds, err := false, error(nil)
	for ; !holds && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		holds, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
	}
	if !holds {
		p.t.Fatalf("it never holds that %s: %v\nthe page says: %s", expression, err, p.value("document.body.innerText"))
	}
}

// value is what an expression is in the page.
func (p tab) value(expression string) string {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// shows waits until an element is to be seen and has that text.
func (p tab) shows(id, text string) {
	p.t.Helper()
	at := "document.getElementById(" + quote(id) + ")"
	p.is(at + ".checkVisibility() && " + at + ".textContent.includes(" + quote(text) + ")")
}

// press types as a keyboard does, wherever the focus is.
func (p tab) press(keys string) { p.t.Helper(); p.do(chromedp.KeyEvent(keys)) }

func (p tab) focused(id string) { p.t.Helper(); p.is("document.activeElement.id === " + quote(id)) }

func (p tab) close() {
	p.t.Helper()
	p.is("document.documentElement.scrollWidth <= innerWidth")
	if faults := p.faults(); len(faults) > 0 {
		p.t.Errorf("the console complains: %q", faults)
	}
}

func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// requestID is that of every answer of a fakeAPI.
const requestID = "5eed5eed5eed5eed5eed5eed5eed5eed"

// fakeAPI answers as the API would, and remembers what it was asked.
type fakeAPI struct {
	pages   http.Handler
	answers map[string]reply

	mu    sync.Mutex
	calls []call
}

type reply struct {
	status     int
	retryAfter string
	usedUp     string // the seconds until its limit begins anew
	body       string
}

type call struct {
	path, locale, authorization string
	body                        map[string]string
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, isAPI := strings.CutPrefix(r.URL.Path, "/api/v1")
	if !isAPI {
		f.pages.ServeHTTP(w, r)
		return
	}
	c := call{path: path, locale: r.Header.Get("X-App-Locale"), authorization: r.Header.Get("Authorization")}
	if text, _ := io.ReadAll(r.Body); len(text) > 0 {
		_ = json.Unmarshal(text, &c.body)
	}
	f.mu.Lock()
	f.calls = append(f.calls, c)
	answer := f.answers[path]
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Request-Id", requestID)
	if answer.retryAfter != "" {
		w.Header().Set("Retry-After", answer.retryAfter)
	}
	if answer.usedUp != "" {
		w.Header().Set("RateLimit-Remaining", "0")
		w.Header().Set("RateLimit-Reset", answer.usedUp)
	}
	w.WriteHeader(max(answer.status, http.StatusOK))
	_, _ = io.WriteString(w, answer.body)
}

func (f *fakeAPI) will(path string, status int, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = reply{status: status, body: body}
}

func (f *fakeAPI) made() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *fakeAPI) refuseFor(path, seconds, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = reply{status: http.StatusTooManyRequests, retryAfter: seconds, body: body}
}

// useUp has a call do what it is for, and no other for a while.
func (f *fakeAPI) useUp(path, seconds, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = reply{status: http.StatusOK, usedUp: seconds, body: body}
}

func focus(id string) chromedp.Action[chromedp.Void] { return chromedp.Focus(chromedp.ID(id)) }

func reload() chromedp.Action[chromedp.Void] { return chromedp.Reload() }
