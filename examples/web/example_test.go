// Package web_test keeps the example app whole: it compiles, and a person gets through it
// in a browser, from another origin than the server's. Its one rule: what is tested is what
// the README of the example tells a reader to build.
package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/browsertest"
)

const (
	email    = "ada@example.com"
	password = "correct horse battery"
)

// build compiles the client, and the app for a server, into a folder.
func build(t *testing.T, server, into string) {
	t.Helper()
	for _, step := range [][]string{
		{"../../scripts/npm", "../../clients/ts", "build"},
		{"../../scripts/npm", "."},
		{"node_modules/.bin/tsc"},
		{"node_modules/.bin/vite", "build", "--outDir", into},
	} {
		cmd := exec.CommandContext(t.Context(), step[0], step[1:]...)
		cmd.Env = append(os.Environ(), "VITE_FLOWXI_URL="+server)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(step, " "), err, out)
		}
	}
}

func TestAPersonGetsThroughTheApp(t *testing.T) {
	t.Parallel()
	dist := filepath.Join(t.TempDir(), "dist")
	app := httptest.NewUnstartedServer(nil)
	t.Cleanup(app.Close)
	server := authtest.Serve(t, authtest.Build(t), "FLOWXI_RATE_LIMITS=off", "FLOWXI_FRONTEND_ORIGINS=http://"+app.Listener.Addr().String())
	build(t, server, dist)
	policy := strings.ReplaceAll(advisedPolicy(t), "https://id.example.com", server)
	app.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		http.FileServer(http.Dir(dist)).ServeHTTP(w, r)
	})
	app.Start()
	p := open(t, app.URL)

	p.press("Create an account")
	p.fill("email", "ada")
	p.press("Get a code")
	p.is(`document.querySelector("#email-problem").textContent === "The email must be a valid email address."`)
	p.fill("email", email)
	p.press("Get a code")
	p.says("We have sent a code to " + email)
	code := mailedCode(t, server)
	p.fill("code", " "+code[:3]+" "+code[3:]) // as it is pasted
	p.fill("password", password)
	p.picture("register")
	p.press("Create an account")

	p.says("Devices")
	p.says("this device")
	p.fill("first_name", "Ada")
	p.fill("phone_number", "12")
	p.press("Save")
	p.is(`document.querySelector("#phone_number-problem").textContent !== "" && document.activeElement.id === "phone_number"`)
	p.picture("home")
	p.fill("phone_number", "+22900000000")
	p.press("Save")
	p.is(`document.querySelector("#phone_number-problem").textContent === "" && document.querySelector("button[type=submit]").ariaDisabled === "false"`)

	p.do(chromedp.SetValue(chromedp.ID("birth_date"), "1915-12-10"))
	p.is(`document.querySelector("button").focus() || document.querySelector("button").click() || document.querySelector("button").ariaDisabled === "true"`)
	p.is(`document.querySelector("button").ariaDisabled === "false" && document.activeElement === document.querySelector("button")`) // the focus stays
	p.do(chromedp.Focus(chromedp.ID("birth_date")))
	p.do(chromedp.KeyEvent("0231")) // of month and day
	p.is(`document.querySelector("#birth_date").validity.badInput`)
	p.press("Save")
	p.is(`document.querySelector("#birth_date-problem").textContent === "This date is incomplete or does not exist." && document.activeElement.id === "birth_date"`)
	p.picture("no-date")
	p.do(chromedp.Reload())
	p.is(`document.querySelector("#first_name")?.value === "Ada"`) // still logged in
	p.is(`document.querySelector("#birth_date").value === "1915-12-10"`)

	p.is(`window.name = "offline"`)
	p.do(chromedp.Reload())
	p.says("The service cannot be reached.")
	p.picture("offline")
	p.press("Try again")
	p.is(`document.querySelector("[role=alert]").textContent.startsWith("The service cannot be reached.") && document.querySelector("button").ariaDisabled === "false"`)
	p.is(`(window.name = "") === ""`)
	p.press("Try again")
	p.is(`document.querySelector("#first_name")?.value === "Ada"`)
	p.is(`sessionStorage.setItem("flowxi.token", "17|over") || true`)
	p.do(chromedp.Reload())
	p.is(`document.querySelector("#password")`)

	secret := enableTwoFactor(t, server)
	p.fill("email", email)
	p.fill("password", "not that of Ada")
	p.press("Log in")
	p.says("The email or the password is incorrect.")
	p.fill("password", password)
	p.press("Log in")
	p.says("Enter the code that your authenticator app shows.")
	p.picture("second-factor")
	for range 5 { // as many wrong codes as a challenge takes
		p.fill("code", "000000")
		p.press("Log in")
		p.is(`document.querySelector("#code").form.querySelector("button").ariaDisabled === "false"`)
	}
	p.fill("code", "000000")
	p.press("Log in")
	p.says("This login is no longer valid. Log in again.")
	p.picture("challenge-over")
	p.fill("email", email)
	p.fill("password", password)
	p.press("Log in")
	p.says("Enter the code that your authenticator app shows.")
	p.fill("code", authtest.TOTP(secret, time.Now()))
	p.press("Log in")

	p.says("Ada’s phone")
	p.press("Log Ada’s phone out")
	p.is(`document.querySelectorAll("li").length === 1`)
	p.press("Français")
	p.says("Appareils")
	p.picture("french")
	p.press("Se déconnecter")
	p.says("Mot de passe")
	p.is(`document.documentElement.scrollWidth <= innerWidth`)
	p.is(`sessionStorage.length === 0 && localStorage.length === 1`)
}

