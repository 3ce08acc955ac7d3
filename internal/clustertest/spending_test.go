package clustertest_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"net/url"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

// spending is what is of one use, or of one a device, whoever asks where.
var spending = []sentence{
	{"a code activates once", codeOnce},
	{"a code activates once by the proxy", codeOnceByProxy},
	{"a link activates once", linkOnce},
	{"five wrong tries over the nodes end a code", codeTries},
	{"logins on one device leave one token of those answered", oneTokenADevice},
	{"right passwords at once are no failures, whichever nodes they come to", rightAtOnce},
	{"logins on many devices stay within the number of devices", devicesBounded},
	{"photos sent at once leave one of those answered", photosLeaveOne},
}

func codeOnce(t *testing.T, w world) {
	c, email := w.stranger(t)
	raceCode(t, w, c, email)
}

func codeOnceByProxy(t *testing.T, w world) {
	from := w.address()
	raceCode(t, w, w.Server(t).Client(t).From(from), "proxied."+from+"@example.com")
}

func raceCode(t *testing.T, w world, c *authtest.Client, email string) {
	t.Helper()
	code := c.SendCode(email)
	answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return c.SetPassword(email, code) })
	won := onlyOne(t, answers, 403, "OTP_INVALID")
	w.knownEverywhere(t, c.Token(won.Text("access_token")))
}

func linkOnce(t *testing.T, w world) {
	c, email := w.stranger(t)
	token := c.SendLink(email)
	answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return c.SetPasswordByLink(email, token) })
	won := onlyOne(t, answers, 410, "MAGIC_LINK_EXPIRED")
	w.knownEverywhere(t, c.Token(won.Text("access_token")))
}

func codeTries(t *testing.T, w world) {
	c, email := w.stranger(t)
	code := c.SendCode(email)
	for _, a := range authtest.RacePatiently(racers, func(i int) *authtest.Answer {
		if i%2 == 0 {
			return c.VerifyCode(email, authtest.OtherCode(code))
		}
		return c.SetPassword(email, authtest.OtherCode(code))
	}) {
		a.Expect(403, "OTP_INVALID")
	}
	for n := 1; n <= w.nodes; n++ {
		w.at(t, n, c, w.address()).VerifyCode(email, code).Expect(403, "OTP_INVALID")
	}
}

func oneTokenADevice(t *testing.T, w world) {
	person := w.person(t)
	tablet := person.LoginOn("tablet")
	var live []*authtest.Client
	for _, a := range authtest.RacePatiently(racers, func(int) *authtest.Answer { return w.login(person, "phone") }) {
		phone := person.Token(a.Expect(200, "LOGIN_SUCCESS").Text("data.access_token"))
		if phone.IsLoggedIn() {
			live = append(live, phone)
		}
	}
	if len(live) != 1 {
		t.Fatalf("%d tokens of the device open the account, want one", len(live))
	}
	w.knownEverywhere(t, live[0])
	w.knownEverywhere(t, tablet)
}

// rightAtOnce comes from one network, which may fail far fewer times than that. All but one
// come to one node, so that the other sees nothing under way itself.
func rightAtOnce(t *testing.T, w world) {
	for range 4 {
		person, from := w.person(t), w.address()
		one, other := w.at(t, 1, person.Token(""), from), w.at(t, 2, person.Token(""), from)
		heard := 0
		for i, a := range authtest.Race(racers, func(i int) *authtest.Answer {
			if i == racers/2 {
				return other.Login(person.Email, "one and the same")
			}
			return one.Login(person.Email, "one and the same")
		}) {
			switch a.Status {
			case 200:
				heard++
			case 503: // waited for the others longer than it may: the machine is slow
			default:
				t.Errorf("login %d is answered %d %s", i, a.Status, a.Code())
			}
		}
		if heard < racers/2 {
			t.Errorf("%d of %d right passwords are heard", heard, racers)
		}
	}
}

// login comes from a network of its own: those of one network wait for each other, as long
// as they may turn out to be failures.
func (w world) login(p *authtest.Person, device string) *authtest.Answer {
	return p.Token("").From(w.address()).Login(p.Email, device)
}

func devicesBounded(t *testing.T, w world) {
	person := w.person(t)
	for _, a := range authtest.RacePatiently(racers/2, func(i int) *authtest.Answer {
		return w.login(person, fmt.Sprintf("device %d", i))
	}) {
		a.Expect(200, "LOGIN_SUCCESS")
	}
	if n := person.Get("/auth/devices").Len("data.devices"); n != 8 {
		t.Errorf("%d devices are listed, want 8", n)
	}
}

func photosLeaveOne(t *testing.T, w world) {
	person := w.person(t)
	answers := authtest.RacePatiently(racers/4, func(i int) *authtest.Answer { return person.Upload(photo(t, 8+i)) })
	current := pathOf(t, person.Get("/me").Text("data.photo_url"))
	found := 0
	for _, a := range answers {
		if pathOf(t, a.Expect(200, "ME_PHOTO_UPDATED").Text("data.photo_url")) == current {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d of the answers name the photo that is left, want one", found)
	}
}

func photo(t *testing.T, width int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, 8)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pathOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}
