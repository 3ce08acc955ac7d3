package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/browsertest"
	"flowxi.app/flowxi/internal/locale"
)

const (
	finish   = "/auth/register/set-password"
	resend   = "/register-email/resend"
	token    = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	link     = "/register?token=" + token + "&email=ada%2Bx%40example.org"
	email    = "ada+x@example.org"
	password = "correct horse battery staple"
	issued   = `{"message":"Token issued.","code":"TOKEN_ISSUED","access_token":"125|fxp_secret","token_type":"Bearer","user_id":1,"account_status":"active"}`
)

// TestRegistering drives the page that a registration link opens as a person would,
// by the keyboard alone and on the narrowest of screens.
func TestRegistering(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"by keyboard, in English":       finishesByKeyboard,
		"in French":                     speaksFrench,
		"changes the language":          changesLanguage,
		"opening asks nothing":          openingAsksNothing,
		"after a reload":                forgetsOnReload,
		"what comes from outside":       showsTextAsText,
		"a password is pasted":          takesPaste,
		"errors stand at their fields":  showsFieldErrors,
		"passwords that differ":         noticesDifferentPasswords,
		"other errors stand on top":     showsOtherErrors,
		"waits where it has to":         waits,
		"an expired link is renewed":    renewsExpiredLink,
		"a new link is waited for":      restsAfterNewLink,
		"a used link, in two languages": renewsInAnotherLanguage,
		"who has an account may log in": leadsToLogin,
		"who registered may log in":     leadsWhoRegisteredToLogin,
		"a new link has to wait":        waitsForNewLink,
		"a link without a token":        explainsIncompleteLink,
		"the server cannot be reached":  explainsNoConnection,
		"passwords can be looked at":    revealsPassword,
		"an opinion while one is typed": hasAnOpinion,
		"an answer that never comes":    waitsOnlySoLong,
		"the page sleeps meanwhile":     countsByTheClock,
	} {
		t.Run(name, func(t *testing.T) { test(t, browser) })
	}
}

// choose types a password twice and submits, with keys alone.
func (p tab) choose(first, second string) {
	p.t.Helper()
	p.do(focus("password"))
	p.press(first + kb.Tab + second + kb.Enter)
}

func finishesByKeyboard(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.will(finish, http.StatusOK, issued)
	p.is(`location.search === "?lang=en" && location.hash === ""`)
	p.shows("who", email)
	languages, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	p.press(strings.Repeat(kb.Tab, len(languages.Supported()))) // past all others
	p.focused("password")
	p.press(password + kb.Tab)
	p.focused("confirmation")
	p.press(password + kb.Tab)
	p.focused("show")
	p.press(kb.Tab)
	p.focused("submit")
	p.press(kb.Enter)
	p.shows("done-title", "Your account is ready")
	p.focused("done-title")
	p.is(`document.title === "Your account is ready · Flowxi" && history.state === "done"`)
	if text := p.value("document.documentElement.outerHTML + location.href"); strings.Contains(text, "fxp_secret") || strings.Contains(text, token) {
		t.Error("the page shows a token")
	}
	want := []call{
		{path: finish, locale: "en", body: map[string]string{
			"token": token, "email": email, "password": password, "password_confirmation": password,
		}},
		{path: "/auth/logout", locale: "en", authorization: "Bearer 125|fxp_secret"},
	}
	p.is(`performance.getEntriesByName(location.origin + "/api/v1/auth/logout").length > 0`)
	if diff := cmp.Diff(want, p.api.made(), cmp.AllowUnexported(call{})); diff != "" {
		t.Error(diff)
	}
}

func speaksFrench(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=fr")
	defer p.close()
	p.api.will(finish, http.StatusOK, issued)
	p.shows("choose-title", "Terminez la création de votre compte")
	p.choose(password, password)
	p.shows("done-title", "Votre compte est prêt")
	p.do(reload())
	p.shows("done-title", "Votre compte est prêt")
	p.is(`!document.getElementById("done-account").checkVisibility()`)
	elsewhere := p.value(`document.querySelector("[data-lang=en]").href`) // as in another tab
	if strings.Contains(elsewhere, token) || strings.Contains(elsewhere, "%40") {
		t.Errorf("the link to the other language is %s", elsewhere)
	}
	p.is(`document.querySelector("[data-lang=en]").click() === undefined`)
	p.shows("done-title", "Your account is ready")
	p.do(chromedp.Navigate("about:blank"))
	p.do(chromedp.Navigate(elsewhere))
	p.shows("done-title", "Your account is ready")
	if calls := p.api.made(); calls[0].locale != "fr" {
		t.Errorf("it asked for the language %q", calls[0].locale)
	}
}

