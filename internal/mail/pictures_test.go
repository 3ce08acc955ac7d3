package mail_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/browsertest"
	"flowxi.app/flowxi/internal/locale"
)

// pictures is where mails are kept to be looked at.
const pictures = "../../dist/mails"

// TestMailsAsAPersonGetsThem shows every mail in a browser without images, on a phone and on
// a desktop, in the light and in the dark, and keeps the pictures and parts in dist/mails.
func TestMailsAsAPersonGetsThem(t *testing.T) {
	t.Parallel()
	v := openViewer(t)
	for _, l := range newCatalog(t).Supported() {
		for _, kind := range kinds {
			name := string(l) + "-" + string(kind)
			r := render(t, kind, l, sample(kind))
			keep(t, name+".txt", []byte(r.Text))
			keep(t, name+".html", []byte(r.HTML))
			v.put("/"+name, r.HTML)
			v.put("/"+name+"/undarkened", undarkened(r.HTML))
			v.put("/"+name+"/text", page("text", "<pre>"+html.EscapeString(r.Text)+"</pre>"))
			v.look(t, name, kind)
		}
	}
	if strangers := v.strangers(); len(strangers) > 0 {
		t.Errorf("the mails asked for %q", strangers)
	}
}

// sizes are those of windows that are looked at, and the name of their picture if there is
// one.
var sizes = []struct {
	width, height int64
	scale         float64
	picture       string
}{
	{320, 640, 1, ""},
	{375, 812, 2, "phone"},
	{800, 600, 1, ""},
	{1280, 900, 1, "desktop"},
}

// look opens a mail in all windows.
func (v *viewer) look(t *testing.T, name string, kind account.MailKind) {
	t.Helper()
	v.open(t, "/"+name)
	for _, size := range sizes {
		v.do(t, chromedp.EmulateViewport(size.width, size.height, chromedp.EmulateScale(size.scale)))
		for _, scheme := range []string{"light", "dark"} {
			v.scheme(t, scheme)
			where := fmt.Sprintf("%s, %d px, %s", name, size.width, scheme)
			v.fits(t, where, kind)
			legible(t, where, value[[]ink](t, v, inks))
			if size.picture != "" {
				v.shoot(t, strings.Join([]string{name, size.picture, scheme}, "-"))
			}
		}
	}
	v.scheme(t, "light")
	v.means(t, name, kind)
	for way, darken := range darkenings {
		legible(t, name+", darkened by a client that "+way, darkened(value[[]ink](t, v, inks), darken))
	}
	v.do(t, chromedp.EmulateViewport(375, 812, chromedp.EmulateScale(2)))
	v.open(t, "/"+name+"/text")
	v.shoot(t, name+"-text")
	v.forceDark(t, true)
	v.open(t, "/"+name+"/undarkened")
	v.shoot(t, name+"-phone-forced")
	v.forceDark(t, false)
}

// fits demands that nothing is cut off or too small for a thumb, and that lines are not
// too long to read.
func (v *viewer) fits(t *testing.T, where string, kind account.MailKind) {
	t.Helper()
	got := value[struct {
		Overflow, Card, Code, Lines, Button float64
		Smallest                            float64
	}](t, v, `(() => {
		const box = e => e ? e.getBoundingClientRect() : new DOMRect()
		const code = document.querySelector('.code'), card = box(document.querySelector('.card'))
		const inside = code ? document.createRange() : null
		inside?.selectNodeContents(code)
		return {
			overflow: Math.max(0, ...[...document.querySelectorAll('body *')].map(e => box(e).right - innerWidth)),
			card: card.width,
			code: inside ? inside.getBoundingClientRect().width / box(code.parentElement).width : 0,
			lines: inside ? inside.getBoundingClientRect().height / parseFloat(getComputedStyle(code).fontSize) : 0,
			button: box(document.querySelector('.button a')).height,
			smallest: Math.min(...[...document.querySelectorAll('h1, h2, p')].map(e => parseFloat(getComputedStyle(e).fontSize))),
		}
	})()`)
	switch {
	case got.Overflow > 0.5:
		t.Errorf("%s: something is %.0f px out of the window", where, got.Overflow)
	case got.Card > 600.5:
		t.Errorf("%s: it is %.0f px wide", where, got.Card)
	case got.Smallest < 13:
		t.Errorf("%s: some text is %.0f px high", where, got.Smallest)
	case kind == account.MailRegistrationCode && (got.Code < 0.3 || got.Code > 1 || got.Lines > 2):
		t.Errorf("%s: the code takes %.2f of its box, in %.1f lines", where, got.Code, got.Lines)
	case kind == account.MailRegistrationLink && got.Button < 44:
		t.Errorf("%s: the button is %.0f px high", where, got.Button)
	}
}

