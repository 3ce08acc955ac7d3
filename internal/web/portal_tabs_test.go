package web_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"flowxi.app/flowxi/internal/authtest"
)

// token is that of who is logged in.
func (p tab) token() string {
	p.t.Helper()
	return p.value(`sessionStorage.getItem("flowxi.token")`)
}

// keepsWhatOthersChanged has another device change the profile, and somebody begin to type a
// date, before the language is changed.
func keepsWhatOthersChanged(t *testing.T, v visitor) {
	p := v.register(t, "others.changed@example.org", "/account?lang=en")
	p.isAt("profile")
	api := v.srv.Client(t).Token(p.token())
	api.Patch("/me", authtest.Fields{"birth_date": "1990-05-17", "last_name": "King"}).Expect(http.StatusOK, "ME_UPDATED")
	p.do(chromedp.Reload())
	p.is(`document.getElementById("profile-birth-date").value === "1990-05-17"`)
	api.Patch("/me", authtest.Fields{"last_name": "Byron"}).Expect(http.StatusOK, "ME_UPDATED")
	p.do(focus("profile-birth-date"))
	p.press(kb.Backspace)
	p.is(`document.getElementById("profile-birth-date").value === ""`)
	p.changesTo("fr")
	p.isAt("profile")
	p.is(`document.getElementById("profile-birth-date").value === "1990-05-17" && document.getElementById("profile-last-name").value === "Byron"`)
	p.fill("profile-first-name", "Ada")
	p.press(kb.Enter)
	p.shows("me-name", "Ada Byron")
	if date := api.Get("/me").Expect(http.StatusOK, "ME_OK").Text("data.birth_date"); date != "1990-05-17" {
		t.Errorf("the date is %q", date)
	}
	p.ends()
}

// asksForNobodysToken has two people in two tabs of one browser, of which neither heard of the
// other, when a third is opened.
func asksForNobodysToken(t *testing.T, v visitor) {
	first := v.register(t, "first.tab@example.org", "/account?lang=en")
	first.isAt("profile")
	mine := first.token()
	theirs := v.srv.Client(t).Register("second.tab@example.org").Bearer()
	second := v.opens(t, "/docs", sameBrowser(t, first))
	second.is(`sessionStorage.setItem("flowxi.token", ` + quote(theirs) + `) === undefined`)
	second.do(chromedp.Navigate(v.srv.URL + "/account?lang=en"))
	second.shows("me-name", "second.tab@example.org")
	third := v.opens(t, "/account?lang=en", sameBrowser(t, first))
	third.isAt("profile")
	third.is(`[` + quote(mine) + `, ` + quote(theirs) + `].includes(sessionStorage.getItem("flowxi.token"))`)
	if got := []string{first.token(), second.token()}; got[0] != mine || got[1] != theirs {
		t.Errorf("the tabs have the tokens %q, want %q and %q", got, mine, theirs)
	}
	first.shows("me-name", "first.tab@example.org")
	third.is(`sessionStorage.removeItem("flowxi.token") === undefined`) // as where somebody is logging in
	fourth := v.opens(t, "/account?lang=en", sameBrowser(t, first))
	fourth.isAt("profile")
	third.is(`sessionStorage.getItem("flowxi.token") === null`)
	fourth.ends()
	first.ends()
	second.ends()
	third.ends()
}

// worksInATabAlone takes what leads from tab to tab from the browser.
func worksInATabAlone(t *testing.T, v visitor) {
	const email = "tab.alone@example.org"
	v.srv.Client(t).Register(email)
	p := v.visits(t, "/account?lang=en")
	p.isAt("login")
	p.do(onEachPage(`delete window.BroadcastChannel`))
	p.do(reload())
	p.isAt("login")
	p.logsIn(email, authtest.Password)
	p.isAt("profile")
	p.do(reload())
	p.isAt("profile")
	p.click("leave")
	p.isAt("login")
	p.ends()
}

// endsKindlyInEveryTab has one tab hear that the session is over, and another have changes that
// are not saved.
func endsKindlyInEveryTab(t *testing.T, v visitor) {
	const email = "every.tab@example.org"
	first := v.register(t, email, "/account?lang=en")
	first.isAt("profile")
	second := v.opens(t, "/account?lang=en", sameBrowser(t, first))
	second.isAt("profile")
	second.fill("profile-first-name", "Ada")
	v.srv.Client(t).Token(first.token()).Post("/auth/logout", nil).Expect(http.StatusOK, "LOGOUT_SUCCESS")
	first.is(`document.querySelector("#nav a[href='#/security']").click() === undefined`)
	for _, p := range []tab{first, second} {
		p.isAt("login")
		p.shows("notice", words(t, "en")("page.account.expired"))
	}
	first.logsIn(email, authtest.Password)
	first.isAt("security")
	second.isAt("profile")
	second.is(`document.getElementById("profile-first-name").value === "Ada"`)
	second.shows("profile-form-problem", words(t, "en")("page.account.profile.unsaved"))
	first.ends()
	second.ends()
}