func changesLanguage(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=fr")
	defer p.close()
	p.api.will(finish, http.StatusOK, issued)
	p.is(`document.documentElement.lang === "fr"`)
	p.press(kb.Tab + kb.Enter)
	p.is(`document.documentElement.lang === "en" && location.search === "?lang=en" && location.hash === ""`)
	p.is(`!performance.getEntriesByType("navigation")[0].name.includes("token") && sessionStorage.length === 0`) // it came by no address
	p.shows("who", email)
	p.choose(password, password)
	p.shows("done-title", "ready")
	if calls := p.api.made(); calls[0].body["token"] != token || calls[0].locale != "en" {
		t.Errorf("it sent %v", calls[0])
	}
}

func openingAsksNothing(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link)
	defer p.close()
	p.shows("who", email)
	if calls := p.api.made(); len(calls) > 0 {
		t.Errorf("it asked for %v", calls)
	}
}

// forgetsOnReload looks at what a browser may write to its disk, too.
func forgetsOnReload(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.is(`location.search === "?lang=en" && history.state === "taken"`)
	p.is(`localStorage.length + sessionStorage.length === 0 && document.cookie === ""`)
	p.do(reload())
	p.shows("reopen-title", "Open the link again")
	p.is(`document.querySelector("#reopen a").getAttribute("href") === "/account?lang=en#/login"`)
	p.is(`!document.getElementById("choose").checkVisibility()`)
	p.press(kb.Tab + kb.Enter)
	p.is(`document.documentElement.lang === "fr"`)
	p.shows("reopen-title", "Ouvrez de nouveau le lien")
}

// showsTextAsText has markup in the address and in the answer, and errors at fields that
// are called like what every object has.
func showsTextAsText(t *testing.T, browser context.Context) {
	p := openTab(t, browser, "/register?lang=en&token="+token+"&email=%3Cimg%20id%3Dform%20src%3Dx%20onerror%3Dwindow.hit%3D1%3E%40x.org")
	defer p.close()
	p.shows("who", "<img id=form")
	p.api.will(finish, http.StatusUnprocessableEntity, `{"message":"<b>No</b>","code":"VALIDATION_FAILED",
		"errors":{"__proto__":["<i>one</i>"],"constructor":["two"],"toString":["three"],"password":["<script>window.hit=1</script>"]}}`)
	p.choose(password, password)
	p.shows("password-error", "<script>window.hit=1</script>")
	p.shows("problem", "<i>one</i> two three")
	p.is(`document.querySelectorAll("main img, main i, main b, main script").length === document.querySelectorAll(".strength i").length`)
	p.is(`window.hit === undefined && ({}).one === undefined && Object.keys(Object.prototype).length === 0`)
}

// takesPaste pastes as a person and as a password manager does. A page that forbids it
// would stop the event.
func takesPaste(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.will(finish, http.StatusOK, issued)
	p.shows("who", email)
	for _, id := range []string{"password", "confirmation"} {
		p.do(focus(id))
		p.is(`document.activeElement.dispatchEvent(new ClipboardEvent("paste", {bubbles: true, cancelable: true, clipboardData: new DataTransfer()}))`)
		p.is(`document.execCommand("insertText", false, ` + quote(password) + `) && document.activeElement.value === ` + quote(password))
		p.is(`!document.activeElement.readOnly && document.activeElement.autocomplete === "new-password"`)
	}
	p.press(kb.Enter)
	p.shows("done-title", "ready")
	if calls := p.api.made(); calls[0].body["password"] != password {
		t.Errorf("it sent %v", calls[0])
	}
}

func showsFieldErrors(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.will(finish, http.StatusUnprocessableEntity, `{"message":"Some fields are invalid.","code":"VALIDATION_FAILED",
		"errors":{"password":["Too common.","Too short."],"email":["Not an address."]}}`)
	p.choose("password", "password")
	p.shows("password-error", "Too common. Too short.")
	p.focused("password")
	p.shows("problem", "Not an address.")
	p.is(`password.getAttribute("aria-invalid") === "true" && !confirmation.hasAttribute("aria-invalid")`)
	p.is(`password.getAttribute("aria-describedby").includes("password-error")`)
	p.press("x")
	p.is(`!password.hasAttribute("aria-invalid") && !document.getElementById("password-error").checkVisibility()`)
}

