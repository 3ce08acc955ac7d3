package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/browsertest"
)

// TestTheDocumentsInABrowser looks at a page of each kind, on a server that works.
func TestTheDocumentsInABrowser(t *testing.T) {
	t.Parallel()
	v := visitor{browsertest.Start(t, chromedp.Flag("hide-scrollbars", true)), authtest.Start(t, authtest.Embedded, authtest.FastHash())}
	for name, path := range map[string]string{
		"start": "/docs", "operation": "/docs/post-auth-login", "code": "/docs/errors/OTP_INVALID", "limits": "/docs/limits", "contents": "/docs/contents",
		"french": "/docs/fr/login",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := v.visits(t, path)
			p.is(`document.readyState === "complete"`)
			p.look("docs-" + name)
			p.ends()
		})
	}
	t.Run("a code is found by its name", func(t *testing.T) { t.Parallel(); findsACode(t, v) })
	t.Run("a search without a network goes on with one", func(t *testing.T) { t.Parallel(); searchesAgain(t, v) })
	t.Run("what is called so is found first", func(t *testing.T) { t.Parallel(); findsWhatIsCalledSoFirst(t, v) })
	t.Run("what is found lies above the page", func(t *testing.T) { t.Parallel(); showsAboveThePage(t, v) })
	t.Run("the search shuts when the focus leaves it", func(t *testing.T) { t.Parallel(); shutsBehindTheFocus(t, v) })
	t.Run("a guide in French is found, with accents and without", func(t *testing.T) { t.Parallel(); findsInFrench(t, v) })
	t.Run("an operation that is tried can be read", func(t *testing.T) { t.Parallel(); canBeReadWhereItIsTried(t, v) })
	t.Run("an operation can be tried by keyboard", func(t *testing.T) { t.Parallel(); canBeTriedByKeyboard(t, v) })
	t.Run("the token is remembered and forgotten", func(t *testing.T) { t.Parallel(); remembersTheToken(t, v) })
	t.Run("a token where nothing can be remembered", func(t *testing.T) { t.Parallel(); usesATokenOnce(t, v) })
}

func findsACode(t *testing.T, v visitor) {
	p := v.visits(t, "/docs#%") // which is no name of a part
	p.is(`!document.getElementById("search").hidden`)
	p.do(focus("query"))
	p.press("otp_expired")
	p.shows("results", "OTP_EXPIRED")
	p.is(`document.getElementById("count").textContent.includes("found")`)
	p.press(kb.Enter)
	p.is(`location.pathname === "/docs/errors/OTP_EXPIRED"`)
	p.ends()
}

// uncovered is whether every point of the list that is in the window shows the list.
const uncovered = `(() => {
	const list = document.getElementById("results"), box = list.getBoundingClientRect();
	for (let y = box.top + 4; y < Math.min(box.bottom, innerHeight) - 4; y += 6)
		for (let x = box.left + 4; x < box.right - 4; x += 6)
			if (!list.contains(document.elementFromPoint(x, y))) return false;
	return box.height > 200;
})()`

func showsAboveThePage(t *testing.T, v visitor) {
	p := v.visits(t, "/docs/login")
	for _, width := range []int64{390, 800, 1280} {
		p.do(chromedp.EmulateViewport(width, 844))
		p.searches("login")
		p.shows("results", "login")
		p.is(`document.querySelector(".copy")`)
		p.is(`[...document.querySelectorAll(".prose .code")].some((block) => block.getBoundingClientRect().top < document.getElementById("results").getBoundingClientRect().bottom)`)
		p.is(uncovered)
		p.is(`(document.getElementById("query").value = "") === ""`)
	}
	p.ends()
}

// searches types into the search, once there is one.
func (p tab) searches(text string) {
	p.t.Helper()
	p.is(`!document.getElementById("search").hidden`)
	p.do(focus("query"))
	p.press(text)
}

func searchesAgain(t *testing.T, v visitor) {
	p := v.visits(t, "/docs/login")
	p.is(`(window.realFetch = fetch) && (window.fetch = () => Promise.reject((window.refused = true)))`)
	p.searches("otp_expired")
	p.is(`refused && document.getElementById("results").hidden && (window.fetch = realFetch)`)
	p.shows("results", "OTP_EXPIRED")
	p.ends()
}

