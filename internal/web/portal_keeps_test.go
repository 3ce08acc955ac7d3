package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"flowxi.app/flowxi/internal/authtest"
)

// keepsADraft has somebody go elsewhere, reload the page, change its language and leave it
// before they save.
func keepsADraft(t *testing.T, v visitor) {
	const email = "draft@example.org"
	p := v.register(t, email, "/account?lang=en")
	p.isAt("profile")
	p.fill("profile-first-name", "Ada")
	p.goes("devices")
	p.goes("profile")
	p.hasADraft("en")
	p.goes("security")
	p.is(`history.back() === undefined`)
	p.isAt("profile")
	p.hasADraft("en")
	p.do(chromedp.Reload())
	p.isAt("profile")
	p.hasADraft("en")
	p.is(`!JSON.stringify({...sessionStorage, ...localStorage}).includes("Ada")`)
	p.goes("devices")
	p.do(chromedp.Reload())
	p.isAt("devices")
	p.changesTo("fr")
	p.isAt("devices")
	p.goes("profile")
	p.hasADraft("fr")
	p.do(chromedp.Navigate("about:blank"))
	p.do(chromedp.Navigate(v.srv.URL + "/account"))
	p.isAt("profile")
	p.hasADraft("fr")
	p.do(focus("profile-first-name"))
	p.press(kb.Enter)
	p.shows("me-name", "Ada")
	p.is(`document.getElementById("profile-form-problem").hidden`)
	p.do(chromedp.Reload())
	p.isAt("profile")
	p.is(`document.getElementById("profile-form-problem").hidden && document.getElementById("profile-first-name").value === "Ada"`)
	p.ends()
}

func (p tab) hasADraft(lang string) {
	p.t.Helper()
	p.shows("profile-form-problem", words(p.t, lang)("page.account.profile.unsaved"))
	p.is(`document.getElementById("profile-first-name").value === "Ada"`)
}

// forgetsADraft has people log out before they save, here, by the list of devices and in
// another tab, and once the session of who typed end.
func forgetsADraft(t *testing.T, v visitor) {
	const email, another = "no.draft@example.org", "next.draft@example.org"
	v.srv.Client(t).Register(another)
	p := v.register(t, email, "/account?lang=en")
	nothing := `document.getElementById("profile-first-name").value === "" && document.getElementById("profile-form-problem").hidden && !JSON.stringify({...sessionStorage}).includes("Ada")`
	types := func() {
		t.Helper()
		p.isAt("profile")
		p.is(nothing)
		p.fill("profile-first-name", "Ada")
		p.goes("devices")
		p.do(chromedp.Reload())
		p.isAt("devices")
	}
	types()
	p.click("leave")
	p.logsIn(email, authtest.Password)
	types()
	p.is(`document.querySelector("#devices-list button").click() === undefined`)
	p.logsIn(email, authtest.Password)
	types()
	other := v.opens(t, "/account?lang=en", sameBrowser(t, p))
	other.isAt("profile")
	other.click("leave")
	p.logsIn(email, authtest.Password)
	types()
	token := p.value(`sessionStorage.getItem("flowxi.token")`)
	v.srv.Client(t).Token(token).Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	p.is(`document.querySelector("#nav a[href='#/profile']").click() === undefined`)
	p.logsIn(another, authtest.Password) // who is somebody else
	p.isAt("profile")
	p.is(nothing)
	p.click("leave")
	p.logsIn(email, authtest.Password)
	p.isAt("profile")
	p.is(nothing)
	p.ends()
	other.ends()
}

// countsOn reloads the page and changes its language while a button waits.
func countsOn(t *testing.T, v visitor) {
	p := v.atCode(t, "counts.on@example.org")
	p.shows("code-again", "Send again in ")
	p.do(chromedp.Reload())
	p.isAt("code")
	p.waits("code-again", "Send again in ")
	p.changesTo("fr")
	p.isAt("code")
	p.waits("code-again", "Nouvel envoi dans ")
	p.ends()
}

// waits holds a button to count, by its id.
func (p tab) waits(id, label string) {
	p.t.Helper()
	p.is(`document.getElementById(` + quote(id) + `).textContent.startsWith(` + quote(label) + `) && document.getElementById(` + quote(id) + `).getAttribute("aria-disabled") === "true"`)
}

