package contract_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// bear is a call with a token, be it one that is good no more or was never given out.
func (s *script) bear(at seat, h *human, m move) {
	t := s.tokenOf(h, m.pick)
	for _, other := range s.people { // mostly of somebody who has one
		if m.pick < 9 && (t == nil || !s.lives(t)) {
			t = s.tokenOf(other, m.pick)
		}
	}
	if m.pick == 11 && t != nil {
		s.forge(at, t)
		return
	}
	switch m.what {
	case "me":
		s.me(at, t)
	case "patch":
		s.patchMe(at, t, m)
	case "devices":
		s.devicesOf(at, t)
	case "logout":
		s.say(at, t, "POST /auth/logout", s.client(at, t).Post("/auth/logout", nil), s.logout(t))
	case "logout device":
		device := one(m.twist, s.places[m.twist%len(s.places)].device, at.device, "nobody's")
		if list := s.devicesWith(t); len(list) > 0 && m.pick < 7 {
			device = list[m.pick%len(list)].device
		}
		a := s.client(at, t).Post("/auth/logout-device", Fields{"device_id": device})
		s.say(at, t, "POST /auth/logout-device "+device, a, s.logoutDevice(t, device))
	case "factor status":
		s.askFactor(at, t)
	case "factor on":
		s.turnOn(at, t)
	case "enable":
		s.factorCall(at, t, "enable", s.enable, m)
	case "disable":
		s.factorCall(at, t, "disable", s.disable, m)
	case "step up":
		s.factorCall(at, t, "verify", s.stepUp, m)
	}
}

// devicesWith are those of the token's person.
func (s *script) devicesWith(t *token) []*token {
	if t == nil {
		return nil
	}
	return s.onDevices(t.of)
}

// tokenOf picks a token of a person: the newest that is good, or another, or none.
func (s *script) tokenOf(h *human, pick int) *token {
	var good, other []*token
	for _, t := range slices.Backward(s.tokens) {
		switch {
		case t.of == h && s.lives(t):
			good = append(good, t)
		case t.of == h:
			other = append(other, t)
		}
	}
	all := append(good, other...)
	switch {
	case len(all) == 0:
		return nil
	case len(good) > 0 && pick < 9:
		return good[pick%len(good)]
	}
	return all[pick%len(all)]
}

// say tells of a call with a token.
func (s *script) say(at seat, t *token, what string, a *authtest.Answer, want verdict) *authtest.Answer {
	language, called := at.speaks(""), "no token"
	if t != nil {
		called = fmt.Sprintf("token %d of %s", slices.Index(s.tokens, t)+1, t.of.name)
		if want.status != noSession.status {
			language = at.speaks(t.of.locale)
		}
	}
	return s.tell(at.device, what+" with "+called, a, want, language)
}

// forge tries a token with the secret or the number of another.
func (s *script) forge(at seat, t *token) {
	id, secret, _ := strings.Cut(t.text, "|")
	other := s.tokens[0].text
	number, _, _ := strings.Cut(other, "|")
	forged := number + "|" + secret
	if t.text == other {
		forged = id + "|" + secret[:len(secret)-1]
	}
	a := s.client(at, nil).Token(forged).Get("/me")
	s.tell(at.device, "GET /me with a forged token", a, noSession, at.speaks(""))
}

// me must tell of the token's own person, and all of it.
func (s *script) me(at seat, t *token) {
	want := s.read(t, "ME_OK")
	a := s.say(at, t, "GET /me", s.client(at, t).Get("/me"), want)
	if want.status != 200 {
		return
	}
	h := t.of
	facts := Fields{
		"email": h.email, "status": "active", "locale": h.locale, "username": fmt.Sprintf("fx%08d", h.id), "twofa_enabled": h.factor != nil,
		"first_name": nil, "last_name": nil, "birth_date": nil, "country": nil, "nationality": nil, "phone_number": nil, "photo_url": nil,
	}
	for name, value := range h.profile {
		facts[name] = value
	}
	for name, value := range facts {
		if got := a.Value("data." + name); got != value {
			s.fail("%s: %s is told %s %v, model says %v", at.device, h.name, name, got, value)
		}
	}
	if id := a.Int("data.id"); id != h.id {
		s.fail("%s: %s is told of person %d", at.device, h.name, id)
	}
}