// outInTwoTabs makes a person who is logged out in two tabs of one browser.
func (v visitor) outInTwoTabs(t *testing.T, email string) (first, second tab) {
	t.Helper()
	first = v.register(t, email, "/account?lang=en")
	first.isAt("profile")
	first.click("leave")
	second = v.opens(t, "/account?lang=en", sameBrowser(t, first))
	second.isAt("login")
	return first, second
}

// letsNobodyInOverAnother has a login be answered once somebody else is in by another tab.
func letsNobodyInOverAnother(t *testing.T, v visitor) {
	const slow, quick = "slow.login@example.org", "quick.login@example.org"
	v.srv.Client(t).Register(slow)
	first, second := v.outInTwoTabs(t, quick)
	second.is(`(window.realFetch = fetch) && (window.fetch = async (...all) => {
		const answer = await realFetch(...all);
		if (all[0].endsWith("/auth/login")) await new Promise((resolve) => { window.release = () => resolve(true); });
		if (all[0].endsWith("/auth/logout")) window.given = answer.status;
		return answer;
	})`)
	second.logsIn(slow, authtest.Password)
	second.is(`window.release`)
	first.logsIn(quick, authtest.Password)
	first.isAt("profile")
	second.isAt("profile")
	second.shows("notice", "already logged in, as "+quick)
	token := first.token()
	second.is(`release() === undefined`)
	second.is(`window.given === 200`)
	second.shows("me-name", quick)
	if got := []string{first.token(), second.token()}; got[0] != token || got[1] != token {
		t.Error("the login that came late took the place of the other")
	}
	first.ends()
	second.ends()
}

// letsTheSamePersonIn has a login be answered once the same person is in by another tab, whose
// session it has ended.
func letsTheSamePersonIn(t *testing.T, v visitor) {
	const email = "twice.in@example.org"
	first, second := v.outInTwoTabs(t, email)
	second.is(`(window.realFetch = fetch) && (window.fetch = async (...all) => {
		if (all[0].endsWith("/auth/login")) await new Promise((resolve) => { window.release = () => resolve(true); });
		return realFetch(...all);
	})`)
	second.logsIn(email, authtest.Password)
	second.is(`window.release`)
	first.logsIn(email, authtest.Password)
	first.isAt("profile")
	second.isAt("profile")
	token := first.token()
	first.fill("profile-first-name", "Ada")
	second.is(`release() === undefined`)
	second.is(`sessionStorage.getItem("flowxi.token") !== ` + quote(token))
	first.is(`sessionStorage.getItem("flowxi.token") !== ` + quote(token))
	first.isAt("profile")
	first.is(`document.getElementById("profile-first-name").value === "Ada" && !document.getElementById("profile-form-problem").hidden`)
	first.is(`document.getElementById("notice").hidden && document.activeElement.id === "profile-first-name"`)
	first.goes("devices")
	first.is(`document.querySelectorAll("#devices-list li").length === 1`)
	first.ends()
	second.ends()
}

// blamesNoOtherAddress has an address be changed while a login with it is under way.
func blamesNoOtherAddress(t *testing.T, v visitor) {
	p := v.visits(t, "/account?lang=en")
	p.isAt("login")
	p.is(holdsAnswer)
	p.logsIn("asked.about@example.org", authtest.Password)
	p.is(`window.release`)
	p.fill("login-email", "somebody.else@example.org")
	p.is(`release(401, {code: "INVALID_CREDENTIALS", message: "Wrong."}) === undefined`)
	p.is(`window.came && document.querySelector("#login-form [type=submit]").getAttribute("aria-disabled") === null`)
	p.is(`document.getElementById("login-password-error").hidden && document.getElementById("login-form-problem").hidden`)
	p.ends()
}

// seesWhichPhotoThereIs cancels a photo that the server has taken, and of which it has not said
// so yet.
func seesWhichPhotoThereIs(t *testing.T, v visitor) {
	p := v.register(t, "too.late@example.org", "/account?lang=en")
	p.isAt("profile")
	p.choosesAPhoto(t)
	p.is(`crop.open`)
	p.is(`(window.realFetch = fetch) && (window.fetch = async (path, options) => {
		if (!path.endsWith("/me/photo")) return realFetch(path, options);
		await realFetch(path, { ...options, signal: null });
		window.taken = true;
		return new Promise((_, reject) => options.signal.addEventListener("abort", () => reject(options.signal.reason)));
	})`)
	p.click("crop-save")
	p.is(`window.taken`)
	p.is(`(window.fetch = (...all) => new Promise((resolve) => { window.release = () => resolve(realFetch(...all)); }))`) // which photo there is
	p.click("crop-cancel")
	p.is(`window.release`)
	p.choosesAPhoto(t)
	p.is(`crop.open`)
	p.click("crop-cancel")
	p.is(`release() === undefined`)
	p.is(`!crop.open && !photo.hidden && photo.complete && photo.naturalWidth > 0`)
	p.ends()
}