// countsForNobodyElse has a button that stands over the page wait for one person, and another
// log in.
func countsForNobodyElse(t *testing.T, v visitor) {
	const another = "waits.not@example.org"
	v.srv.Client(t).Register(another)
	p := v.register(t, "waits.here@example.org", "/account?lang=en")
	p.isAt("profile")
	p.is(`sessionStorage.setItem("flowxi.rests", JSON.stringify({"crop-save": Date.now() + 600_000})) === undefined`)
	p.do(chromedp.Reload())
	p.isAt("profile")
	label := `document.getElementById("crop-save").textContent`
	p.is(label + `.startsWith("Try again in ")`)
	p.click("leave")
	p.logsIn(another, authtest.Password)
	p.isAt("profile")
	p.is(label + ` === ` + quote(words(t, "en")("page.account.crop.save")) + ` && !document.getElementById("crop-save").hasAttribute("aria-disabled")`)
	p.ends()
}

// countsByAddress types another address where one has to wait, and takes it back.
func countsByAddress(t *testing.T, v visitor) {
	const email = "by.address@example.org"
	const submit = `document.querySelector("#login-form [type=submit]")`
	waits := submit + `.textContent.startsWith("Try again in ") && ` + submit + `.getAttribute("aria-disabled") === "true"`
	p := v.visits(t, "/account?lang=en")
	for range 5 {
		p.logsIn(email, "wrong password")
		p.is(submit + `.getAttribute("aria-disabled") === null && document.getElementById("login-password-error").checkVisibility()`)
	}
	p.logsIn(email, "wrong password")
	p.shows("login-form-problem", words(t, "en")("code.TOO_MANY_REQUESTS"))
	p.is(waits)
	p.fill("login-email", "another.address@example.org")
	p.is(submit + `.getAttribute("aria-disabled") === null && document.getElementById("login-form-problem").hidden`)
	p.fill("login-email", email)
	p.is(waits)
	p.is(`document.querySelector("#login-form .toggle").textContent === ` + quote(words(t, "en")("page.account.show")))
	p.changesTo("fr")
	p.isAt("login")
	p.is(submit + `.textContent.startsWith("Réessayez dans ")`)
	p.do(chromedp.Reload())
	p.isAt("login")
	p.is(submit + `.getAttribute("aria-disabled") === null`) // nobody has said who they are
	p.fill("login-email", email)
	p.is(submit + `.textContent.startsWith("Réessayez dans ")`)
	p.ends()
}

// sendsAgainByAddress asks for a new code in a tab that does not know whose it is, for one
// address and then for another.
func sendsAgainByAddress(t *testing.T, v visitor) {
	p := v.visits(t, "/account?lang=en#/code")
	p.isAt("code")
	rests := `document.getElementById("code-again").getAttribute("aria-disabled") === "true"`
	p.fill("code-email", "first.address@example.org")
	p.click("code-again")
	p.waits("code-again", "Send again in ")
	p.shows("code-sent", words(t, "en")("page.account.code.sent"))
	p.fill("code-email", "second.address@example.org")
	p.is(`document.getElementById("code-sent").hidden`)
	p.is(`!(` + rests + `) && document.getElementById("code-again").textContent === ` + quote(words(t, "en")("page.account.code.again")))
	p.fill("code-email", "first.address@example.org")
	p.is(rests)
	p.changesTo("fr")
	p.isAt("code")
	p.waits("code-again", "Nouvel envoi dans ")
	p.is(`document.querySelector("#code a[href='#/login']").click() === undefined`)
	p.isAt("login")
	p.is(`document.getElementById("login-email").value === "first.address@example.org"`)
	p.ends()
}

