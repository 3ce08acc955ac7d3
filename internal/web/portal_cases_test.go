package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/browsertest"
)

// register makes somebody who has an account, and opens the portal for them, logged in.
func (v visitor) register(t *testing.T, email, path string) tab {
	t.Helper()
	v.srv.Client(t).Register(email)
	p := v.visits(t, path)
	p.logsIn(email, authtest.Password)
	return p
}

// worksByKeyboard goes all the way from the login to a logout with keys, and looks at where
// the focus is and whether it can be seen.
func worksByKeyboard(t *testing.T, v visitor) {
	const email = "keys@example.org"
	v.srv.Client(t).Register(email)
	p := v.visits(t, "/account?lang=en")
	p.isAt("login")
	p.press(kb.Tab)
	p.focusIs("a.skip")
	p.press(kb.Enter) // skips to the content
	p.is(`document.activeElement === page && location.hash === "#/login"`)
	p.press(kb.Tab)
	p.focusIs("#login-email")
	p.press(email + kb.Tab)
	p.focusIs("#login-password")
	p.press(authtest.Password + kb.Tab)
	p.focusIs("[data-reveals=login-password]")
	p.press(" ")
	p.is(`document.getElementById("login-password").type === "text" && document.activeElement.getAttribute("aria-pressed") === "true"`)
	p.press(" ")
	p.is(`document.getElementById("login-password").type === "password"`)
	p.press(kb.Tab)
	p.focusIs("#login-form [type=submit]")
	p.press(kb.Enter)
	p.isAt("profile")
	p.focusIs("#profile-title")
	for _, stop := range []string{
		"#photo-file", "#profile-first-name", "#profile-last-name", "#profile-birth-date", "#profile-birth-date", "#profile-birth-date", "#profile-birth-date",
		"#profile-phone-number", "#profile-country", "#profile-nationality", "#profile-form [type=submit]",
	} {
		p.press(kb.Tab)
		p.focusIs(stop)
	}
	p.goes("devices")
	p.press(kb.Tab)
	p.focusIs("#devices-list button")
	p.goes("security")
	p.press(kb.Tab)
	p.focusIs("#twofa-begin")
	p.press(kb.Enter)
	p.focusIs("#setup-title")
	for _, stop := range []string{"#secret-copy", "#otpauth", "#enable-code", "#enable-form [type=submit]", "#twofa-cancel"} {
		p.press(kb.Tab)
		p.focusIs(stop)
	}
	p.press(kb.Enter)
	p.focusIs("#twofa-begin")
	p.is(`document.activeElement.blur() === undefined`)
	p.do(focus("leave"))
	p.press(kb.Enter)
	p.isAt("login")
	p.ends()
}

// focusIs waits until the focus is on an element, which can be seen to have it unless it is
// a heading that people were led to.
func (p tab) focusIs(selector string) {
	p.t.Helper()
	p.is(`document.activeElement.matches(` + quote(selector) + `)`)
	p.is(`/^H[1-3]$/.test(document.activeElement.tagName) || [document.activeElement, document.activeElement.parentElement].some((e) => getComputedStyle(e).outlineStyle !== "none" && parseFloat(getComputedStyle(e).outlineWidth) >= 2)`)
}

// changesTo clicks on another language, and waits for the page in it.
func (p tab) changesTo(lang string) {
	p.t.Helper()
	p.is(`document.querySelector("[data-lang=` + lang + `]").click() === undefined`)
	p.is(`document.documentElement.lang === ` + quote(lang))
}

// goes to another view of somebody who is logged in, by keys.
func (p tab) goes(view string) {
	p.t.Helper()
	p.is(`document.querySelector("#nav a[href='#/` + view + `']").focus() === undefined`)
	p.press(kb.Enter)
	p.isAt(view)
	p.focusIs("#" + view + "-title")
	p.is(`document.querySelector("#nav [aria-current=page]").hash === "#/` + view + `" && document.title.endsWith(" · Flowxi")`)
}

func joinsByLink(t *testing.T, v visitor) {
	const email = "link@example.org"
	p := v.visits(t, "/account?lang=en#/join")
	p.isAt("join")
	p.fill("join-email", email)
	p.press(kb.Tab + kb.ArrowDown)
	p.is(`document.getElementById("join-link").checked`)
	p.press(kb.Enter)
	p.isAt("link")
	p.shows("link-who", email)
	p.look("en-16-link")
	p.click("link-again")
	p.shows("link-sent", "new link is on its way")
	p.do(chromedp.Navigate(v.srv.Client(t).Mail(email, 2).Link))
	p.choose(authtest.Password, authtest.Password)
	p.shows("done-title", "ready")
	p.accessible("the page of the link", "null")
	p.press(kb.Tab + kb.Enter) // to log in
	p.logsIn(email, authtest.Password)
	p.isAt("profile")
	p.shows("me-name", email)
	p.ends()
}

// judgesForReal makes the page worse in the ways that matter most, each of which has to be
// found.
func judgesForReal(t *testing.T, v visitor) {
	for rule, spoil := range map[string]string{
		"label":          `document.querySelector("#login-form label").remove()`,
		"color-contrast": `document.querySelector("#login-title").style.color = "rgb(200, 200, 200)"`,
		"button-name":    `document.querySelector("#login-form [type=submit]").replaceChildren()`,
		"target-size":    `document.querySelector("#login-form").style.cssText = "position: relative", document.querySelectorAll("#login-form button").forEach((b, i) => b.style.cssText = "position: absolute; left: 0; margin: 0; padding: 0; min-height: 0; overflow: hidden; width: 10px; height: 10px; top: " + 12 * i + "px")`,
	} {
		p := v.visits(t, "/account?lang=en")
		p.isAt("login")
		p.do(inTheme("light"))
		p.do(evaluateOnly(spoil))
		if _, found := p.axe("null"); !strings.Contains(found, rule+": ") {
			t.Errorf("%s is not found, but %q", rule, found)
		}
	}
}

