package web_test

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"flowxi.app/flowxi/internal/browsertest"
)

// TestReading opens the other pages in a browser, on the narrowest of screens.
func TestReading(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"every page fits and obeys its policy": fits,
		"code has tabs":                        hasTabs,
		"headings of languages become tabs":    hasTitledTabs,
		"the search finds by keyboard":         searches,
		"the search counts all that it finds":  countsAll,
		"a drawing shows that it is focused":   showsItsFocus,
		"the inbox is live":                    showsMails,
		"Swagger UI starts":                    starts,
	} {
		t.Run(name, func(t *testing.T) { test(t, browser) })
	}
}

func fits(t *testing.T, browser context.Context) {
	for _, path := range []string{"/", "/register", "/nowhere", "/docs", "/docs/api", "/docs/errors", "/docs/me", "/dev/inbox"} {
		p := openTab(t, browser, path)
		p.is(`document.readyState === "complete"`)
		p.close()
	}
}

// onlyShows tells whether all tabs of the page show blocks of that language.
func onlyShows(language string) string {
	return `[...document.querySelectorAll("[role=tabpanel]:not([hidden]) code")].every((c) => c.className === "language-` + language + `")`
}

func hasTabs(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/docs/login")
	defer p.close()
	p.is(`document.querySelectorAll("[role=tab]").length === 3`)
	p.is(onlyShows("sh"))
	p.is(`document.querySelector("[role=tab]").focus() === undefined`)
	p.press(kb.ArrowRight)
	p.is(onlyShows("js"))
	p.is(`document.activeElement.textContent === "JavaScript" && document.activeElement.getAttribute("aria-selected") === "true"`)
}

func hasTitledTabs(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/docs/call-login#go")
	defer p.close()
	p.is(`document.querySelectorAll("[role=tab]").length === 3`)
	p.is(onlyShows("go"))
	p.is(`location.hash = "#curl"`)
	p.is(onlyShows("sh"))
	p.is(`document.getElementById("curl").getBoundingClientRect().height <= 1`)
}

func searches(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/docs")
	defer p.close()
	p.searchesFor("strict privacy")
	p.shows("results", "Registration › Strict privacy")
	p.is(`query.getAttribute("aria-expanded") === "true" && query.getAttribute("aria-activedescendant") === "result-0"`)
	p.press(kb.Enter)
	p.is(`location.pathname === "/docs/registration" && location.hash === "#strict-privacy"`)
	p.searchesFor("strict privacy")
	p.shows("results", "Registration › Strict privacy")
	p.press(kb.Enter) // leads to a part of the page that is open
	p.is(`results.hidden && query.getAttribute("aria-expanded") === "false"`)
}

func (p tab) searchesFor(words string) {
	p.t.Helper()
	p.is(`!search.hidden`)
	p.do(focus("query"))
	p.press(words)
}

func countsAll(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/docs")
	defer p.close()
	p.searchesFor("a")
	p.is(`results.children.length === 12 && Number.parseInt(document.getElementById("count").textContent) > 12`)
}

func showsItsFocus(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/docs/overview")
	defer p.close()
	p.press(kb.Tab) // the keyboard is in use
	p.is(`document.querySelector(".prose p:has(> img)").focus() === undefined`)
	p.is(`document.activeElement.matches("p") && getComputedStyle(document.activeElement).outlineStyle === "solid"`)
}

func showsMails(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/dev/inbox")
	defer p.close()
	p.shows("state", "Live")
	p.shows("empty", "No mail yet.")
	p.site.send(1, "ada@example.org", "Hello Ada")
	p.shows("list", "Hello Ada")
	p.site.send(2, "grace@example.org", "<b>Hello</b> Grace")
	p.shows("list", "<b>Hello</b> Grace")
	p.do(focus("to"))
	p.press("grace@example.org")
	p.is(`list.children.length === 1`)
	p.press(kb.Tab + kb.Enter)
	p.shows("subject", "<b>Hello</b> Grace")
	p.shows("copy-code", "492017")
	p.is(`Object.defineProperty(navigator.clipboard, "writeText", { value: async (text) => { window.copied = text; } })`)
	p.is(`document.getElementById("to").select() === undefined && document.execCommand("insertText", false, "ada@example.org")`)
	p.is(`list.children.length === 1 && list.textContent.includes("Hello Ada")`)
	p.is(`document.getElementById("copy-code").click() === undefined`) // of the mail that stays open
	p.is(`window.copied === "492017" && document.getElementById("copied").textContent === "Copied."`)
	p.is(`document.getElementById("open-link").href.includes("/register?token=aaaa")`)
	p.is(`frame.sandbox.value === "allow-popups allow-popups-to-escape-sandbox" && frame.src.endsWith("02.html")`)
	p.is(`document.getElementById("tab-html").focus() === undefined`)
	p.press(kb.ArrowRight)
	p.shows("text", "Your code:")
	p.press(kb.ArrowRight)
	p.shows("source", "Subject:")
}

func starts(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/docs/try/")
	defer p.close()
	p.is(`document.querySelector(".opblock")`)
	p.is(`(window.nameless = 0) === 0 && new MutationObserver(() => {
		nameless += document.querySelectorAll(".parameters tbody tr:not([data-param-name])").length;
	}).observe(document.body, { childList: true, subtree: true }) === undefined`)
	p.is(`document.querySelector(".opblock-summary-control").click() === undefined`)
	p.is(`document.querySelector("tr[data-param-name=X-Request-Id] input") && nameless === 0`)
}