// goesOnToSetUp reloads the page and changes its language while somebody sets up an app,
// which ends when they cancel it or go elsewhere.
func goesOnToSetUp(t *testing.T, v visitor) {
	v = v.alone(t)
	p := v.register(t, "sets.up@example.org", "/account?lang=en#/security")
	p.isAt("security")
	p.click("twofa-begin")
	p.focused("setup-title")
	secret := p.value(`document.getElementById("secret").textContent`)
	p.is(`Object.defineProperty(navigator.clipboard, "writeText", { value: () => Promise.reject(new DOMException("no", "NotAllowedError")) })`)
	p.click("secret-copy")
	p.is(`String(getSelection()) === ` + quote(secret) + ` && [document.getElementById("secret-copy"), announcer].every((e) => e.textContent === ` + quote(words(t, "en")("page.account.setup.selected")) + `)`)
	shows := `document.getElementById("twofa-setup").checkVisibility() && document.querySelector("#qr svg") && document.getElementById("secret").textContent === ` + quote(secret)
	p.do(chromedp.Reload())
	p.isAt("security")
	p.is(shows)
	p.changesTo("fr")
	p.isAt("security")
	p.is(shows)
	p.is(`!JSON.stringify({...sessionStorage, ...localStorage}).includes(` + quote(secret[:4]) + `)`)
	begins := `document.getElementById("twofa-begin").checkVisibility() && document.getElementById("secret").textContent === "" && document.getElementById("twofa-setup").hidden`
	p.click("twofa-cancel")
	p.do(chromedp.Reload())
	p.isAt("security")
	p.is(begins)
	p.click("twofa-begin")
	p.is(shows)
	p.goes("devices")
	p.goes("security")
	p.is(begins)
	p.click("twofa-begin")
	p.is(shows)
	p.is(`Object.keys(sessionStorage).forEach((key) => key === "flowxi.setup" && sessionStorage.setItem(key, "1")) === undefined`) // long ago
	p.do(chromedp.Reload())
	p.isAt("security")
	p.shows("twofa-problem", words(t, "fr")("page.account.setup.expired"))
	p.is(begins)
	p.ends()
}

func standsOutInForcedColours(t *testing.T, v visitor) {
	p := v.register(t, "forced@example.org", "/account?lang=en#/devices")
	p.isAt("devices")
	p.do(inForcedColours)
	p.is(`matchMedia("(forced-colors: active)").matches`)
	p.is(`[...document.querySelectorAll("#nav a")].every((a) => (getComputedStyle(a).borderBottomColor !== getComputedStyle(document.querySelector("header")).backgroundColor) === a.matches("[aria-current=page]"))`)
	p.goes("profile")
	p.choosesAPhoto(t)
	p.is(`crop.open`)
	p.is(`((ring) => ring.borderTopStyle === "solid" && parseFloat(ring.borderTopWidth) >= 2)(getComputedStyle(document.querySelector(".cutter"), "::after"))`)
	p.ends()
}

// inForcedColours has the page think that the system has a few colours of its own, as in the
// high contrast of Windows.
func inForcedColours(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
	_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}})
	return chromedp.Void{}, err
}

func tellsDevicesApart(t *testing.T, v visitor) {
	const email = "twins@example.org"
	v = v.alone(t)
	person := v.srv.Client(t).Register(email)
	for _, device := range []string{"one", "two"} {
		fields := authtest.LoginFields(email, device)
		fields["device_name"] = "Twin"
		person.Token("").Post("/auth/login", fields).Expect(200, "LOGIN_SUCCESS")
		v.srv.Advance(2 * time.Minute)
	}
	p := v.visits(t, "/account?lang=en#/devices")
	p.logsIn(email, authtest.Password)
	p.isAt("devices")
	p.is(`((names) => names.length === 3 && new Set(names).size === 3)([...document.querySelectorAll("#devices-list button")].map((b) => b.textContent))`)
	p.is(`[...document.querySelectorAll("#devices-list li")].every((li) => li.querySelector("button").textContent.endsWith(li.querySelector("[data-put=since]").textContent))`)
	p.is(`(window.realFetch = fetch) && (window.fetch = () => Promise.reject(new TypeError("no network")))`)
	p.is(`(window.wide = document.querySelector("#devices-list button").offsetWidth) && document.querySelector("#devices-list button").click() === undefined`)
	p.shows("devices-problem", words(t, "en")("page.account.network"))
	p.is(`document.querySelector("#devices-list button").offsetWidth === wide`) // what is for screen readers stays out of sight
	p.ends()
}

func changesTheAddress(t *testing.T, v visitor) {
	const email = "mistyped@example.org"
	p := v.atCode(t, email)
	p.is(`document.querySelector("#code .row a").click() === undefined`)
	p.isAt("join")
	mistyped := `document.getElementById("join-email").value === ` + quote(email)
	p.is(mistyped)
	p.is(`history.back() === undefined`)
	p.isAt("code")
	p.shows("code-who", email)
	p.is(`history.forward() === undefined`)
	p.isAt("join")
	p.is(mistyped)
	p.is(`document.querySelector("#join a[href='#/login']").click() === undefined`)
	p.isAt("login")
	p.is(`document.getElementById("login-email").value === ` + quote(email) + ` && sessionStorage.getItem("flowxi.joining") === null`)
	p.fill("login-email", "right@example.org")
	p.is(`document.querySelector("#login a[href='#/join']").click() === undefined`)
	p.isAt("join")
	p.is(`document.getElementById("join-email").value === "right@example.org"`)
	p.do(focus("join-email"))
	p.press(kb.Enter)
	p.isAt("code")
	p.shows("code-who", "right@example.org")
	p.ends()
}

