package contract_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// otherPassword is one that nobody has set, or that somebody may set.
const otherPassword = "Ein Pferd frisst kein 8"

func (s *script) join(at seat, h *human, m move) {
	link := m.pick%2 == 1
	s.send(at, h, link, false, move{})
	m.twist = 0
	if link {
		s.byLink(at, h, m)
		return
	}
	s.byCode(at, h, m)
}

func (s *script) send(at seat, h *human, link, resend bool, m move) {
	path := one(b2i(link)+2*b2i(resend), "/register-email-code/send", "/auth/register-email", "/register-email-code/resend", "/register-email/resend")
	c := s.client(at, nil)
	if m.twist == 11 {
		s.tell(at.device, "POST "+path+" no address", c.Post(path, Fields{"email": h.name}), invalid, at.speaks(""))
		return
	}
	want, mailed := s.invite(at, h, link, resend)
	s.tell(at.device, "POST "+path+" "+h.name+"@…", c.Post(path, Fields{"email": h.spelled(m.twist)}), want, at.speaks(""))
	if !mailed {
		return
	}
	h.mails++
	mail := c.Mail(h.email, h.mails)
	switch {
	case h.status == "active" && (mail.Code != "" || mail.Link != ""):
		s.fail("the owner of an account was mailed %+v", mail)
	case h.status == "active":
	case link:
		s.mailedLink(h, mail.LinkToken())
	default:
		s.mailedCode(h, mail.Code)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// codeOf is a code that somebody sends for a person: the last one that was mailed, or
// another.
func (s *script) codeOf(h *human, m move) (code, called string) {
	if len(h.codes) == 0 {
		return "000000", "a code of nobody"
	}
	last := h.codes[len(h.codes)-1]
	switch m.twist {
	case 5, 6, 7:
		return authtest.OtherCode(last), "a wrong code"
	case 8:
		return h.codes[m.pick%len(h.codes)], "an older code"
	case 9:
		for _, other := range s.people {
			if other != h && len(other.codes) > 0 {
				return other.codes[len(other.codes)-1], "the code of " + other.name
			}
		}
	}
	return last, "the code"
}

func (s *script) verifyCode(at seat, h *human, m move) {
	code, called := s.codeOf(h, m)
	body := Fields{"email": h.spelled(m.pick), "code": code}
	want := invalid
	if m.twist == 11 {
		body["code"], called = "12345", "five digits"
	} else {
		want = s.verify(at, h, code)
	}
	s.tell(at.device, "POST /register-email-code/verify "+h.name+"@… "+called, s.client(at, nil).Post("/register-email-code/verify", body), want, at.speaks(""))
}

// newPassword fills in what sets a password, and tells whether it is one and of which device.
func newPassword(at seat, body Fields, m move) (password, device, called string, valid bool) {
	password = one(m.pick, authtest.Password, authtest.Password, otherPassword)
	body["password"], body["password_confirmation"] = password, password
	if m.pick%4 > 0 {
		device, called = at.device, " on "+at.device
		body["device_id"], body["device_type"], body["device_name"] = device, "web", "Device "+device
	}
	if m.twist == 10 {
		body["password_confirmation"] = password + "?"
		return password, device, called + " confirming another", false
	}
	return password, device, called, true
}

func (s *script) byCode(at seat, h *human, m move) {
	code, what := s.codeOf(h, m)
	body := Fields{"email": h.spelled(m.pick), "code": code}
	password, device, called, valid := newPassword(at, body, m)
	want := invalid
	if valid {
		want = s.registerByCode(at, h, code, password, device)
	}
	a := s.tell(at.device, fmt.Sprintf("POST /register-email-code/set-password %s@… %s%s", h.name, what, called),
		s.client(at, nil).Post("/register-email-code/set-password", body), want, at.speaks(""))
	if want.status == 200 {
		s.issued(h, a, "")
	}
}

func (s *script) byLink(at seat, h *human, m move) {
	text, what := strings.Repeat("0a", 32), "a link of nobody"
	from := h
	if m.twist == 9 {
		from = s.people[(slices.Index(s.people, h)+1)%len(s.people)]
	}
	if n := len(from.links); n > 0 {
		text, what = from.links[n-1].text, "the link of "+from.name
		if m.twist >= 6 && m.twist <= 8 {
			text, what = from.links[m.pick%n].text, fmt.Sprintf("link %d of %s", m.pick%n+1, from.name)
		}
	}
	body := Fields{"email": h.spelled(m.pick), "token": text}
	password, device, called, valid := newPassword(at, body, m)
	want := invalid
	if valid {
		want = s.registerByLink(at, h, text, password, device)
	}
	a := s.tell(at.device, fmt.Sprintf("POST /auth/register/set-password %s@… %s%s", h.name, what, called),
		s.client(at, nil).Post("/auth/register/set-password", body), want, at.speaks(""))
	if want.status == 200 {
		s.issued(h, a, "")
	}
}

// issued takes down the token of an answer. The model has it already.
func (s *script) issued(h *human, a *authtest.Answer, below string) {
	id := a.Int(below + "user_id")
	if h.id == 0 {
		h.id = id
	}
	if id != h.id {
		s.fail("the token is of person %d, and %s is %d", id, h.name, h.id)
	}
	s.tokens[len(s.tokens)-1].text = a.Text(below + "access_token")
}

func (s *script) logIn(at seat, h *human, m move) {
	password, called := h.password, "right password"
	if password == "" {
		password, called = authtest.Password, "some password"
	}
	if m.twist >= 7 && m.twist <= 10 {
		password, called = "wrong password 1", "wrong password"
	}
	device := at.device
	if m.pick >= 8 {
		device = s.places[m.pick%len(s.places)].device
	}
	body := authtest.LoginFields(h.spelled(m.pick), device).With("password", password)
	want := invalid
	if m.twist == 11 {
		body, called = body.Without("device_name"), "no device's name"
	} else {
		want = s.login(at, h, password, device)
	}
	a := s.tell(at.device, fmt.Sprintf("POST /auth/login %s@… %s on %s", h.name, called, device),
		s.client(at, nil).Post("/auth/login", body), want, at.speaks(""))
	switch want {
	case ok("LOGIN_SUCCESS"):
		s.issued(h, a, "data.")
	case ok("TWOFA_REQUIRED"):
		s.challenges[len(s.challenges)-1].id = a.Text("data.challenge_id")
		if a.Has("data.access_token") {
			a.Fail("a token was issued without the second factor")
		}
	}
}

func (s *script) finishLogin(at seat, h *human, m move) {
	if h.factor != nil && !slices.ContainsFunc(s.challenges, func(c *openLogin) bool { return !c.spent && s.now < c.until }) {
		s.logIn(at, h, move{pick: m.pick % 8})
	}
	if len(s.challenges) == 0 {
		s.tell(at.device, "POST /auth/login/2fa a challenge of nobody", s.client(at, nil).Post("/auth/login/2fa",
			Fields{"challenge_id": strings.Repeat("0", 64), "code": "000000", "device_id": at.device}), challengeExpired, at.speaks(""))
		return
	}
	n := len(s.challenges) - 1
	if m.pick >= 9 {
		n = m.pick % len(s.challenges)
	}
	c := s.challenges[n]
	device := c.device
	if m.pick < 9 {
		at = c.at
	}
	switch m.pick {
	case 7:
		at.agent = "another browser"
	case 8:
		device = "another"
	}
	code, called := s.factorCode(c.factor, m)
	want := s.finish(at, c, code, device)
	a := s.tell(at.device, fmt.Sprintf("POST /auth/login/2fa challenge %d of %s, %s, on %s", n+1, c.of.name, called, device),
		s.client(at, nil).Post("/auth/login/2fa", Fields{"challenge_id": c.id, "code": code, "device_id": device}), want, at.speaks(""))
	if want.status == 200 {
		s.issued(c.of, a, "data.")
	}
}

// beginAgain asks for a code or a link twice, with wrong tries between, and then tries the
// older and the newer one.
func (s *script) beginAgain(at seat, h *human, m move) {
	link := m.pick%2 == 1
	s.send(at, h, link, false, move{})
	for range m.twist % 6 {
		s.verifyCode(s.places[3], h, move{twist: 5})
	}
	s.pass(time.Minute)
	s.send(at, h, link, m.pick%3 == 2, move{})
	if link {
		s.byLink(at, h, move{twist: 6, pick: max(0, len(h.links)-2)})
		s.byLink(at, h, move{pick: m.pick})
		return
	}
	s.verifyCode(at, h, move{twist: 8, pick: max(0, len(h.codes)-2)})
	s.byCode(at, h, move{pick: m.pick})
}

// storm makes one call again and again, as whoever guesses does, and then once as its owner
// would.
func (s *script) storm(at seat, h *human, m move) {
	call := one(m.pick, s.logIn, s.verifyCode, s.finishLogin, s.byCode)
	const wrong, right = 10, 0
	twist := one(m.pick, wrong, 5, wrong, 5)
	for range 2 + m.twist {
		call(at, h, move{pick: m.pick % 8, twist: twist})
	}
	call(s.places[0], h, move{twist: right})
}

// factorCode is a code of an authenticator: that of now, or another.
func (s *script) factorCode(f *factor, m move) (code, called string) {
	if f == nil {
		return "000000", "a code of nothing"
	}
	steps := one(m.twist, 0, 0, 0, 0, 1, -1, 0, 2, -2, 9, 9, 9)
	code = authtest.TOTP(f.secret, s.began.Add(s.now+time.Duration(steps)*30*time.Second))
	if steps != 9 {
		return code, fmt.Sprintf("code %+d", steps)
	}
	for _, right := s.step(f, code); right; _, right = s.step(f, code) {
		code = authtest.OtherCode(code)
	}
	return code, "a wrong code"
}

func (s *script) operate(h *human, m move) {
	if h.status == "" {
		return
	}
	if h.id == 0 {
		h.id = s.srv.UserID(s.of, h.email)
	}
	do := one(m.twist, "logs out", "logs out", "blocks", "blocks", "blocks for a while", "unblocks", "logs out", "blocks for a while", "unblocks", "blocks for a while", "unblocks", "closes")
	s.lines = append(s.lines, fmt.Sprintf("operator: %s %s", do, h.name))
	switch do {
	case "logs out":
		s.srv.LogoutAll(s.of, h.id)
		s.end(h)
	case "blocks":
		s.srv.Block(s.of, h.id)
		s.block(h)
	case "blocks for a while":
		s.srv.Block(s.of, h.id)
		s.block(h)
		s.srv.Unblock(s.of, h.id)
		s.unblock(h)
	case "unblocks":
		s.srv.Unblock(s.of, h.id)
		s.unblock(h)
	case "closes":
		s.srv.CloseAccount(s.of, h.id)
		s.closeAccount(h)
	}
}
