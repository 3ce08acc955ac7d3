package web_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"flowxi.app/flowxi/internal/browsertest"
)

// picturesFolder is where the pictures of the portal go, unless FLOWXI_PICTURES names
// another.
const picturesFolder = "../../dist/portal"

// injected is what tests put into pages from tools/axe, by path.
var injected = sync.OnceValues(func() (map[string]string, error) {
	if out, err := exec.Command("../../scripts/npm", "../../tools/axe").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("install tools/axe: %w: %s", err, out)
	}
	files := map[string]string{}
	for _, path := range []string{"axe-core/axe.min.js", "jsqr/dist/jsQR.js"} {
		text, err := os.ReadFile(filepath.Join("../../tools/axe/node_modules", path))
		if err != nil {
			return nil, err
		}
		files[path] = string(text)
	}
	return files, nil
})

// inject runs a script of tools/axe in the page, past its policy.
func (p tab) inject(path string) {
	p.t.Helper()
	files, err := injected()
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(evaluateOnly(files[path]))
}

// evaluateOnly runs a script whose value is of no interest.
func evaluateOnly(script string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{Expression: script})
		return chromedp.Void{}, err
	}
}

// inTheme has the page think that the person prefers light or dark, and no motion, so that
// colours are judged at rest.
func inTheme(theme string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return chromedp.Void{}, err
	}
}

// onEachPage runs a script before those of each page that is opened from now on.
func onEachPage(script string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	}
}

// The windows that everything has to fit into. A window of 1,280 pixels at 200 % is one of
// 640, at twice the scale.
var windows = []struct {
	name          string
	width, height int64
	scale         float64
	text          string // as large as that
	pictured      bool
}{
	{"narrowest", 320, 640, 1, "", false},
	{"zoomed", 640, 400, 2, "", false},
	{"narrowest with large text", 320, 640, 1, "200%", false},
	{"phone with large text", 390, 844, 1, "200%", false},
	{"phone", 390, 844, 1, "", true},
	{"desktop", 1280, 800, 1, "", true},
}

// rulesOf are what axe-core judges in each theme: everything once, and in the other what a
// theme can change.
var rulesOf = map[string]string{"light": `null`, "dark": `["color-contrast", "link-in-text-block"]`}

// look judges what is shown, in light and dark and in every window, and takes pictures.
func (p tab) look(name string) {
	p.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		p.do(inTheme(theme))
		p.accessible(name+" in "+theme, rulesOf[theme])
		for _, w := range windows {
			if theme == "dark" && !w.pictured {
				continue // the boxes are those of light
			}
			p.do(chromedp.EmulateViewport(w.width, w.height, chromedp.EmulateScale(w.scale)))
			p.value(fmt.Sprintf("document.documentElement.style.fontSize = %q", w.text))
			if !p.holds("document.documentElement.scrollWidth <= innerWidth") {
				p.t.Errorf("%s, %s: wider than the window, by %s", name, w.name, p.value(widest))
			}
			if w.pictured {
				p.picture(name + "-" + w.name + "-" + theme)
			}
		}
	}
	p.do(inTheme("light"))
}

// widest names what reaches farthest to the right.
const widest = `[...document.querySelectorAll("body *")].filter((e) => e.checkVisibility()).map((e) => [e.getBoundingClientRect().right, e.tagName + "#" + e.id + "." + e.className])
	.sort((a, b) => b[0] - a[0])[0].join(" ")`

// holds tells whether an expression holds in the page now.
func (p tab) holds(expression string) bool {
	p.t.Helper()
	return p.value("String(Boolean("+expression+"))") == strconv.FormatBool(true)
}

// accessible has axe-core look for breaches of WCAG 2.2 AA and of its own best practices, by
// the rules of that list or by all, with some that it leaves out by itself.
func (p tab) accessible(name, rules string) {
	p.t.Helper()
	judged, found := p.axe(rules)
	if judged == 0 || found != "" {
		p.t.Errorf("%s, by %d rules: %s", name, judged, found)
	}
}

func (p tab) axe(rules string) (judged int, found string) {
	p.t.Helper()
	if p.holds(`typeof axe === "undefined"`) {
		p.inject("axe-core/axe.min.js")
	}
	ctx, cancel := context.WithTimeout(p.ctx, browsertest.Patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[axeResult](`((only) => axe.run(document, {
		rules: only ? {} : Object.fromEntries(["target-size", "p-as-heading", "table-fake-caption", "td-has-header", "focus-order-semantics"].map((rule) => [rule, {enabled: true}])),
		...(only && {runOnly: only}),
	}))(`+rules+`).then((r) => ({judged: r.passes.length + r.violations.length,
		found: r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target + " " + n.failureSummary).join("; ")).join("\n")}))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatal(err)
	}
	return result.Judged, result.Found
}

type axeResult struct {
	Judged int
	Found  string
}

// picture keeps what the page looks like, from top to bottom, or what the window shows of it
// where a dialog lies over it.
func (p tab) picture(name string) {
	p.t.Helper()
	folder := os.Getenv("FLOWXI_PICTURES")
	if folder == "" {
		folder = picturesFolder
	}
	shot := chromedp.FullScreenshot(100)
	if p.holds(`document.querySelector("dialog[open]")`) {
		shot = chromedp.CaptureScreenshot()
	}
	png, err := chromedp.Run(p.ctx, shot)
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
