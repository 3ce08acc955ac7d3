package web_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	encode "image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/browsertest"
	"flowxi.app/flowxi/internal/locale"
)

// TestPortal has people use the portal in a browser, on a server that works.
func TestPortal(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t, chromedp.Flag("hide-scrollbars", true))
	srv := authtest.Start(t, authtest.Embedded, authtest.FastHash())
	for name, test := range map[string]func(*testing.T, visitor){
		"everything once, in English":              func(t *testing.T, v visitor) { walksThrough(t, v, "en") },
		"everything once, in French":               func(t *testing.T, v visitor) { walksThrough(t, v, "fr") },
		"by keyboard alone":                        worksByKeyboard,
		"by link":                                  joinsByLink,
		"what axe-core has to find":                judgesForReal,
		"an address that is taken":                 tellsOfAnAccount,
		"a password that the server refuses":       refusesAPassword,
		"a wrong code leads back to it":            asksForTheCodeAgain,
		"the way in outlives a reload":             keepsTheWayIn,
		"the language stays":                       keepsTheLanguage,
		"a session that ends":                      endsKindly,
		"tabs share one session":                   sharesASession,
		"the token ends with the tabs":             forgetsWithTheTabs,
		"a challenge outlives a reload":            goesOnAfterAReload,
		"the server cannot be reached":             offersToTryAgain,
		"markup in a profile is text":              showsMarkupAsText,
		"what has expired while somebody set up":   beginsSetupAgain,
		"a file that is no picture":                refusesAFile,
		"errors of a profile stand at their field": showsProfileErrors,
		"another tab is somebody else's":           doesNothingForAnother,
		"a question ends with its view":            asksNoLonger,
		"what was typed outlives the session":      keepsWhatWasTyped,
		"an answer that comes late":                hearsNoLateAnswer,
		"an answer that would lead on comes late":  goesNoLateWay,
		"a secret that comes late":                 showsNoLateSecret,
		"a list that does not come":                tellsOfAListThatIsOld,
		"a logout that the server does not hear":   leavesAlone,
		"what is typed while the rest is saved":    keepsWhatIsTypedWhileItSaves,
		"back leads back":                          leadsBack,
		"what was typed is out of sight":           keepsWhatWasTypedOutOfSight,
		"a picture that comes late":                showsNoLatePicture,
		"a dialog ends with its view":              showsNoQuestionOverAnother,
		"a photo that is cancelled":                cancelsAPhoto,
		"an address that was mistyped":             changesTheAddress,
		"a code that was sent before":              hasACode,
		"an address that is changed meanwhile":     typesOn,
		"a device that comes back meanwhile":       comesBackMeanwhile,
		"a device that is gone meanwhile":          isGoneMeanwhile,
		"back keeps the language":                  goesBackInItsLanguage,
		"two devices of one name":                  tellsDevicesApart,
		"colours that the system forces":           standsOutInForcedColours,
		"a setup outlives a reload":                goesOnToSetUp,
		"changes that are not saved":               keepsADraft,
		"changes end with a logout":                forgetsADraft,
		"what was not changed in a profile":        keepsWhatOthersChanged,
		"a third tab between two people":           asksForNobodysToken,
		"no tab knows of another":                  worksInATabAlone,
		"a session that ends in every tab":         endsKindlyInEveryTab,
		"a login that comes too late":              letsNobodyInOverAnother,
		"a login that the same person was before":  letsTheSamePersonIn,
		"an address that is changed while it asks": blamesNoOtherAddress,
		"a photo that was cancelled too late":      seesWhichPhotoThereIs,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, visitor{browser, srv}) })
	}
}

// visitor is somebody with a browser of their own.
type visitor struct {
	browser context.Context
	srv     *authtest.Server
}

// visits opens the portal with nothing remembered from before.
func (v visitor) visits(t *testing.T, path string) tab {
	t.Helper()
	return v.opens(t, path, chromedp.WithNewBrowserContext())
}