func tellsOfAnAccount(t *testing.T, v visitor) {
	const email = "taken@example.org"
	v.srv.Client(t).Register(email)
	p := v.visits(t, "/account?lang=fr#/join")
	p.isAt("join")
	p.fill("join-email", email)
	p.press(kb.Enter)
	p.shows("join-email-error", words(t, "fr")("code.EMAIL_ALREADY_USED"))
	p.focused("join-email")
	p.ends()
}

func refusesAPassword(t *testing.T, v visitor) {
	const email = "weak@example.org"
	p := v.atCode(t, email)
	p.fill("code-code", v.srv.Client(t).Mail(email, 1).Code)
	p.press(kb.Enter)
	p.isAt("choose")
	p.press(kb.Tab)
	p.focused("choose-password")
	p.press("password" + kb.Tab + "password" + kb.Enter)
	p.shows("choose-password-error", words(t, "en")("validation.password_common"))
	p.focused("choose-password")
	p.ends()
}

func (v visitor) atCode(t *testing.T, email string) tab {
	t.Helper()
	p := v.visits(t, "/account?lang=en#/join")
	p.isAt("join")
	p.fill("join-email", email)
	p.press(kb.Enter)
	p.isAt("code")
	return p
}

// asksForTheCodeAgain has a code die between its check and its use.
func asksForTheCodeAgain(t *testing.T, v visitor) {
	const email = "late@example.org"
	p := v.atCode(t, email)
	p.fill("code-code", v.srv.Client(t).Mail(email, 1).Code)
	p.press(kb.Enter)
	p.isAt("choose")
	v.srv.Client(t).SendCode(email) // replaces it
	p.fill("choose-password", authtest.Password)
	p.fill("choose-confirmation", authtest.Password)
	p.press(kb.Enter)
	p.isAt("code")
	p.shows("code-code-error", words(t, "en")("code.OTP_INVALID"))
	p.focused("code-code")
	p.fill("code-code", v.srv.Client(t).Mail(email, 2).Code)
	p.press(kb.Enter)
	p.isAt("choose")
	p.do(chromedp.Reload()) // forgets the code, and not whose it was
	p.isAt("code")
	p.shows("notice", words(t, "en")("page.account.code.once_more"))
	p.shows("code-who", email)
	p.is(`!JSON.stringify(localStorage).includes(` + quote(email) + `)`)
	p.fill("code-code", v.srv.Client(t).Mail(email, 2).Code)
	p.press(kb.Enter)
	p.isAt("choose")
	p.shows("choose-who", email)

	other := v.opens(t, "/account?lang=en#/code", sameBrowser(t, p))
	other.isAt("code")
	other.is(`!JSON.stringify({...sessionStorage, ...localStorage}).includes(` + quote(email) + `)`)
	other.fill("code-code", v.srv.Client(t).Mail(email, 2).Code)
	other.press(kb.Enter)
	other.shows("code-email-error", words(t, "en")("page.account.missing_email"))
	other.focused("code-email")
	other.press(email + kb.Enter)
	other.isAt("choose")
	other.shows("choose-who", email)
	other.ends()
	p.ends()
}

// keepsTheWayIn reloads in the middle of a registration and changes the language, and takes
// the one way for the other: the address stays until nobody needs it.
func keepsTheWayIn(t *testing.T, v visitor) {
	const email = "reload@example.org"
	p := v.visits(t, "/account?lang=fr")
	p.isAt("login")
	p.fill("login-email", email)
	p.fill("login-password", authtest.Password)
	p.press(kb.Tab + kb.Enter) // shows it
	p.is(`document.getElementById("login-password").type === "text"`)
	p.changesTo("en")
	p.isAt("login")
	p.is(`document.getElementById("login-email").value === ` + quote(email) + ` && document.getElementById("login-password").value === ""`)
	p.fill("login-password", authtest.Password)
	p.press(kb.Tab + kb.Tab + kb.Tab + kb.Enter) // to the registration
	p.isAt("join")
	p.is(`document.getElementById("join-email").value === ` + quote(email) + ` && document.getElementById("login-password").value === ""`)
	p.click("join-link")
	p.changesTo("fr")
	p.isAt("join")
	p.is(`document.getElementById("join-email").value === ` + quote(email) + ` && document.getElementById("join-link").checked`)
	p.is(`!JSON.stringify({...sessionStorage}).includes(` + quote(email) + `)`)
	p.do(focus("join-email"))
	p.press(kb.Enter)
	p.isAt("link")
	p.do(chromedp.Reload())
	p.isAt("link")
	p.shows("link-who", email)
	p.changesTo("en")
	p.isAt("link")
	p.shows("link-who", email)
	p.do(chromedp.Navigate(v.srv.URL + "/account#/login"))
	p.isAt("login")
	p.is(`document.getElementById("login-email").value === ` + quote(email) + ` && !JSON.stringify({...sessionStorage}).includes(` + quote(email) + `)`)
	p.do(chromedp.Reload())
	p.isAt("login")
	p.is(`document.getElementById("login-email").value === ""`)
	p.ends()
}