// means demands what a screen reader goes by, and that the code can be picked up in one
// piece.
func (v *viewer) means(t *testing.T, name string, kind account.MailKind) {
	t.Helper()
	got := value[struct {
		Title, Lang, Dir, Copied, Levels string
		Unnamed, Shown                   []string
	}](t, v, `(() => {
		const code = document.querySelector('.code')
		if (code) getSelection().selectAllChildren(code)
		return {
			title: document.title, lang: document.documentElement.lang, dir: document.documentElement.dir,
			copied: code ? getSelection().toString() : '',
			levels: [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(e => e.tagName[1]).join(''),
			unnamed: [...document.querySelectorAll('table:not([role=presentation]), a:empty, img:not([alt])')].map(e => e.outerHTML),
			shown: [...document.querySelectorAll('.preheader')].filter(e => e.checkVisibility()).map(e => e.outerHTML),
		}
	})()`)
	if l, _, _ := strings.Cut(name, "-"); got.Title == "" || got.Lang != l || got.Dir != locale.Direction(account.Locale(l)) {
		t.Errorf("%s: it is called %q, in %q, %q", name, got.Title, got.Lang, got.Dir)
	}
	if strings.Trim(got.Levels, "12") != "" || strings.Count(got.Levels, "1") != 1 || got.Levels[0] != '1' {
		t.Errorf("%s: its headings are of the levels %s", name, got.Levels)
	}
	if len(got.Unnamed)+len(got.Shown) > 0 {
		t.Errorf("%s: it has %q, %q", name, got.Unnamed, got.Shown)
	}
	if kind == account.MailRegistrationCode && got.Copied != "012345" {
		t.Errorf("%s: who copies the code gets %q", name, got.Copied)
	}
}

// undarkened is a mail as clients show it that strip its dark colours and then darken it
// themselves.
func undarkened(mail string) string {
	return strings.NewReplacer("prefers-color-scheme: dark", "width: 0", "light dark", "light").Replace(mail)
}

func page(title, body string) string {
	return `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>` + title +
		`</title><style>pre { font: 13px/1.5 monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 16px; }</style>` + body
}

func keep(t *testing.T, name string, what []byte) {
	t.Helper()
	err := os.MkdirAll(pictures, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(pictures, name), what, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// viewer is a tab of a browser, and the server that it gets mails from.
type viewer struct {
	ctx context.Context
	url string

	mu    sync.Mutex
	mails map[string]string
	asked []string // what is no mail
}

func openViewer(t *testing.T) *viewer {
	t.Helper()
	v := &viewer{mails: map[string]string{}}
	server := httptest.NewServer(v)
	v.url = server.URL
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	v.ctx = browsertest.Start(t, chromedp.Flag("blink-settings", "imagesEnabled=false"), chromedp.Flag("hide-scrollbars", true))
	return v
}

// ServeHTTP implements http.Handler.
func (v *viewer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	body, ok := v.mails[r.URL.Path]
	if !ok {
		if r.URL.Path != "/favicon.ico" { // which the browser asks for by itself
			v.asked = append(v.asked, r.URL.Path)
		}
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(body))
}

func (v *viewer) put(path, body string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.mails[path] = body
}

func (v *viewer) strangers() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked
}

func (v *viewer) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, browsertest.Patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func (v *viewer) open(t *testing.T, path string) {
	t.Helper()
	v.do(t, chromedp.Navigate(v.url+path))
}

func (v *viewer) scheme(t *testing.T, scheme string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, browsertest.Patience)
	defer cancel()
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// forceDark has the browser darken what has no dark colours.
func (v *viewer) forceDark(t *testing.T, on bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, browsertest.Patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, emulation.SetAutoDarkModeOverride, emulation.SetAutoDarkModeOverrideParams{Enabled: &on}); err != nil {
		t.Fatal(err)
	}
}

// shoot keeps a picture of the whole page.
func (v *viewer) shoot(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, browsertest.Patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	keep(t, name+".png", picture)
}

// value is what an expression is in the page.
func value[T any](t *testing.T, v *viewer, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, browsertest.Patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return got
}