func (v visitor) opens(t *testing.T, path string, options ...chromedp.ContextOption) tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(v.browser, options...)
	t.Cleanup(closeTab)
	p := tab{t: t, ctx: ctx}
	p.do(chromedp.EmulateViewport(390, 844))
	p.faults = listenForFaults(t, ctx)
	p.do(chromedp.Navigate(v.srv.URL + path))
	return p
}

// words are the texts of the portal in a language.
func words(t *testing.T, lang string) func(key string) string {
	t.Helper()
	catalog, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	return func(key string) string { return catalog.Text(account.Locale(lang), key, nil) }
}

// fill types into a field in place of what is there.
func (p tab) fill(id, text string) {
	p.t.Helper()
	p.do(focus(id))
	p.is(`document.getElementById(` + quote(id) + `).select() === undefined`)
	p.press(text)
}

// pastes puts a text into a field that no key is for.
func (p tab) pastes(id, text string) {
	p.t.Helper()
	p.fill(id, "")
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return chromedp.Void{}, err
	})
}

func (p tab) click(id string) {
	p.t.Helper()
	p.is(`document.getElementById(` + quote(id) + `).checkVisibility()`)
	p.is(`document.getElementById(` + quote(id) + `).click() === undefined`)
}

// is at a view when that is shown and people were led to it.
func (p tab) isAt(view string) {
	p.t.Helper()
	p.is(`!document.getElementById(` + quote(view) + `).hidden && location.hash === ` + quote("#/"+view) + ` && !page.hasAttribute("aria-busy")`)
}

// logsIn fills the form in and sends it.
func (p tab) logsIn(email, password string) {
	p.t.Helper()
	p.isAt("login")
	p.fill("login-email", email)
	p.fill("login-password", password)
	p.press(kb.Enter)
}

// ends holds the console to its silence.
func (p tab) ends() {
	p.t.Helper()
	if faults := p.faults(); len(faults) > 0 {
		p.t.Errorf("the console complains: %q", faults)
	}
}

// alone is a visitor of a server of their own, whose clock nobody else moves.
func (v visitor) alone(t *testing.T, options ...authtest.Option) visitor {
	t.Helper()
	return visitor{v.browser, authtest.Start(t, authtest.Embedded, append(options, authtest.FastHash())...)}
}

func walksThrough(t *testing.T, v visitor, lang string) {
	v = v.alone(t)
	says, c := words(t, lang), v.srv.Client(t)
	email := "walker." + lang + "@example.org"
	p := v.visits(t, "/account?lang="+lang)
	p.isAt("login")
	p.look(lang + "-01-login")
	p.is(`document.querySelector("#login a").click() === undefined`)
	p.isAt("join")
	p.focused("join-title")
	p.press(kb.Tab)
	p.focused("join-email")
	p.press(kb.Enter)
	p.shows("join-email-error", says("page.account.missing_email"))
	p.focused("join-email")
	p.fill("join-email", email)
	p.look(lang + "-02-join")
	p.press(kb.Enter)
	p.isAt("code")
	code := c.Mail(email, 1).Code
	p.fill("code-code", authtest.OtherCode(code))
	p.press(kb.Enter)
	p.shows("code-code-error", says("code.OTP_INVALID"))
	p.focused("code-code")
	p.look(lang + "-03-code")
	p.pastes("code-code", "\u202a"+code[:3]+"-"+code[3:]+"\u202c")
	p.press(kb.Enter)
	p.isAt("choose")
	p.fill("choose-password", "short")
	p.fill("choose-confirmation", "shorter")
	p.press(kb.Enter)
	p.shows("choose-confirmation-error", says("page.account.mismatch"))
	p.look(lang + "-04-choose")
	p.fill("choose-password", authtest.Password)
	p.fill("choose-confirmation", authtest.Password)
	p.press(kb.Enter)
	p.isAt("profile")
	p.shows("notice", says("page.account.welcome"))
	p.look(lang + "-05-new")
	editsAProfile(p, says, lang)
	changesAPhoto(p, says, lang)
	looksAfterDevices(p, v, says, lang, email)
	usesTwoFactors(p, v, says, lang, email)
	p.ends()
}