func keepsTheLanguage(t *testing.T, v visitor) {
	p := v.register(t, "lang@example.org", "/account?lang=en#/devices") // the browser itself asks for English
	p.isAt("devices")
	p.is(`document.documentElement.lang === "en" && document.querySelector("[data-lang=fr]").click() === undefined`)
	p.is(`document.documentElement.lang === "fr"`)
	p.isAt("devices")
	p.shows("devices-title", words(t, "fr")("page.account.devices.title"))
	p.do(chromedp.Navigate(v.srv.URL + "/account"))
	p.is(`document.documentElement.lang === "fr" && location.search === "?lang=fr"`)
	p.isAt("profile")
	p.ends()
}

func endsKindly(t *testing.T, v visitor) {
	p := v.register(t, "ended@example.org", "/account?lang=fr#/devices")
	p.isAt("devices")
	token := p.value(`sessionStorage.getItem("flowxi.token")`)
	v.srv.Client(t).Token(token).Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	p.is(`document.querySelector("#nav a[href='#/security']").click() === undefined`)
	p.isAt("login")
	p.shows("notice", words(t, "fr")("page.account.expired"))
	p.is(`sessionStorage.getItem("flowxi.token") === null && document.getElementById("leave").hidden`)
	p.look("fr-17-ended")
	p.logsIn("ended@example.org", authtest.Password)
	p.isAt("security") // where they were going
	p.ends()
}

func sharesASession(t *testing.T, v visitor) {
	first := v.register(t, "tabs@example.org", "/account?lang=en")
	first.isAt("profile")
	second := v.opens(t, "/account?lang=en#/devices", sameBrowser(t, first))
	second.isAt("devices") // without logging in
	second.is(`document.querySelectorAll("#devices-list li").length === 1`)
	third := v.opens(t, "/account?lang=en#/login", sameBrowser(t, first)) // as where a link has let somebody else register
	third.isAt("profile")
	third.shows("notice", "already logged in, as tabs@example.org")
	third.ends()
	second.click("leave")
	second.isAt("login")
	first.isAt("login")
	first.shows("notice", words(t, "en")("page.account.elsewhere"))
	second.logsIn("tabs@example.org", authtest.Password)
	second.isAt("profile")
	first.isAt("profile")
	first.ends()
	second.ends()
}

func forgetsWithTheTabs(t *testing.T, v visitor) {
	p := v.register(t, "gone@example.org", "/account?lang=en")
	p.isAt("profile")
	token, device := p.value(`sessionStorage.getItem("flowxi.token")`), p.value(`localStorage.getItem("flowxi.device")`)
	p.is(`!JSON.stringify({...localStorage}).includes(` + quote(token) + `) && document.cookie === "" && !location.href.includes(` + quote(token) + `) && history.state === null`)
	p.do(chromedp.Navigate("about:blank")) // the last tab of the portal in this browser
	keeper := v.opens(t, "/account?lang=en", sameBrowser(t, p))
	keeper.isAt("login")
	keeper.is(`localStorage.getItem("flowxi.device") === ` + quote(device))
	keeper.logsIn("gone@example.org", authtest.Password)
	keeper.isAt("profile")
	if v.srv.Client(t).Token(token).IsLoggedIn() {
		t.Error("the token of before is still good: the device is not the same")
	}
	keeper.ends()
}

func sameBrowser(t *testing.T, p tab) chromedp.ContextOption {
	t.Helper()
	return chromedp.WithExistingBrowserContext(chromedp.FromContext(p.ctx).BrowserContextID)
}

func goesOnAfterAReload(t *testing.T, v visitor) {
	const email = "reload@example.org"
	v = v.alone(t)
	person := v.srv.Client(t).Register(email)
	secret := person.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")
	person.Post("/auth/2fa/enable", authtest.Fields{"code": authtest.TOTP(secret, v.srv.Now())}).Expect(200, "TWOFA_ENABLED")
	p := v.visits(t, "/account?lang=en")
	p.is(`sessionStorage.setItem("flowxi.rests", JSON.stringify({"challenge-form": Date.now() + 600_000})) === undefined`) // somebody else
	p.logsIn(email, authtest.Password)
	p.isAt("challenge")
	p.is(`!document.querySelector("#challenge-form [type=submit]").hasAttribute("aria-disabled")`)
	p.is(`!JSON.stringify({...sessionStorage}).includes(` + quote(authtest.Password) + `)`)
	p.do(chromedp.Reload())
	p.isAt("challenge")
	v.srv.Advance(time.Hour)
	p.fill("challenge-code", "123456")
	p.press(kb.Enter)
	p.isAt("login")
	p.shows("notice", words(t, "en")("code.TWOFA_CHALLENGE_EXPIRED"))
	p.is(`document.getElementById("login-email").value === ` + quote(email) + ` && !JSON.stringify({...sessionStorage}).includes(` + quote(email) + `)`)
	p.is(`history.back() === undefined`) // to a challenge that is over
	p.isAt("login")
	p.is(`document.getElementById("login-email").value === ` + quote(email) + ` && document.getElementById("notice").hidden`)
	p.logsIn(email, authtest.Password)
	p.isAt("challenge")
	p.is(`sessionStorage.setItem("flowxi.challenge", JSON.stringify({ ...JSON.parse(sessionStorage.getItem("flowxi.challenge")), until: 1 })) === undefined`)
	p.do(chromedp.Reload())
	p.isAt("login")
	p.shows("notice", words(t, "en")("code.TWOFA_CHALLENGE_EXPIRED"))
	p.is(`document.getElementById("login-email").value === ` + quote(email))
	p.logsIn(email, authtest.Password)
	p.isAt("challenge")
	p.is(`history.back() === undefined`)
	p.isAt("login")
	p.is(`document.getElementById("login-email").value === ` + quote(email))
	p.is(`sessionStorage.setItem("flowxi.challenge", JSON.stringify({ ...JSON.parse(sessionStorage.getItem("flowxi.challenge")), until: 1 })) === undefined`)
	p.is(`history.forward() === undefined`)
	p.shows("notice", words(t, "en")("code.TWOFA_CHALLENGE_EXPIRED"))
	p.is(`document.getElementById("login-email").value === ` + quote(email) + ` && sessionStorage.getItem("flowxi.challenge") === null`)
	p.logsIn(email, authtest.Password)
	p.isAt("challenge")
	p.answers(v, secret, "challenge-code")
	p.isAt("profile")
	p.ends()
}

