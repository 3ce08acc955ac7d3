package contract_test

// invite asks for a code or a link (sections 4 to 6). It tells whether a mail comes.
func (m *model) invite(at seat, h *human, link, resend bool) (v verdict, mailed bool) {
	rules := mailRules(at, h)
	if v, full := m.refused(rules...); full {
		return v, false
	}
	m.count(rules...)
	if h.status == "" && !resend {
		h.status, h.locale = "pending", at.speaks("")
	}
	v = ok("OTP_SENT")
	if link {
		v = ok("MAGIC_LINK_SENT")
	}
	switch {
	case h.status == "active" && m.strict:
		return v, true
	case h.status == "active" && resend:
		return alreadyActive, false
	case h.status == "active":
		return alreadyUsed, false
	}
	return v, h.status == "pending"
}

// mailedCode takes down what a mail says.
func (m *model) mailedCode(h *human, text string) {
	h.code = &mailedCode{text: text, until: m.now + codeLife}
	h.codes = append(h.codes, text)
}

func (m *model) mailedLink(h *human, text string) {
	for _, l := range h.links {
		l.gone = l.gone || !l.spent
	}
	h.links = append(h.links, &mailedLink{text: text, until: m.now + linkLife})
}

// verify looks at a code without spending it (section 5).
func (m *model) verify(at seat, h *human, code string) verdict {
	rules := codeRules(at, h)
	if v, full := m.refused(rules...); full {
		return v
	}
	m.count(rules...)
	switch c := h.code; {
	case h.status != "pending" || c == nil || c.tries >= tries:
		return otpInvalid
	case c.text != code:
		c.tries++
		return otpInvalid
	case m.now >= c.until:
		return otpExpired
	}
	return ok("OTP_VALID")
}

func (m *model) registerByCode(at seat, h *human, code, password, device string) verdict {
	if v := m.verify(at, h, code); v != ok("OTP_VALID") {
		return v
	}
	m.activate(at, h, password, device)
	return ok("TOKEN_ISSUED")
}

func (m *model) registerByLink(at seat, h *human, text, password, device string) verdict {
	rules := codeRules(at, h)
	if v, full := m.refused(rules...); full {
		return v
	}
	m.count(rules...)
	if h.status != "pending" && h.status != "active" {
		return linkInvalid
	}
	for _, l := range h.links {
		switch {
		case l.text != text || l.gone:
			continue
		case l.spent || h.status == "active" || m.now >= l.until:
			return linkExpired
		}
		l.spent = true
		m.activate(at, h, password, device)
		return ok("TOKEN_ISSUED")
	}
	return linkInvalid
}

func (m *model) activate(at seat, h *human, password, device string) {
	h.status, h.password = "active", password
	if at.language != "" {
		h.locale = at.language
	}
	h.code = nil
	for _, l := range h.links {
		l.gone = l.gone || !l.spent
	}
	h.known, h.profile = map[string]bool{}, Fields{}
	m.issue(h, device)
}

// speaks is the language of an answer (section 2), where the server knows the person's.
func (p seat) speaks(persons string) string {
	switch {
	case p.language != "":
		return p.language
	case persons != "":
		return persons
	}
	return "fr"
}