func editsAProfile(p tab, says func(string) string, lang string) {
	p.t.Helper()
	p.fill("profile-first-name", "Ada")
	p.fill("profile-last-name", "Lovelace")
	p.fill("profile-phone-number", "12")
	p.press(kb.Enter)
	p.shows("profile-phone-number-error", "+22900000000")
	p.focused("profile-phone-number")
	p.is(`document.activeElement.getAttribute("aria-describedby").includes("profile-phone-number-error")`)
	p.look(lang + "-06-profile-error")
	p.fill("profile-phone-number", "+229 01 02 03 04")
	p.do(chromedp.SetValue(chromedp.ID("profile-birth-date"), "1815-12-10"))
	p.do(chromedp.SetValue(chromedp.ID("profile-country"), "BJ"), chromedp.SetValue(chromedp.ID("profile-nationality"), "FRA"))
	p.press(kb.Enter)
	p.shows("profile-birth-date-error", "1900")
	p.do(chromedp.SetValue(chromedp.ID("profile-birth-date"), "1915-12-10"))
	p.press(kb.Enter)
	p.shows("saved", says("code.ME_UPDATED"))
	p.shows("me-name", "Ada Lovelace")
	p.is(`document.getElementById("profile-phone-number").value === "+22901020304"`)
	p.is(`document.getElementById("profile-country").selectedOptions[0].text === ` + map[string]string{"fr": `"Bénin"`, "en": `"Benin"`}[lang])
	p.click("profile-first-name") // what was saved is kept
	p.do(chromedp.Reload())
	p.isAt("profile")
	p.is(`document.getElementById("profile-nationality").value === "FRA" && document.getElementById("profile-birth-date").value === "1915-12-10"`)
}

func changesAPhoto(p tab, says func(string) string, lang string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(chromedp.ID("photo-file"), []string{landscape(p.t)}))
	p.is(`crop.open`)
	p.focused("crop-title")
	p.is(reads("crop-canvas", "red", 20, 320) + ` && ` + reads("crop-canvas", "blue", 620, 320))
	p.drags("crop-canvas", 60)
	p.is(reads("crop-canvas", "red", 400, 320)) // which was blue
	p.look(lang + "-07-crop")
	p.do(focus("crop-across"))
	p.press(kb.Home)
	p.is(reads("crop-canvas", "red", 20, 320) + ` && ` + reads("crop-canvas", "red", 620, 320)) // the left end alone
	p.click("crop-save")
	p.is(`!crop.open && photo.complete && photo.naturalWidth === 640 && photo.naturalHeight === 640`)
	p.is(`document.getElementById("announcer").textContent === ` + quote(says("code.ME_PHOTO_UPDATED")))
	p.look(lang + "-08-profile")
	p.click("photo-remove")
	p.is(`sure.open && document.getElementById("announcer").textContent === ""`)
	p.look(lang + "-09-sure")
	p.click("sure-yes")
	p.is(`!sure.open && photo.hidden && !photo.hasAttribute("src") && document.getElementById("initials").checkVisibility()`)
	p.focused("photo-file")
}

// drags moves an element to the right, slowly.
func (p tab) drags(id string, by int) {
	p.t.Helper()
	at, err := chromedp.Run(p.ctx, chromedp.Evaluate[struct{ X, Y float64 }](`(({ x, y, width, height }) => ({ X: x + width / 3, Y: y + height / 2 }))(document.getElementById(`+quote(id)+`).getBoundingClientRect())`))
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, at.X, at.Y, chromedp.ButtonLeft))
	for range by {
		at.X++
		p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at.X, at.Y, chromedp.ButtonLeft))
	}
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, at.X, at.Y, chromedp.ButtonLeft))
}