func noticesDifferentPasswords(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.choose(password, "something else")
	p.shows("confirmation-error", "not the same")
	p.focused("confirmation")
	p.choose("", "")
	p.focused("confirmation")
	if calls := p.api.made(); len(calls) > 0 {
		t.Errorf("it asked for %v", calls)
	}
}

func showsOtherErrors(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.will(finish, http.StatusInternalServerError, `{"message":"Something went wrong.","code":"SERVER_ERROR"}`)
	p.choose(password, password)
	p.shows("problem", "Something went wrong. Reference for support: "+requestID)
	p.is(`document.getElementById("problem").closest("[role=alert]") !== null`)
	p.is(`submit.textContent === "Create my account" && !submit.hasAttribute("aria-disabled")`)
}

func waits(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.refuseFor(finish, "5", `{"message":"Too many attempts.","code":"TOO_MANY_REQUESTS"}`)
	p.choose(password, password)
	p.shows("problem", "Too many attempts.")
	p.shows("submit", "Try again in ")
	p.press(kb.Enter) // the button has the focus, and does nothing
	p.shows("submit", "Create my account")
	if calls := p.api.made(); len(calls) != 1 {
		t.Errorf("it asked %d times", len(calls))
	}
}

func waitsOnlySoLong(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.shows("who", email)
	p.is(`window.AbortSignal.timeout = (ms) => { window.bound = ms; return AbortSignal.abort(); }`)
	p.choose(password, password)
	p.shows("problem", "could not be reached")
	p.is(`bound > 0 && bound <= 60000 && submit.textContent === "Create my account"`)
}

func countsByTheClock(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.refuseFor(finish, "600", `{"message":"Too many attempts.","code":"TOO_MANY_REQUESTS"}`)
	p.choose(password, password)
	p.shows("submit", "Try again in ")
	p.is(`(window.now = Date.now) && (Date.now = () => now.call(Date) + 601000)`)
	p.shows("submit", "Create my account")
	p.is(`!submit.hasAttribute("aria-disabled")`)
}

// asksForAnother has the link refused, and presses the button for a new one.
func (p tab) asksForAnother(status int, refusal, reason string) {
	p.t.Helper()
	p.api.will(finish, status, refusal)
	p.choose(password, password)
	p.shows("reason", reason)
	p.focused("renew-title")
	p.press(kb.Tab + kb.Enter)
}

func renewsExpiredLink(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.will(resend, http.StatusOK, `{"message":"Link sent.","code":"MAGIC_LINK_SENT"}`)
	p.asksForAnother(http.StatusGone, `{"message":"This link has expired.","code":"MAGIC_LINK_EXPIRED"}`, "This link has expired.")
	p.shows("renewed", "a new link is on its way")
	p.is(`document.querySelector("#renew-login a").checkVisibility()`)
	want := call{path: resend, locale: "en", body: map[string]string{"email": email}}
	if diff := cmp.Diff(want, p.api.made()[1], cmp.AllowUnexported(call{})); diff != "" {
		t.Error(diff)
	}
}

func waitsForNewLink(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=fr")
	defer p.close()
	p.api.refuseFor(resend, "40", `{"message":"Trop de tentatives.","code":"TOO_MANY_REQUESTS"}`)
	p.asksForAnother(http.StatusForbidden, `{"message":"Lien invalide.","code":"MAGIC_LINK_INVALID"}`, "Lien invalide.")
	p.shows("renew-problem", "Trop de tentatives.")
	p.shows("resend", "Réessayez dans ")
	p.is(`resend.getAttribute("aria-disabled") === "true"`)
}

// withANewLink is where a link was refused and another sent, before which there is a wait.
func withANewLink(t *testing.T, browser context.Context) tab {
	t.Helper()
	p := openTab(t, browser, link+"&lang=en")
	p.api.useUp(resend, "40", `{"message":"Link sent.","code":"MAGIC_LINK_SENT"}`)
	p.asksForAnother(http.StatusGone, `{"message":"This link has expired.","code":"MAGIC_LINK_EXPIRED"}`, "This link has expired.")
	p.shows("renewed", "a new link is on its way")
	return p
}

