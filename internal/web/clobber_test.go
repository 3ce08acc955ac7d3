package web_test

import (
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/browsertest"
)

// TestEveryScriptFindsElementsAlike holds the copies of $ to each other.
func TestEveryScriptFindsElementsAlike(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("assets/*.js")
	if err != nil {
		t.Fatal(err)
	}
	finders := map[string]bool{}
	for _, path := range paths {
		script, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := strings.Cut(string(script), "  const $ =")
		if finder, _, ends := strings.Cut(rest, "\n  };\n"); found && ends {
			finders[finder] = true
		} else if strings.Contains(string(script), "$(") {
			t.Errorf("the $ of %s cannot be read here", path)
		}
	}
	if len(finders) != 1 {
		t.Errorf("there are %d kinds of $: %q", len(finders), slices.Collect(maps.Keys(finders)))
	}
}

// TestElementsOfOthersSteerNoScript puts elements into the page that are called like what
// its script uses. With the names of globals and of its own variables it works as ever; in
// the place of its own elements it stops before anything can be typed or sent.
func TestElementsOfOthersSteerNoScript(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, put := range map[string]string{
		"names of the script": `<a id="texts" href="//x.test"></a><a id="link" name="lang"></a><form id="kinds"><input name="get"></form><img name="send">`,
		"names of the window": `<a id="fetch" href="//x.test"></a><a id="CSS"></a><form id="URLSearchParams"></form><a id="location" href="//x.test"></a>`,
	} {
		t.Run("harmless: "+name, func(t *testing.T) { staysItself(t, browser, put) })
	}
	for name, change := range map[string][2]string{
		"a password before that of the page": {`<main `, `<input id="password" value="of a stranger"><main `},
		"another form":                       {`<main `, `<form id="form" action="//x.test"></form><main `},
		"no field where the password is":     {`<input id="password"`, `<a id="password" href="//x.test"></a><input`},
		"no form where the form is":          {`<form id="form"`, `<form name="form"><object id="form"></object></form><form`},
		"a method of the form":               {`<form id="form" method="post" novalidate>`, `<form id="form" method="post" novalidate><input name="addEventListener">`},
		"a method of the document":           {`<main `, `<img name="querySelectorAll"><main `},
	} {
		t.Run("refused: "+name, func(t *testing.T) { stops(t, browser, link+"&lang=en", change[0], change[1]) })
	}
}

// TestElementsOfOthersSteerNoPortal has elements of others in the place of those of the
// portal: it stops before any form is shown.
func TestElementsOfOthersSteerNoPortal(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, put := range map[string]string{
		"another form":                   `<form id="login-form" action="//x.test"></form>`,
		"no dialog where the dialog is":  `<a id="crop" href="//x.test"></a>`,
		"another place for the messages": `<p id="announcer"></p><main id="page"></main>`,
	} {
		t.Run(name, func(t *testing.T) { stops(t, browser, "/account?lang=en", "<main ", put+"<main ") })
	}
}

func staysItself(t *testing.T, browser context.Context, put string) {
	p := openAltered(t, browser, link+"&lang=en", func(page string) string {
		return strings.Replace(page, "<main ", put+"<main ", 1)
	})
	defer p.close()
	p.api.will(finish, http.StatusOK, issued)
	p.shows("who", email)
	p.choose(password, password)
	p.shows("done-title", "Your account is ready")
	if c := p.api.made()[0]; c.path != finish || c.locale != "en" || c.body["token"] != token || c.body["password"] != password {
		t.Errorf("it sent %v", c)
	}
}

func stops(t *testing.T, browser context.Context, path, was, put string) {
	p := openAltered(t, browser, path, func(page string) string {
		changed := strings.Replace(page, was, put, 1)
		if changed == page {
			t.Errorf("the page has no %s", was)
		}
		return changed
	})
	p.is(`document.readyState === "complete"`) // and so the script has run
	for range 100 {
		if len(p.faults()) > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !slices.ContainsFunc(p.faults(), func(fault string) bool { return strings.Contains(fault, "TypeError") }) {
		t.Errorf("the script goes on, and says %q", p.faults())
	}
	p.is(`[...document.getElementsByTagName("section")].every((s) => s.checkVisibility() === (s.id === "without"))`)
	if calls := p.api.made(); len(calls) > 0 {
		t.Errorf("it asked for %v", calls)
	}
}