func canBeReadWhereItIsTried(t *testing.T, v visitor) {
	p := v.visits(t, "/docs/try/")
	p.is(`document.querySelector(".opblock")`)
	p.accessible("/docs/try", "null")
	p.is(`document.querySelector('[id^="operations-"][id$="-login"] .opblock-summary-control').click() === undefined`)
	p.is(`document.querySelector(".execute")`)
	p.accessible("/docs/try, a form", "null")
	p.is(`document.querySelector(".execute").click() === undefined`)
	p.is(`document.querySelector(".curl-command") && document.querySelector(".live-responses-table .microlight")`)
	p.is(`document.getAnimations().length === 0`) // a button that was pressed has another colour for a moment
	p.accessible("/docs/try, an answer", "null")
	p.is(`document.querySelector(".auth-wrapper .authorize").click() === undefined`)
	p.is(`document.querySelector(".auth-container input")`)
	p.accessible("/docs/try, a token", "null")
	p.press(kb.Escape)
	for _, operation := range []string{"updatePhoto", "headMe", "deletePhoto", "updateMe"} { // each method has colours of its own
		p.is(`document.querySelector('[id^="operations-"][id$="-` + operation + `"] .opblock-summary-control').click() === undefined`)
	}
	p.is(`document.querySelector("input[type=file]") && document.querySelector(".opblock-delete.is-open .execute")`)
	p.is(`document.getAnimations().length === 0`)
	p.accessible("/docs/try, of each method", "null")
	p.is(`[...document.querySelectorAll("[id]")].every(({ id }, i, all) => all.findLastIndex((e) => e.id === id) === i)`)
	p.ends()
}

// canBeTriedByKeyboard has the focus stay where the person is, whatever Swagger UI takes away.
func canBeTriedByKeyboard(t *testing.T, v visitor) {
	p := v.visits(t, "/docs/try/")
	p.is(`document.querySelector('[id^="operations-"][id$="-login"] .opblock-summary-control').click() === undefined`)
	p.is(`document.querySelector(".execute")`)
	p.do(chromedp.Focus(chromedp.CSS(".execute")))
	p.press(kb.Enter)
	p.is(`document.querySelector(".live-responses-table") && document.activeElement.matches(".execute")`)
	p.do(chromedp.Focus(chromedp.CSS(".btn-clear")))
	p.press(kb.Enter)
	p.is(`!document.querySelector(".btn-clear") && document.activeElement.matches(".execute")`)
	p.do(chromedp.Focus(chromedp.CSS(".auth-wrapper .authorize")))
	p.press(kb.Enter)
	p.is(`document.activeElement.matches("[role=dialog][aria-modal=true]")`)
	for range 6 { // round, and over the browser's own
		p.press(kb.Tab)
		p.is(`document.activeElement === document.body || document.activeElement.closest("[role=dialog]")`)
	}
	p.do(chromedp.Focus(chromedp.CSS(".auth-container input")))
	p.press("17|fxp_token" + kb.Enter)
	p.is(`document.querySelector(".auth-wrapper .authorize.locked") && document.activeElement.closest("[role=dialog]")`)
	p.press(kb.Escape)
	p.is(`!document.querySelector("[role=dialog], [inert]") && document.activeElement.matches(".auth-wrapper .authorize")`)
	p.is(`document.querySelector('.opblock-summary-patch .authorization__btn').getAttribute("aria-label") === "Token for PATCH /me, given"`)
	p.is(`document.querySelector(".auth-wrapper .authorize").getAttribute("aria-label") === "Authorize, token given"`)
	p.is(`document.querySelector('[id^="operations-"][id$="-updatePhoto"] .opblock-summary-control').click() === undefined`)
	p.is(`document.querySelector("input[type=file]")`)
	p.do(chromedp.Focus(chromedp.CSS(`[id$="-updatePhoto"] .execute`)))
	p.press(kb.Enter)
	p.is(`document.activeElement.matches("input[type=file]:invalid")`)
	p.ends()
}

func shutsBehindTheFocus(t *testing.T, v visitor) {
	p := v.visits(t, "/docs/login")
	p.searches("login")
	p.shows("results", "login")
	p.is(`document.getElementById("results").scrollHeight > document.getElementById("results").clientHeight`)
	p.press(kb.Tab)
	p.is(`!document.getElementById("search").contains(document.activeElement) && document.activeElement !== document.body`)
	p.is(`document.getElementById("results").hidden && document.getElementById("query").getAttribute("aria-expanded") === "false"`)
	p.ends()
}