func (s *script) patchMe(at seat, t *token, m move) {
	changes := one(m.twist, Fields{"first_name": "Ada"}, Fields{"last_name": "L" + at.device}, Fields{"country": "BJ", "nationality": "BEN"},
		Fields{"first_name": nil}, Fields{"birth_date": "1990-02-28"}, Fields{"phone_number": "+22900000000"})
	var want verdict
	if m.twist == 11 {
		changes = Fields{"birth_date": "1990-02-30"}
		if want = s.read(t, ""); want.status == 200 {
			want = invalid
		}
	} else {
		want = s.patch(t, changes)
	}
	s.say(at, t, fmt.Sprintf("PATCH /me %v", changes), s.client(at, t).Patch("/me", changes), want)
}

// devicesOf must list the devices of the token's person and no other. Of several nodes
// none knows at once what was used on the others.
func (s *script) devicesOf(at seat, t *token) {
	want := s.read(t, "DEVICES_LIST")
	a := s.say(at, t, "GET /auth/devices", s.client(at, t).Get("/auth/devices"), want)
	if want.status != 200 {
		return
	}
	var wanted, got []string
	for _, other := range s.onDevices(t.of) {
		wanted = append(wanted, fmt.Sprintf("%s %t", other.device, other == t))
	}
	for i := range a.Len("data.devices") {
		row := fmt.Sprintf("data.devices.%d.", i)
		got = append(got, fmt.Sprintf("%s %t", a.Text(row+"device_id"), a.Value(row+"is_current")))
		if name := a.Text(row + "device_name"); name != "Device "+a.Text(row+"device_id") {
			a.Fail("a device is called %q", name)
		}
	}
	if s.nodes > 1 {
		slices.Sort(wanted)
		slices.Sort(got)
	}
	if !slices.Equal(wanted, got) {
		s.fail("%s: the devices of %s are %v, model says %v", at.device, t.of.name, got, wanted)
	}
}

func (s *script) askFactor(at seat, t *token) {
	want, fresh := s.factorStatus(t)
	a := s.say(at, t, "GET /auth/2fa/status", s.client(at, t).Get("/auth/2fa/status"), want)
	if want.status != 200 {
		return
	}
	h := t.of
	switch enabled := a.Value("enabled"); {
	case enabled != (h.factor != nil):
		s.fail("%s: the second factor of %s is on: %v", at.device, h.name, enabled)
	case h.factor != nil:
		if a.Value("secret") != nil || a.Value("otpauth_uri") != nil || a.Value("expires_in") != nil {
			a.Fail("a secret is told that is in use")
		}
	case fresh:
		h.pending.secret = a.Text("secret")
	case h.pending.secret != a.Text("secret"):
		s.fail("%s: %s is told another secret than before", at.device, h.name)
	}
}

// turnOn does all that it takes to turn a second factor on, or tries to.
func (s *script) turnOn(at seat, t *token) {
	s.askFactor(at, t)
	s.pass(30 * time.Second)
	s.factorCall(at, t, "enable", s.enable, move{})
}

func (s *script) factorCall(at seat, t *token, path string, verb func(seat, *token, string) verdict, m move) {
	var f *factor
	if t != nil {
		f = t.of.factor
		if f == nil {
			f = t.of.pending
		}
	}
	code, called := s.factorCode(f, m)
	a := s.client(at, t).Post("/auth/2fa/"+path, Fields{"code": code})
	s.say(at, t, fmt.Sprintf("POST /auth/2fa/%s %s", path, called), a, verb(at, t, code))
}

// lookAround holds everything that can be seen against the model: what each token opens,
// the devices of each person, and the mails that each was sent.
func (s *script) lookAround() {
	for i, t := range s.tokens {
		s.me(s.places[i%len(s.places)], t)
	}
	for _, h := range s.people {
		if t := s.tokenOf(h, 0); t != nil {
			s.devicesOf(s.places[0], t)
			s.askFactor(s.places[0], t)
		}
		if got := len(s.client(s.places[0], nil).Mails(h.email)); got != h.mails {
			s.fail("%d mails came to %s, model says %d", got, h.name, h.mails)
		}
	}
}