// advisedPolicy is the Content-Security-Policy that the README says is enough.
func advisedPolicy(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	policy := regexp.MustCompile("`(default-src [^`]+)`").FindSubmatch(readme)
	if policy == nil {
		t.Fatal("README.md advises no policy")
	}
	return string(policy[1])
}

// enableTwoFactor logs a phone in and switches the second factor on there. The code is of
// the step before, which leaves that of now for the browser, or of now where the clock has
// just gone past it.
func enableTwoFactor(t *testing.T, server string) (secret string) {
	t.Helper()
	phone := authtest.Remote(t, []string{server}, nil).Client(t)
	login := phone.Post("/auth/login", authtest.Fields{
		"email": email, "password": password, "device_id": "phone", "device_type": "ios", "device_name": "Ada’s phone",
	}).Expect(200, "LOGIN_SUCCESS")
	phone = phone.Token(login.Text("data.access_token"))
	secret = phone.Get("/auth/2fa/status").Text("secret")
	enable := func() *authtest.Answer {
		return phone.Post("/auth/2fa/enable", authtest.Fields{"code": authtest.TOTP(secret, time.Now().Add(-30*time.Second))})
	}
	if enable().Status != http.StatusOK {
		enable().Expect(200, "TWOFA_ENABLED")
	}
	return secret
}

// mailedCode waits for the code that was mailed to Ada.
func mailedCode(t *testing.T, server string) string {
	t.Helper()
	for deadline := time.Now().Add(browsertest.Patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get(server + "/dev/inbox.json?to=" + email)
		if err != nil {
			t.Fatal(err)
		}
		var inbox struct {
			Mails []struct{ Code string } `json:"mails"`
		}
		err = json.NewDecoder(resp.Body).Decode(&inbox)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if len(inbox.Mails) > 0 {
			return inbox.Mails[0].Code
		}
	}
	t.Fatal("no mail has come")
	return ""
}

// page is the app, open in a browser of its own.
type page struct {
	t   *testing.T
	ctx context.Context
}

// mayBeOffline has a window that is named so reach no server.
const mayBeOffline = `{
	const reach = window.fetch;
	window.fetch = (...call) => window.name === "offline" ? Promise.reject(new TypeError("Failed to fetch")) : reach(...call);
}`

func open(t *testing.T, url string) page {
	t.Helper()
	p := page{t: t, ctx: browsertest.Start(t)}
	p.do(chromedp.EmulateViewport(360, 640))
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: mayBeOffline})
		return err
	}))
	p.do(chromedp.Navigate(url))
	p.says("My account")
	return p
}

func (p page) do(step chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, browsertest.Patience)
	defer cancel()
	if err := chromedp.Do(ctx, step); err != nil {
		p.t.Fatal(err)
	}
}

// is waits until an expression holds.
func (p page) is(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, browsertest.Patience)
	defer cancel()
	holds, err := false, error(nil)
	for ; !holds && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		holds, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
	}
	if !holds {
		text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		p.t.Fatalf("it never holds that %s: %v\nthe page says: %s", expression, err, text)
	}
}

func (p page) says(text string) {
	p.t.Helper()
	p.is("document.body.innerText.includes(" + strconv.Quote(text) + ")")
}

// press presses a button, once there is one of that name that can be pressed.
func (p page) press(name string) {
	p.t.Helper()
	p.is(`[...document.querySelectorAll("button")].find((b) => b.textContent === ` + strconv.Quote(name) + ` && b.ariaDisabled !== "true" && (b.click(), true))`)
}

// fill types into an input, in the place of what is in it.
func (p page) fill(name, text string) {
	p.t.Helper()
	p.is(`document.querySelector("#` + name + `") && (document.querySelector("#` + name + `").select(), document.querySelector("#` + name + `").focus(), true)`)
	p.do(chromedp.KeyEvent(text))
	p.is(`document.querySelector("#` + name + `").value === ` + strconv.Quote(text))
}

// picture keeps what is to be seen, where go test -artifacts asks for it.
func (p page) picture(name string) {
	p.t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(p.t.ArtifactDir(), name+".png"), png, 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
