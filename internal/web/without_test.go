package web_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"flowxi.app/flowxi/internal/browsertest"
)

// TestWithoutJavaScript holds the pages to what the page of the documents says of browsers
// that run no script: they say so, and show nothing that would not work.
func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t, chromedp.Flag("blink-settings", "scriptEnabled=false"))
	for name, test := range map[string]func(*testing.T, context.Context){
		"the page of the link says so":   needsAScript,
		"the portal says so":             needsAScriptForAnAccount,
		"the inbox says so":              needsAScriptForMails,
		"the documents are read as ever": readsWithoutAScript,
		"the front page is read as ever": readsTheFrontPage,
	} {
		t.Run(name, func(t *testing.T) { test(t, browser) })
	}
}

// nothingToFillIn tells whether no field and no button is to be seen.
const nothingToFillIn = `[...document.querySelectorAll("form, input, button, textarea, select")].every((e) => !e.checkVisibility())`

func needsAScript(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.shows("without", "This page needs JavaScript")
	p.shows("without", "part of the page has not arrived: reload the page")
	p.is(`getComputedStyle(document.getElementById("without")).visibility === "visible"`)
	p.is(`document.getAnimations().length === 0`) // it is there at once
	p.is(nothingToFillIn)
	if calls := p.api.made(); len(calls) > 0 {
		t.Errorf("it asked for %v", calls)
	}
}

func needsAScriptForAnAccount(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/account?lang=en")
	defer p.close()
	p.shows("without", "This page needs JavaScript")
	p.shows("without", "part of the page has not arrived: reload the page")
	p.is(`document.getAnimations().length === 0`)
	p.is(nothingToFillIn)
}

func needsAScriptForMails(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/dev/inbox")
	defer p.close()
	p.is(`document.querySelector("noscript").checkVisibility() && document.body.innerText.includes("/dev/inbox.json")`)
	p.is(nothingToFillIn)
}

func readsWithoutAScript(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/docs/browsers")
	defer p.close()
	p.is(`document.querySelector("main h1").checkVisibility() && document.querySelectorAll("main td").length > 10`)
	p.is(nothingToFillIn)
}

func readsTheFrontPage(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/")
	defer p.close()
	p.is(`document.querySelector("h1").checkVisibility() && document.querySelector("a[href='/docs/welcome']") !== null`)
	p.is(nothingToFillIn)
}

// TestAScriptThatDoesNotRun stands for a browser too old for it: the page says the same.
func TestAScriptThatDoesNotRun(t *testing.T) {
	t.Parallel()
	p := openAltered(t, browsertest.Start(t), link+"&lang=fr", func(page string) string {
		return strings.Replace(page, "/assets/register.js", "/assets/icon.svg", 1)
	})
	p.shows("without", "Cette page a besoin de JavaScript")
	p.is(`getComputedStyle(document.getElementById("without")).visibility === "visible"`)
	p.is(nothingToFillIn)
}
