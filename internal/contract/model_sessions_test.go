package contract_test

// login is the first step of a login (section 7).
func (m *model) login(at seat, h *human, password, device string) verdict {
	rules := loginRules(at, h, device)
	if v, full := m.refused(rules...); full {
		return v
	}
	if h.status != "active" || password != h.password {
		m.count(rules...)
		return invalidCredentials
	}
	if h.factor != nil {
		m.challenges = append(m.challenges, &openLogin{of: h, at: at, device: device, factor: h.factor, until: m.now + challengeLife})
		return ok("TWOFA_REQUIRED")
	}
	m.issue(h, device)
	return ok("LOGIN_SUCCESS")
}

// finish is the second step, with a challenge that may be nobody's.
func (m *model) finish(at seat, c *openLogin, code, device string) verdict {
	switch {
	case c == nil || c.spent || m.now >= c.until,
		c.ended || c.of.status != "active" || c.of.factor != c.factor || c.wrong >= tries:
		return challengeExpired
	case c.at.network != at.network || c.at.agent != at.agent || c.device != device:
		return challengeMismatch
	}
	v := m.prove(at, c.of, c.factor, code)
	switch v {
	case factorInvalid:
		c.wrong++
	case ok(""):
		c.spent = true
		m.issue(c.of, c.device)
		return ok("LOGIN_SUCCESS")
	}
	return v
}

// prove checks a code of a factor and uses its time step (section 9). It answers ok("")
// where the code is good.
func (m *model) prove(at seat, h *human, f *factor, code string) verdict {
	network, person := factorRules(at, h)
	if v, full := m.refused(network); full {
		return v
	}
	if v, full := m.refused(person); full {
		return v
	}
	m.count(person)
	step, right := m.step(f, code)
	switch {
	case !right:
		m.count(network)
		return factorInvalid
	case f.used[step]:
		return factorInvalid
	}
	f.used[step] = true
	return ok("")
}

// status tells of the second factor. A secret that waits to be enabled is made where
// there is none.
func (m *model) factorStatus(t *token) (v verdict, fresh bool) {
	if !m.use(t) {
		return noSession, false
	}
	h := t.of
	if fresh = h.factor == nil && !m.waits(h.pending); fresh {
		h.pending = &factor{until: m.now + enrollLife, used: map[int64]bool{}}
	}
	return ok("TWOFA_STATUS"), fresh
}

func (m *model) waits(f *factor) bool { return f != nil && m.now < f.until }

func (m *model) enable(at seat, t *token, code string) verdict {
	if !m.use(t) {
		return noSession
	}
	h := t.of
	switch {
	case h.factor != nil:
		return factorOn
	case !m.waits(h.pending):
		return enrollmentExpired
	}
	v := m.prove(at, h, h.pending, code)
	if v == ok("") {
		h.factor, h.pending = h.pending, nil
		return ok("TWOFA_ENABLED")
	}
	return v
}

func (m *model) disable(at seat, t *token, code string) verdict {
	v := m.stepUp(at, t, code)
	if v == ok("TWOFA_VERIFIED") {
		t.of.factor = nil
		return ok("TWOFA_DISABLED")
	}
	return v
}

func (m *model) stepUp(at seat, t *token, code string) verdict {
	if !m.use(t) {
		return noSession
	}
	if t.of.factor == nil {
		return factorOff
	}
	if v := m.prove(at, t.of, t.of.factor, code); v != ok("") {
		return v
	}
	return ok("TWOFA_VERIFIED")
}

// read is any answer to a token that tells and changes nothing.
func (m *model) read(t *token, code string) verdict {
	if !m.use(t) {
		return noSession
	}
	return ok(code)
}

func (m *model) logout(t *token) verdict {
	v := m.read(t, "LOGOUT_SUCCESS")
	if v.status == 200 {
		t.dead, t.of.pending = true, nil // who had that token may know the secret
	}
	return v
}

func (m *model) logoutDevice(t *token, device string) verdict {
	if !m.use(t) {
		return noSession
	}
	for _, other := range m.onDevices(t.of) {
		if other.device == device {
			other.dead = true
			t.of.pending = nil
			return ok("LOGOUT_SUCCESS")
		}
	}
	return deviceNotFound
}

func (m *model) patch(t *token, changes Fields) verdict {
	v := m.read(t, "ME_UPDATED")
	if v.status == 200 {
		for name, value := range changes {
			t.of.profile[name] = value
		}
	}
	return v
}

// block, unblock and closeAccount are what an operator does (section 4).
func (m *model) block(h *human) {
	if h.status != "closed" {
		h.status = "blocked"
	}
	m.end(h)
}

func (m *model) unblock(h *human) {
	switch {
	case h.status != "blocked":
	case h.password == "":
		h.status = "pending"
	default:
		h.status = "active"
	}
}

func (m *model) closeAccount(h *human) {
	h.status = "closed"
	m.end(h)
}