func restsAfterNewLink(t *testing.T, browser context.Context) {
	p := withANewLink(t, browser)
	defer p.close()
	p.shows("resend", "Try again in ")
	p.is(`resend.getAttribute("aria-disabled") === "true"`)
}

func renewsInAnotherLanguage(t *testing.T, browser context.Context) {
	p := withANewLink(t, browser)
	defer p.close()
	p.is(`document.querySelector("[data-lang=fr]").click() === undefined`)
	p.shows("renew-title", "Ce lien ne peut plus être utilisé")
	p.shows("renew-who", email)
	p.shows("renewed", "un nouveau lien est en route")
	p.shows("resend", "Réessayez dans ")
	p.is(`resend.getAttribute("aria-disabled") === "true" && resend.click() === undefined`)
	p.is(`!document.getElementById("choose").checkVisibility() && !document.getElementById("reason").checkVisibility()`)
	if calls := p.api.made(); len(calls) != 2 {
		t.Errorf("it asked for %v", calls)
	}
	p.is(`!document.querySelector("[data-lang=en]").href.includes("sent")`)
	p.do(reload())
	p.shows("again-title", "Ce lien ne peut plus être utilisé")
	p.is(`document.querySelector("#again a").getAttribute("href") === "/account?lang=fr#/join"`)
}

func leadsToLogin(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.will(resend, http.StatusConflict, `{"message":"This account is already active.","code":"EMAIL_ALREADY_ACTIVE"}`)
	p.asksForAnother(http.StatusForbidden, `{"message":"This link can no longer be used.","code":"MAGIC_LINK_INVALID"}`, "This link can no longer be used.")
	p.shows("renew-problem", "This account is already active.")
	p.is(`document.querySelector("#renew-login a").checkVisibility() && document.querySelector("#renew-login a").getAttribute("href") === "/account?lang=en#/login"`)
}

// leadsWhoRegisteredToLogin has somebody begin to register with another address before, in
// the same tab.
func leadsWhoRegisteredToLogin(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.will(finish, http.StatusOK, issued)
	p.is(`sessionStorage.setItem("flowxi.joining", "mistyped@example.org") === undefined`)
	p.choose(password, password)
	p.shows("done-title", "ready")
	p.is(`document.querySelector("#done a").click() === undefined`)
	p.is(`location.pathname + location.hash === "/account#/login" && document.getElementById("login").checkVisibility()`)
	p.is(`document.getElementById("login-email").value === ` + quote(email) + ` && sessionStorage.getItem("flowxi.joining") === null`)
}

func explainsIncompleteLink(t *testing.T, browser context.Context) {
	for _, cut := range []string{
		"email=ada@example.org", "email=ada@example.org&token=", "email=ada@example.org&token=" + token[:63],
		"email=ada@example.org&token=" + token + "0", "token=" + token + "&email=", "token=" + token + "&email=ada%4",
		"token=" + token + "&email=ada%40", "token=" + token + "&email=ada%40example",
	} {
		p := openTab(t, browser, "/register?lang=en&"+cut)
		p.shows("incomplete-title", "This link is not complete")
		p.do(reload())
		p.shows("incomplete-title", "This link is not complete")
		p.is(`!document.getElementById("form").checkVisibility()`)
		p.close()
	}
}

func explainsNoConnection(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.api.will(finish, http.StatusOK, "<html>a proxy was here</html>")
	p.choose(password, password)
	p.shows("problem", "could not be reached")
}

func revealsPassword(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.do(focus("show"))
	p.press(" ")
	p.shows("show", "Hide password")
	p.is(`password.type === "text" && confirmation.type === "text"`)
	p.press(" ")
	p.is(`password.type === "password" && confirmation.type === "password"`)
}

func hasAnOpinion(t *testing.T, browser context.Context) {
	p := openTab(t, browser, link+"&lang=en")
	defer p.close()
	p.do(focus("password"))
	for _, step := range []struct{ keys, want, level string }{
		{"abcd", "4 of at least 8 characters.", "1"},
		{"efgh", "Long enough.", "2"},
		{" and some more", "A good length.", "3"},
	} {
		p.press(step.keys)
		p.shows("live", step.want)
		p.is(`strength.dataset.level === ` + quote(step.level))
	}
	p.is(`password.select() === undefined`)
	p.press("aaaaaaaaaa")
	p.shows("live", "easy to guess")
	p.is(`password.select() === undefined`)
	p.press(email)
	p.shows("live", "This is your email address.")
}
