// Package browsertest starts the browser that tests look through. Its one rule: it is a real
// one, that Debian ships, and a test fails where it is missing.
package browsertest

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Patience is what a step in the browser may take on a machine that does much else.
const Patience = 2 * time.Minute

// engine is the browser without the windows around it, for which two thirds of the time
// would go.
const engine = "/usr/bin/chromium-headless-shell"

// Start starts a browser with a profile of its own, and with more settings where they are
// given, and returns the context of its first tab. It ends with the test.
func Start(t testing.TB, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	if _, err := os.Stat(engine); err != nil {
		t.Fatalf("%s is missing: scripts/test says what the tests need and installs it", engine)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(engine), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(2 * Patience),
		chromedp.Flag("accept-lang", "en-US,en"),     // it asks for no language by itself
		chromedp.Flag("renderer-process-limit", "1"), // to start one takes longer than most pages do in it
	}
	for _, flag := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-dev-shm-usage",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	browser, quit := chromedp.NewContext(allocator)
	t.Cleanup(func() { _ = chromedp.Cancel(browser); quit(); stop() })
	if err := chromedp.Do(browser); err != nil { // the first use binds the browser's life to the context
		t.Fatalf("start the browser: %v", err)
	}
	return browser
}