func offersToTryAgain(t *testing.T, v visitor) {
	v = v.alone(t)
	p := v.register(t, "offline@example.org", "/account?lang=en")
	p.isAt("profile")
	p.is(`(window.realFetch = fetch) && (window.fetch = () => Promise.reject(new TypeError("no network")))`)
	p.is(`document.querySelector("#nav a[href='#/devices']").click() === undefined`)
	p.shows("trouble-text", words(t, "en")("page.account.network"))
	p.focused("trouble-title")
	p.look("en-18-trouble")
	p.is(`window.fetch = () => Promise.resolve(Response.json({ message: "Later.", code: "TOO_MANY_REQUESTS" }, { status: 429, headers: { "Retry-After": "3" } }))`)
	p.click("retry")
	p.shows("trouble-text", "Later.")
	p.waits("retry", "Try again in ")
	p.is(`window.fetch = () => Promise.resolve(Response.json({ message: "A fault.", code: "SERVER_ERROR" }, { status: 500, headers: { "X-Request-Id": "` + requestID + `" } }))`)
	p.is(`retry.getAttribute("aria-disabled") === null`)
	p.click("retry")
	p.shows("trouble-text", "A fault. "+words(t, "en")("page.account.reference")+" "+requestID)
	p.look("en-18-fault")
	p.is(`window.fetch = realFetch`)
	p.is(`retry.getAttribute("aria-disabled") === null && retry.textContent === ` + quote(words(t, "en")("page.account.retry")))
	p.click("retry")
	p.isAt("devices")
	p.do(onEachPage(`const quickFetch = fetch; window.fetch = (...a) => new Promise((done) => setTimeout(done, 600)).then(() => quickFetch(...a))`))
	p.do(reload())
	p.focused("devices-title") // "Loading" was said
	p.do(reload())
	p.is(`document.querySelector("[data-lang]").focus() === undefined`)
	p.isAt("devices")
	p.is(`document.activeElement.matches("[data-lang]")`) // who is somewhere stays
	p.do(onEachPage(`window.realFetch = fetch; window.fetch = () => Promise.reject(new TypeError("no network"))`))
	p.do(reload())
	p.focused("trouble-title")
	p.is(`window.fetch = realFetch`)
	p.click("retry")
	p.isAt("devices")
	p.focused("devices-title") // the first view that is shown, but not the first that people are in
	p.ends()
}

func showsMarkupAsText(t *testing.T, v visitor) {
	const email, markup = "markup@example.org", `<img src=x onerror=window.hit=1>`
	person := v.srv.Client(t).Register(email)
	person.Patch("/me", authtest.Fields{"first_name": markup}).Expect(200, "ME_UPDATED")
	fields := authtest.LoginFields(email, "another")
	fields["device_name"] = markup
	person.Token("").Post("/auth/login", fields).Expect(200, "LOGIN_SUCCESS")
	p := v.visits(t, "/account?lang=en")
	p.logsIn(email, authtest.Password)
	p.isAt("profile")
	p.shows("me-name", markup)
	p.is(`document.querySelector("#nav a[href='#/devices']").click() === undefined`)
	p.isAt("devices")
	p.shows("devices-list", markup)
	p.is(`window.hit === undefined && document.querySelectorAll("#devices-list img").length === 0`)
	p.is(`(() => { try { document.createElement("p").innerHTML = "<b>x</b>"; } catch (e) { return e instanceof TypeError; } })()`) // Trusted Types
	if faults := p.faults(); len(faults) != 1 || !strings.Contains(faults[0], "TrustedHTML") {
		t.Errorf("the console says %q", faults)
	}
}

func beginsSetupAgain(t *testing.T, v visitor) {
	v = v.alone(t, authtest.WithEnv("FLOWXI_ENROLL_TTL=2s"))
	p := v.register(t, "slow@example.org", "/account?lang=en#/security")
	p.isAt("security")
	p.click("twofa-begin")
	p.shows("twofa-problem", words(t, "en")("page.account.setup.expired"))
	p.focused("twofa-begin")
	p.is(`document.getElementById("secret").textContent === "" && !document.querySelector("#qr svg")`)
	p.ends()
}