func findsWhatIsCalledSoFirst(t *testing.T, v visitor) {
	p := v.visits(t, "/docs")
	p.searches("Login")
	first := `document.querySelector("#results li strong").textContent.split(" › ")[0] === "Login"`
	p.is(first)
	p.press(kb.Tab)
	p.is(`document.getElementById("results").hidden`)
	p.do(focus("query"))
	p.press(kb.ArrowDown) // opens them again
	p.is(`!document.getElementById("results").hidden && ` + first)
	p.press(kb.Enter)
	p.is(`location.pathname === "/docs/login"`)
	p.ends()
}

func findsInFrench(t *testing.T, v visitor) {
	p := v.visits(t, "/docs/fr")
	p.is(`!document.getElementById("search").hidden`)
	for _, typed := range []string{"l’écran révoqué crée", "L'ECRAN revoque cree"} {
		p.do(focus("query"))
		p.press(typed)
		p.shows("results", "Connexion")
		p.is(`document.getElementById("count").textContent === "1 page trouvée"`)
		p.is(`document.querySelector("#results [lang=fr]")`)
		p.is(`(document.getElementById("query").value = "") === ""`)
	}
	p.press("post otp_expired")
	p.is(`document.querySelector("#results [lang=en]")`)
	p.is(`(document.getElementById("query").value = "") === ""`)
	p.press("seconde étape" + kb.Enter)
	p.is(`location.pathname === "/docs/fr/login" && location.hash === "#the-second-step"`)
	p.is(`document.querySelector(".copy").textContent === "Copier"`)
	p.is(`document.querySelector(".languages a").click() === undefined`)
	p.is(`location.pathname === "/docs/login" && location.hash === "#the-second-step"`)
	p.is(`document.documentElement.lang === "en" && document.querySelector(".copy").textContent === "Copy"`)
	p.ends()
}

func remembersTheToken(t *testing.T, v visitor) {
	p := v.visits(t, "/docs/try/")
	p.is(`document.querySelector(".auth-wrapper .authorize.unlocked") !== null`)
	p.is(`document.getElementById("kept").hidden`)
	p.is(`document.querySelector(".auth-wrapper .authorize").click() === undefined`)
	p.is(`document.querySelector(".auth-container input")`)
	p.do(chromedp.Focus(chromedp.CSS(".auth-container input")))
	p.press("17|fxp_token" + kb.Enter)
	p.is(`sessionStorage.getItem("flowxi.try.token") === "17|fxp_token"`)
	p.do(chromedp.Reload())
	p.shows("kept", "until this tab is closed")
	p.is(`document.querySelector(".auth-wrapper .authorize.locked")`)
	p.is(`document.querySelector('[id^="operations-"][id$="-me"] .opblock-summary-control').click() === undefined`)
	p.is(`document.querySelector(".execute")`)
	p.is(`document.querySelector(".execute").click() === undefined`)
	p.is(`document.querySelector(".curl-command").textContent.includes("17|fxp_token")`)
	p.click("forget")
	p.is(`!document.body.textContent.includes("17|fxp_token")`)
	p.is(`document.getElementById("kept").hidden && document.querySelector(".auth-wrapper .authorize.unlocked")`)
	p.is(`sessionStorage.length === 0 && localStorage.length === 0`)
	p.ends()
}

// usesATokenOnce has the browser refuse its storage, as some do in private windows.
func usesATokenOnce(t *testing.T, v visitor) {
	p := v.visits(t, "/docs/try/")
	p.is(`document.querySelector(".auth-wrapper .authorize.unlocked") !== null`)
	p.is(`Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("refused", "SecurityError"); } })`)
	p.is(`document.querySelector(".auth-wrapper .authorize").click() === undefined`)
	p.is(`document.querySelector(".auth-container input")`)
	p.do(chromedp.Focus(chromedp.CSS(".auth-container input")))
	p.press("17|fxp_token" + kb.Enter)
	p.is(`document.querySelector(".auth-wrapper .authorize.locked")`)
	p.is(`document.getElementById("kept").hidden`)
	p.ends()
}