// landscape is a picture whose left half is red and whose right half is blue.
func landscape(t *testing.T) (path string) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 1600, 800))
	for y := range 800 {
		for x := range 1600 {
			c := color.RGBA{R: 220, A: 255}
			if x >= 800 {
				c = color.RGBA{B: 220, A: 255}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	var file bytes.Buffer
	if err := encode.Encode(&file, picture, nil); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "landscape.jpg")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// reads tells whether a pixel of a canvas is of that colour.
func reads(id, colour string, x, y int) string {
	channel := map[string]string{"red": "p[0] > 180 && p[2] < 60", "blue": "p[2] > 180 && p[0] < 60"}[colour]
	at, _ := json.Marshal([]int{x, y, 1, 1})
	return `((p) => ` + channel + `)(document.getElementById(` + quote(id) + `).getContext("2d").getImageData(...` + string(at) + `).data)`
}

func looksAfterDevices(p tab, v visitor, says func(string) string, lang, email string) {
	p.t.Helper()
	c := v.srv.Client(p.t)
	phone := c.Login(email, "phone-"+lang).Expect(200, "LOGIN_SUCCESS").Text("data.access_token")
	tablet := c.Login(email, "tablet-"+lang).Expect(200, "LOGIN_SUCCESS").Text("data.access_token")
	c.Login(email, "watch-"+lang).Expect(200, "LOGIN_SUCCESS")
	p.is(`document.querySelector("#nav a[href='#/devices']").click() === undefined`)
	p.isAt("devices")
	p.is(`document.querySelectorAll("#devices-list li").length === 4`)
	p.is(`[...document.querySelectorAll("#devices-list .badge")].filter((b) => b.checkVisibility()).length === 1`)
	p.is(`document.querySelector("#devices-list li:has(.badge:not([hidden])) h2").textContent.includes("Chrom")`)
	p.look(lang + "-10-devices")
	p.is(button("Device phone-"+lang) + `.click() === undefined`)
	p.is(`document.querySelectorAll("#devices-list li").length === 3`)
	p.shows("devices-done", "phone-"+lang)
	p.focused("devices-title")
	if c.Token(phone).IsLoggedIn() || !c.Token(tablet).IsLoggedIn() {
		p.t.Error("not the phone alone is logged out")
	}
	p.click("others-out")
	p.is(`sure.open`)
	p.press(kb.Escape)
	p.is(`!sure.open && document.querySelectorAll("#devices-list li").length === 3`)
	p.click("others-out")
	p.is(`sure.open`)
	p.click("sure-yes")
	p.shows("devices-done", says("page.account.devices.others_out"))
	p.is(`document.querySelectorAll("#devices-list li").length === 1 && document.getElementById("others-out").hidden`)
	if c.Token(tablet).IsLoggedIn() {
		p.t.Error("the tablet is still logged in")
	}
}

// button is the one of the device with that name.
func button(device string) string {
	return `[...document.querySelectorAll("#devices-list button")].find((b) => b.textContent.includes(` + quote(device+".") + `))`
}

func usesTwoFactors(p tab, v visitor, says func(string) string, lang, email string) {
	p.t.Helper()
	p.is(`document.querySelector("#nav a[href='#/security']").click() === undefined`)
	p.isAt("security")
	p.look(lang + "-11-security-off")
	p.click("twofa-begin")
	p.focused("setup-title")
	p.is(`document.querySelector("#qr svg[role=img][aria-label]")`)
	p.look(lang + "-12-setup")
	secret := strings.ReplaceAll(p.value(`document.getElementById("secret").textContent`), " ", "")
	uri := p.value(`document.getElementById("otpauth").href`)
	if !strings.Contains(uri, "secret="+secret) || !strings.HasPrefix(uri, "otpauth://totp/Flowxi:") {
		p.t.Errorf("the link for apps is %q, the secret %q", uri, secret)
	}
	if got := p.readQR("qr"); got != uri {
		p.t.Errorf("the QR code reads %q, want %q", got, uri)
	}
	code := authtest.TOTP(secret, v.srv.Now())
	p.fill("enable-code", authtest.OtherCode(code))
	p.press(kb.Enter)
	p.shows("enable-code-error", says("code.TWOFA_INVALID_CODE"))
	p.focused("enable-code")
	p.fill("enable-code", code)
	p.press(kb.Enter)
	p.shows("twofa-done", says("code.TWOFA_ENABLED"))
	p.focused("twofa-title")
	p.is(`!document.documentElement.outerHTML.includes(` + quote(secret) + `) && document.getElementById("state-on").checkVisibility()`)
	p.is(`document.querySelectorAll("details").forEach((d) => { d.open = true; }) === undefined`)
	p.shows("verify-hint", map[string]string{"fr": "nouveau code", "en": "new code"}[lang]) // that one is used
	p.look(lang + "-13-security-on")

	p.click("leave")
	p.isAt("login")
	p.shows("notice", says("code.LOGOUT_SUCCESS"))
	p.is(`sessionStorage.length === 0`)
	p.isAt("login")
	p.pastes("login-email", "\u202a"+email+"\u202c")
	p.fill("login-password", "not this one")
	p.press(kb.Enter)
	p.shows("login-password-error", says("code.INVALID_CREDENTIALS"))
	p.focused("login-password")
	p.look(lang + "-14-wrong-password")
	p.fill("login-email", "another."+email)
	p.is(`!document.getElementById("login-password-error").checkVisibility()`)
	p.logsIn(email, authtest.Password)
	p.isAt("challenge")
	p.look(lang + "-15-challenge")
	p.fill("challenge-code", code) // used already
	p.press(kb.Enter)
	p.shows("challenge-code-error", says("code.TWOFA_INVALID_CODE"))
	p.answers(v, secret, "challenge-code")
	p.isAt("profile")

	p.is(`document.querySelector("#nav a[href='#/security']").click() === undefined`)
	p.isAt("security")
	p.is(`document.querySelector("#twofa-on details:nth-of-type(1) summary").click() === undefined`)
	p.answers(v, secret, "verify-code")
	p.shows("twofa-done", says("code.TWOFA_VERIFIED"))
	p.is(`document.querySelector("#twofa-on details:nth-of-type(2) summary").click() === undefined`)
	p.answers(v, secret, "disable-code")
	p.shows("twofa-done", says("code.TWOFA_DISABLED"))
	p.is(`document.getElementById("state-off").checkVisibility() && document.getElementById("twofa-begin").checkVisibility()`)
}

// answers types the first code that the server has not seen yet. The server takes that of
// the next time step too, and its clock goes on for all who use it.
func (p tab) answers(v visitor, secret, id string) {
	p.t.Helper()
	v.srv.Advance(31 * time.Second)
	p.fill(id, authtest.TOTP(secret, v.srv.Now()))
	p.press(kb.Enter)
}

// readQR has a reader look at a picture of an element.
func (p tab) readQR(id string) string {
	p.t.Helper()
	p.inject("jsqr/dist/jsQR.js")
	png, err := chromedp.Run(p.ctx, chromedp.ScreenshotScale(chromedp.ID(id), 3))
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`(async () => {
		const bytes = Uint8Array.from(atob("`+base64.StdEncoding.EncodeToString(png)+`"), (c) => c.charCodeAt(0));
		const bitmap = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
		const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
		pen.drawImage(bitmap, 0, 0);
		const {data, width, height} = pen.getImageData(0, 0, bitmap.width, bitmap.height);
		return jsQR(data, width, height)?.data ?? "nothing";
	})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}