func refusesAFile(t *testing.T, v visitor) {
	p := v.register(t, "nopicture@example.org", "/account?lang=fr")
	p.isAt("profile")
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(path, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.fill("profile-last-name", "Byron"+kb.Enter)
	p.shows("saved", words(t, "fr")("code.ME_UPDATED"))
	p.do(chromedp.SetUploadFiles(chromedp.ID("photo-file"), []string{path}))
	p.shows("photo-problem", words(t, "fr")("page.account.photo.unreadable"))
	p.is(`document.getElementById("saved").hidden`) // that was the step before
	p.is(`!crop.open && document.getElementById("photo-problem").closest("[role=alert]")`)
	p.ends()
}

func showsProfileErrors(t *testing.T, v visitor) {
	p := v.register(t, "wrong@example.org", "/account?lang=fr")
	p.isAt("profile")
	p.fill("profile-last-name", strings.Repeat("x", 101))
	p.fill("profile-phone-number", "abc")
	p.press(kb.Enter)
	p.shows("profile-last-name-error", "100")
	p.shows("profile-phone-number-error", "+22900000000")
	p.focused("profile-last-name") // the first of them
	p.is(`document.getElementById("announcer").textContent.includes("100")`)
	p.press("x")
	p.is(`!document.activeElement.hasAttribute("aria-invalid") && document.getElementById("profile-phone-number").getAttribute("aria-invalid") === "true"`)
	p.fill("profile-last-name", "Byron")
	p.fill("profile-phone-number", kb.Delete)
	p.press(kb.Enter)
	p.shows("saved", words(t, "fr")("code.ME_UPDATED"))
	if !p.holds(`document.getElementById("announcer").textContent === ""`) {
		t.Error("what was wrong before is still there to be read")
	}
	p.ends()
}

// TestThePortalWaitsAsLongAsTheServerAsks has limits on, and asks for too much.
func TestThePortalWaitsAsLongAsTheServerAsks(t *testing.T) {
	t.Parallel()
	v := visitor{browsertest.Start(t, chromedp.Flag("hide-scrollbars", true)), authtest.Start(t, authtest.Embedded, authtest.FastHash(), authtest.WithLimits())}
	t.Run("a mail is asked for too soon", func(t *testing.T) { countsDown(t, v) })
	t.Run("wrong passwords", func(t *testing.T) { countsDownLogins(t, v) })
	t.Run("a wait outlives a reload", func(t *testing.T) { countsOn(t, v) })
	t.Run("a wait is for a person", func(t *testing.T) { countsForNobodyElse(t, v) })
	t.Run("a wait is for an address", func(t *testing.T) { countsByAddress(t, v) })
	t.Run("so is a wait for another code", func(t *testing.T) { sendsAgainByAddress(t, v) })
}

func countsDown(t *testing.T, v visitor) {
	p := v.visits(t, "/account?lang=en#/join")
	p.isAt("join")
	p.fill("join-email", "soon@example.org")
	p.press(kb.Enter)
	p.isAt("code")
	p.shows("code-again", "Send again in ") // the one mail of this minute is sent
	p.is(`document.getElementById("code-again").getAttribute("aria-disabled") === "true"`)
	p.look("en-19-cooldown")
	p.is(`document.querySelector("#code a").click() === undefined`)
	p.isAt("join")
	p.fill("join-email", "soon@example.org")
	p.press(kb.Enter)
	p.shows("join-form-problem", words(t, "en")("code.TOO_MANY_REQUESTS"))
	p.is(`document.querySelector("#join-form [type=submit]").textContent.startsWith("Try again in ")`)
	p.is(`document.getElementById("join-form-problem").closest("[role=alert]")`)
	p.press(kb.Enter) // the button has the focus, and does nothing
	p.is(`performance.getEntriesByType("resource").filter((e) => e.name.endsWith("/register-email-code/send")).length === 2`)
	p.ends()
}

func countsDownLogins(t *testing.T, v visitor) {
	p := v.visits(t, "/account?lang=fr")
	for range 5 {
		p.logsIn("nobody@example.org", "wrong password")
		p.is(`document.querySelector("#login-form [type=submit]").getAttribute("aria-disabled") === null && document.getElementById("login-password-error").checkVisibility()`)
	}
	p.logsIn("nobody@example.org", "wrong password")
	p.shows("login-form-problem", words(t, "fr")("code.TOO_MANY_REQUESTS"))
	p.is(`document.querySelector("#login-form [type=submit]").textContent.startsWith("Réessayez dans ")`)
	p.is(`document.querySelector("#login-form [type=submit]").textContent.endsWith(" s")`)
	p.look("fr-20-too-many")
	p.ends()
}

// logsInElsewhere has another tab of the same browser log out, and somebody else in.
func (p tab) logsInElsewhere(t *testing.T, v visitor, email string) {
	t.Helper()
	v.srv.Client(t).Register(email)
	other := v.opens(t, "/account?lang=en", sameBrowser(t, p))
	other.isAt("profile")
	other.click("leave")
	p.isAt("login")
	p.is(`!document.body.textContent.includes("Ada") && [...document.querySelectorAll("input:not([type=radio],[type=range])")].every((i) => i.value === "") && !photo.src`)
	other.logsIn(email, authtest.Password)
	other.isAt("profile")
	p.isAt("profile")
	p.shows("me-name", email)
	other.ends()
}

func doesNothingForAnother(t *testing.T, v visitor) {
	p := v.register(t, "ada.tabs@example.org", "/account?lang=en")
	p.isAt("profile")
	p.fill("profile-first-name", "Ada")
	p.press(kb.Enter)
	p.shows("saved", words(t, "en")("code.ME_UPDATED"))
	p.do(chromedp.SetUploadFiles(chromedp.ID("photo-file"), []string{landscape(t)}))
	p.is(`crop.open`)
	p.click("crop-save")
	p.is(`!crop.open && photo.complete && photo.naturalWidth > 0`)
	p.click("photo-remove")
	p.is(`sure.open`)
	p.logsInElsewhere(t, v, "bob.tabs@example.org")
	p.is(`!sure.open && photo.hidden`)
	p.do(chromedp.SetUploadFiles(chromedp.ID("photo-file"), []string{landscape(t)}))
	p.is(`crop.open`)
	p.logsInElsewhere(t, v, "cleo.tabs@example.org")
	p.is(`!crop.open && photo.hidden`)
	for email, has := range map[string]bool{"ada.tabs@example.org": true, "bob.tabs@example.org": false, "cleo.tabs@example.org": false} {
		token := v.srv.Client(t).Login(email, "a look").Expect(200, "LOGIN_SUCCESS").Text("data.access_token")
		me := v.srv.Client(t).Token(token).Get("/me").Expect(200, "ME_OK")
		if _, is := me.Value("data.photo_url").(string); is != has {
			t.Errorf("%s has a photo: %v", email, is)
		}
	}
	p.ends()
}

func asksNoLonger(t *testing.T, v visitor) {
	const email = "question@example.org"
	person := v.srv.Client(t).Register(email)
	person.Token("").Post("/auth/login", authtest.LoginFields(email, "another")).Expect(200, "LOGIN_SUCCESS")
	p := v.visits(t, "/account?lang=en")
	p.logsIn(email, authtest.Password)
	p.isAt("profile")
	p.goes("devices")
	p.is(`document.querySelectorAll("#devices-list li").length === 2`)
	p.click("others-out")
	p.is(`sure.open`)
	p.is(`history.back() === undefined`)
	p.isAt("profile")
	p.is(`!sure.open`)
	p.goes("devices")
	p.is(`document.querySelectorAll("#devices-list li").length === 2`)
	p.ends()
}

func keepsWhatWasTyped(t *testing.T, v visitor) {
	const email = "typed@example.org"
	p := v.register(t, email, "/account?lang=en")
	p.isAt("profile")
	p.do(focus("profile-birth-date"))
	p.press("02") // and neither day nor year
	p.press(kb.Enter)
	p.shows("profile-birth-date-error", words(t, "en")("page.account.profile.no_date"))
	p.goes("devices")
	p.goes("profile") // with nothing left of the errors
	p.is(`!document.querySelector("#profile-form [aria-invalid]") && !document.querySelector("#profile-form .error:not([hidden])")`)
	p.fill("profile-last-name", "Byron")
	token := p.value(`sessionStorage.getItem("flowxi.token")`)
	v.srv.Client(t).Token(token).Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	p.press(kb.Enter)
	p.isAt("login")
	p.shows("notice", words(t, "en")("page.account.expired"))
	p.is(`document.getElementById("profile-last-name").value === ""`)
	p.logsIn(email, authtest.Password)
	p.isAt("profile")
	p.shows("profile-form-problem", words(t, "en")("page.account.profile.unsaved"))
	p.is(`document.getElementById("profile-last-name").value === "Byron"`)
	p.fill("profile-first-name", "Ada")
	p.press(kb.Enter)
	p.shows("me-name", "Ada Byron")
	p.is(`document.getElementById("profile-form-problem").hidden`)
	p.do(chromedp.SetValue(chromedp.ID("profile-birth-date"), "1990-05-17"))
	p.do(focus("profile-birth-date"))
	p.press(kb.Enter)
	p.shows("saved", words(t, "en")("code.ME_UPDATED"))
	p.press(kb.Delete) // one part of it, so that it has no value
	p.goes("devices")
	p.goes("profile")
	p.is(`document.getElementById("profile-birth-date").value === "1990-05-17" && document.getElementById("profile-form-problem").hidden`)
	p.fill("profile-first-name", "Augusta")
	p.press(kb.Enter)
	p.shows("me-name", "Augusta Byron")
	p.is(`document.getElementById("profile-birth-date").value === "1990-05-17"`)
	p.ends()
}

// hearsNoLateAnswer has a request under way while another tab logs out and in again.
func hearsNoLateAnswer(t *testing.T, v visitor) {
	const email = "late.answer@example.org"
	p := v.register(t, email, "/account?lang=en")
	p.isAt("profile")
	other := v.opens(t, "/account?lang=en", sameBrowser(t, p))
	other.isAt("profile")
	p.is(holdsAnswers)
	p.is(`document.querySelector("#nav a[href='#/devices']").click() === undefined`)
	p.is(`window.release`)
	p.is(`((sign) => sign.content !== "none" && sign.visibility === "visible")(getComputedStyle(page, "::before"))`) // it takes long
	p.is(`document.getElementById("announcer").textContent === ` + quote(words(t, "en")("page.account.loading")))
	p.is(`(window.held = release) && (window.fetch = realFetch)`)
	other.click("leave")
	p.isAt("login")
	other.logsIn(email, authtest.Password)
	other.isAt("profile")
	p.is(`!page.hasAttribute("aria-busy") && held() === undefined`)
	p.is(`getComputedStyle(page, "::before").content === "none"`)
	p.is(`sessionStorage.getItem("flowxi.token") !== null`)
	other.goes("devices") // takes longer than what came late
	other.is(`document.querySelectorAll("#devices-list li").length === 1`)
	p.is(`sessionStorage.getItem("flowxi.token") !== null && document.getElementById("login").hidden`)
	p.ends()
	other.ends()
}

func leavesAlone(t *testing.T, v visitor) {
	p := v.register(t, "alone@example.org", "/account?lang=fr")
	p.isAt("profile")
	token := p.value(`sessionStorage.getItem("flowxi.token")`)
	p.is(`(window.fetch = (path, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))))`) // nobody answers
	p.click("leave")
	p.isAt("login")
	p.shows("notice", words(t, "fr")("page.account.left_open"))
	p.is(`sessionStorage.getItem("flowxi.token") === null`)
	if !v.srv.Client(t).Token(token).IsLoggedIn() {
		t.Error("the server was told")
	}
	p.ends()
}

// holdsAnswers has what is asked from now on wait until the page calls release.
const holdsAnswers = `(window.realFetch = fetch) && (window.fetch = (...all) => new Promise((resolve) => { window.release = () => resolve(realFetch(...all)); }))`

// holdsAnswer has what is asked next wait for the answer that the page is given by release.
const holdsAnswer = `delete window.release && (window.fetch = () => new Promise((resolve) => {
	window.release = (status, answer) => { resolve(Response.json(answer, { status })); setTimeout(() => (window.came = true), 100); };
}))`

// goesNoLateWay has somebody go another way before the answer comes that would lead them on.
func goesNoLateWay(t *testing.T, v visitor) {
	for from, answer := range map[string]string{
		"login":     `200, {code: "TWOFA_REQUIRED", message: "", data: {challenge_id: "a", expires_in: 300}}`,
		"challenge": `410, {code: "TWOFA_CHALLENGE_EXPIRED", message: "Over."}`,
		"join":      `200, {code: "OTP_SENT", message: ""}`,
		"code":      `200, {code: "OTP_VALID", message: ""}`,
		"choose":    `410, {code: "OTP_EXPIRED", message: "Over."}`,
	} {
		p := v.visits(t, "/account?lang=en#/join")
		p.isAt("join")
		p.leadsTo(from)
		p.is(holdsAnswer)
		p.is(`(window.joining = sessionStorage.getItem("flowxi.joining")) !== undefined`)
		p.is(`document.getElementById(` + quote(from+"-form") + `).requestSubmit() === undefined`)
		p.is(`window.release`)
		elsewhere := map[bool]string{true: "login", false: "join"}[from == "join"]
		p.is(`(location.hash = ` + quote("#/"+elsewhere) + `)`)
		p.isAt(elsewhere)
		p.is(`release(` + answer + `) === undefined`)
		p.is(`window.came`)
		p.isAt(elsewhere)
		p.is(`sessionStorage.getItem("flowxi.joining") === joining && document.getElementById("notice").hidden`)
		p.is(`sessionStorage.getItem("flowxi.challenge") ` + map[bool]string{true: "!", false: "="}[from == "challenge"] + `== null`)
		p.ends()
	}
}

// leadsTo goes to a view of the way in, and fills its form in, without the server.
func (p tab) leadsTo(view string) {
	p.t.Helper()
	switch view {
	case "choose":
		p.leadsTo("code")
		p.is(holdsAnswer)
		p.press(kb.Enter)
		p.is(`window.release`)
		p.is(`release(200, {code: "OTP_VALID", message: ""}) === undefined`)
		p.is(`window.came && delete window.came`)
		p.isAt("choose")
		p.fill("choose-password", authtest.Password)
		p.fill("choose-confirmation", authtest.Password)
		return
	case "challenge":
		p.is(`sessionStorage.setItem("flowxi.challenge", JSON.stringify({ id: "a", until: Date.now() + 300000 })) === undefined`)
	}
	p.is(`(location.hash = ` + quote("#/"+view) + `)`)
	p.isAt(view)
	if view != "challenge" {
		p.fill(view+"-email", "late.way@example.org")
	}
	switch view {
	case "login":
		p.fill("login-password", authtest.Password)
	case "challenge", "code":
		p.fill(view+"-code", "123456")
	}
}

func showsNoLateSecret(t *testing.T, v visitor) {
	p := v.register(t, "late.secret@example.org", "/account?lang=en#/security")
	p.isAt("security")
	p.is(holdsAnswers)
	p.click("twofa-begin")
	p.is(`(window.held = release) && (window.fetch = realFetch)`)
	p.goes("devices")
	p.is(`held() === undefined`)
	p.goes("profile") // takes longer than what came late
	p.is(`document.getElementById("secret").textContent === "" && !document.querySelector("#qr svg") && document.getElementById("twofa-setup").hidden`)
	p.ends()
}

func tellsOfAListThatIsOld(t *testing.T, v visitor) {
	const email = "old.list@example.org"
	v.srv.Client(t).Register(email).Token("").Post("/auth/login", authtest.LoginFields(email, "another")).Expect(200, "LOGIN_SUCCESS")
	p := v.visits(t, "/account?lang=en#/devices")
	p.logsIn(email, authtest.Password)
	p.isAt("devices")
	p.is(`(window.realFetch = fetch) && (window.fetch = (path, ...rest) => path.endsWith("/devices") ? Promise.reject(new TypeError("no network")) : realFetch(path, ...rest))`)
	p.is(`[...document.querySelectorAll("#devices-list li")].find((li) => li.querySelector(".badge").hidden).querySelector("button").click() === undefined`)
	p.shows("devices-problem", words(t, "en")("page.account.network"))
	p.is(`!document.getElementById("devices-done").hidden`)
	p.ends()
}

func keepsWhatIsTypedWhileItSaves(t *testing.T, v visitor) {
	p := v.register(t, "meanwhile@example.org", "/account?lang=en")
	p.isAt("profile")
	p.fill("profile-first-name", "Ada")
	p.fill("profile-phone-number", "+229 01 02 03 04")
	p.is(holdsAnswers)
	p.press(kb.Enter)
	p.is(`window.release`)
	p.fill("profile-last-name", "Byron")
	p.fill("profile-first-name", "Augusta")
	p.is(`release() === undefined`)
	p.shows("saved", words(t, "en")("code.ME_UPDATED"))
	p.shows("me-name", "Ada")
	p.is(`document.getElementById("profile-phone-number").value === "+22901020304"`)
	p.is(`document.getElementById("profile-first-name").value === "Augusta" && document.getElementById("profile-last-name").value === "Byron"`)
	p.is(`window.fetch = realFetch`)
	p.press(kb.Enter)
	p.shows("me-name", "Augusta Byron") // what was typed meanwhile is a change still
	p.is(`delete window.release`)
	p.is(holdsAnswers)
	p.fill("profile-first-name", "Ada")
	p.press(kb.Enter)
	p.is(`window.release && (window.held = release) && (window.fetch = realFetch)`)
	p.goes("devices")
	p.goes("profile")
	p.is(`document.getElementById("profile-first-name").value === "Ada" && held() === undefined`)
	p.shows("me-name", "Ada Byron")
	p.is(`document.getElementById("profile-first-name").value === "Ada" && document.getElementById("profile-form-problem").hidden`) // or the next change would take it back
	p.ends()
}

func leadsBack(t *testing.T, v visitor) {
	p := v.visits(t, "/account?lang=en#/login")
	p.isAt("login")
	p.is(`location.hash = "#/link"`)
	p.isAt("join") // what comes before it
	p.is(`history.back() === undefined`)
	p.isAt("login")
	p.ends()
}

// keepsWhatWasTypedOutOfSight has the session end where the form is not shown any more.
func keepsWhatWasTypedOutOfSight(t *testing.T, v visitor) {
	const email = "out.of.sight@example.org"
	p := v.register(t, email, "/account?lang=en")
	p.isAt("profile")
	p.fill("profile-last-name", "Byron")
	p.is(`(window.realFetch = fetch) && (window.fetch = () => Promise.reject(new TypeError("no network")))`)
	p.is(`document.querySelector("#nav a[href='#/devices']").click() === undefined`)
	p.shows("trouble-text", words(t, "en")("page.account.network"))
	token := p.value(`sessionStorage.getItem("flowxi.token")`)
	v.srv.Client(t).Token(token).Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	p.is(`window.fetch = realFetch`)
	p.click("retry")
	p.isAt("login")
	p.shows("notice", words(t, "en")("page.account.expired"))
	p.logsIn(email, authtest.Password)
	p.isAt("devices")
	p.goes("profile")
	p.shows("profile-form-problem", words(t, "en")("page.account.profile.unsaved"))
	p.is(`document.getElementById("profile-last-name").value === "Byron"`)
	p.ends()
}

// holdsPictures has a picture that is read from now on wait until the page calls unfold.
const holdsPictures = `(window.realBitmap = createImageBitmap) && (window.createImageBitmap = async (file) => {
	const read = await realBitmap(file);
	return new Promise((resolve) => { window.unfold = () => resolve(window.picture = read); });
})`

func (p tab) choosesAPhoto(t *testing.T) {
	t.Helper()
	p.do(chromedp.SetUploadFiles(chromedp.ID("photo-file"), []string{landscape(t)}))
}

// showsNoLatePicture has a picture be read while somebody else logs in, and while its owner
// goes elsewhere and comes back.
func showsNoLatePicture(t *testing.T, v visitor) {
	p := v.register(t, "ada.picture@example.org", "/account?lang=en")
	p.isAt("profile")
	p.is(holdsPictures)
	p.choosesAPhoto(t)
	p.is(`window.unfold`)
	p.logsInElsewhere(t, v, "bob.picture@example.org")
	p.is(`unfold() === undefined`)
	p.is(`picture.width === 0 && !crop.open`) // its memory is given back
	p.is(`delete window.unfold`)
	p.choosesAPhoto(t)
	p.is(`window.unfold`)
	p.goes("devices")
	p.is(`unfold() === undefined`)
	p.is(`picture.width === 0 && !crop.open`)
	p.goes("profile")
	p.is(`delete window.unfold`)
	p.choosesAPhoto(t)
	p.is(`window.unfold`)
	p.is(`(window.first = unfold) && delete window.unfold`)
	p.choosesAPhoto(t)
	p.is(`window.unfold`)
	p.is(`unfold() === undefined`)
	p.is(`crop.open && (window.latest = picture)`)
	p.is(`first() === undefined`)
	p.is(`picture !== latest && picture.width === 0 && latest.width > 0 && crop.open`)
	p.ends()
}

// showsNoQuestionOverAnother has a dialog be opened while the next view is on its way.
func showsNoQuestionOverAnother(t *testing.T, v visitor) {
	p := v.register(t, "between@example.org", "/account?lang=en")
	p.isAt("profile")
	p.is(holdsAnswers)
	p.is(`document.querySelector("#nav a[href='#/security']").click() === undefined`)
	p.is(`window.release && (window.fetch = realFetch)`)
	p.choosesAPhoto(t)
	p.is(`crop.open`)
	p.is(`release() === undefined`)
	p.isAt("security")
	p.is(`!crop.open`)
	p.ends()
}

func cancelsAPhoto(t *testing.T, v visitor) {
	const email = "cancel@example.org"
	p := v.register(t, email, "/account?lang=en")
	p.isAt("profile")
	p.choosesAPhoto(t)
	p.is(`crop.open`)
	p.is(holdsAnswers)
	p.click("crop-save")
	p.is(`window.release && (window.fetch = realFetch)`)
	p.click("crop-cancel")
	p.is(`!crop.open`)
	p.choosesAPhoto(t)
	p.is(`crop.open`)
	p.is(`release() === undefined`)
	p.is(`document.getElementById("crop-save").getAttribute("aria-disabled") === null`)
	p.is(`crop.open && document.getElementById("crop-problem").hidden && photo.hidden`)
	token := p.value(`sessionStorage.getItem("flowxi.token")`)
	if photo := v.srv.Client(t).Token(token).Get("/me").Expect(200, "ME_OK").Value("data.photo_url"); photo != nil {
		t.Errorf("what was cancelled is the photo: %v", photo)
	}
	p.click("crop-save")
	p.is(`!crop.open && !photo.hidden && photo.complete && photo.naturalWidth > 0`)
	p.ends()
}