// hasACode comes back to the portal with a code that was sent before.
func hasACode(t *testing.T, v visitor) {
	const email = "has.a.code@example.org"
	code := v.srv.Client(t).SendCode(email)
	enters := `document.querySelector("#join a[href='#/code']").click() === undefined`
	p := v.visits(t, "/account?lang=en#/join")
	p.isAt("join")
	p.is(enters)
	p.isAt("code")
	p.click("code-again")
	p.shows("code-email-error", words(t, "en")("page.account.missing_email"))
	p.focused("code-email")
	p.is(`document.getElementById("code-form-problem").hidden`)
	p.do(chromedp.Navigate(v.srv.URL + "/account?lang=en#/join"))
	p.isAt("join")
	p.fill("join-email", email)
	p.is(enters)
	p.isAt("code")
	p.is(`document.getElementById("code-email").value === ` + quote(email))
	p.is(`history.back() === undefined`)
	p.isAt("join")
	p.is(`document.getElementById("join-email").value === ` + quote(email))
	p.is(enters)
	p.isAt("code")
	wide := strings.Map(func(digit rune) rune { return digit - '0' + '０' }, code)
	p.pastes("code-code", wide[:9]+" "+wide[9:])
	p.press(kb.Enter)
	p.isAt("choose")
	p.shows("choose-who", email)
	p.ends()
}

// typesOn changes the address while the one before is being sent a code.
func typesOn(t *testing.T, v visitor) {
	const email = "sent.to@example.org"
	p := v.visits(t, "/account?lang=en#/join")
	p.isAt("join")
	p.fill("join-email", email)
	p.is(holdsAnswers)
	p.press(kb.Enter)
	p.is(`window.release`)
	p.fill("join-email", "typed.on@example.org")
	p.is(`release() === undefined`)
	p.isAt("code")
	p.shows("code-who", email)
	p.ends()
}

// isGoneMeanwhile has a device log out between the list and the click that logs all out.
func isGoneMeanwhile(t *testing.T, v visitor) {
	const email = "is.gone@example.org"
	person := v.srv.Client(t).Register(email)
	person.LoginOn("stays")
	gone := person.LoginOn("goes")
	p := v.visits(t, "/account?lang=en")
	p.logsIn(email, authtest.Password)
	p.isAt("profile")
	p.goes("devices")
	p.is(`document.querySelectorAll("#devices-list li").length === 3`)
	gone.Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	p.click("others-out")
	p.click("sure-yes")
	p.shows("devices-done", words(t, "en")("page.account.devices.others_out"))
	p.is(`document.querySelectorAll("#devices-list li").length === 1`)
	p.ends()
}

// comesBackMeanwhile has a device log in between the list and the click that logs all out.
func comesBackMeanwhile(t *testing.T, v visitor) {
	const email = "comes.back@example.org"
	person := v.srv.Client(t).Register(email)
	logsIn := func(device string) {
		person.Token("").Post("/auth/login", authtest.LoginFields(email, device)).Expect(200, "LOGIN_SUCCESS")
	}
	logsIn("one")
	p := v.visits(t, "/account?lang=en")
	p.logsIn(email, authtest.Password)
	p.isAt("profile")
	p.goes("devices")
	p.is(`document.querySelectorAll("#devices-list li").length === 2`)
	logsIn("two")
	p.click("others-out")
	p.click("sure-yes")
	p.shows("devices-done", words(t, "en")("page.account.devices.others_out"))
	p.is(`document.querySelectorAll("#devices-list li").length === 1`)
	p.ends()
}

// goesBackInItsLanguage changes the language, and goes back to the view before.
func goesBackInItsLanguage(t *testing.T, v visitor) {
	p := v.visits(t, "/account?lang=en#/login")
	p.isAt("login")
	p.is(`document.querySelector("#login a[href='#/join']").click() === undefined`)
	p.isAt("join")
	p.changesTo("fr")
	p.isAt("join")
	p.is(`history.back() === undefined`)
	p.isAt("login") // whose address asked for English
	p.is(`document.documentElement.lang === "fr"`)
	p.do(chromedp.Navigate("about:blank"))
	p.do(chromedp.Navigate(v.srv.URL + "/account"))
	p.isAt("login")
	p.is(`document.documentElement.lang === "fr"`)
	p.ends()
}
