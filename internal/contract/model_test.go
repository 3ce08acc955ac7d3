package contract_test

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// model is what sections 4 to 9 and 12 say of a few people, in its plainest form: lists
// that are looked through from end to end. Each of its verbs answers as the server must,
// with the checks in the order of the contract, and goes on to the state after it.
type model struct {
	strict  bool          // registration is private
	devices int           // that one person may be logged in on
	idle    time.Duration // that a token may go unused
	began   time.Time     // what the server's clock said
	now     time.Duration // since then

	people     []*human
	tokens     []*token // all that were ever issued, in their order
	challenges []*openLogin
	events     map[string][]time.Duration // what the limits count, by rule
	rates      map[string][]rate          // of these rules
	uses       int                        // of tokens, so far
}

// The lives of things on the servers that the model is compared with. Those of tokens are
// short, so that nothing else that is remembered for long comes to its end with them.
const (
	codeLife      = 10 * time.Minute
	linkLife      = time.Hour
	challengeLife = 5 * time.Minute
	enrollLife    = 10 * time.Minute
	tokenLife     = 48 * time.Hour

	tries = 5 // wrong codes that end a mailed code or a challenge
)

// verdict is what an answer must be.
type verdict struct {
	status int
	code   string
	after  time.Duration // Retry-After of a 429
	least  time.Duration // and of the rule that is over first
}

func ok(code string) verdict { return verdict{status: http.StatusOK, code: code} }

var (
	invalid            = verdict{status: http.StatusUnprocessableEntity, code: "VALIDATION_FAILED"}
	noSession          = verdict{status: http.StatusUnauthorized, code: "UNAUTHENTICATED"}
	invalidCredentials = verdict{status: http.StatusUnauthorized, code: "INVALID_CREDENTIALS"}
	otpInvalid         = verdict{status: http.StatusForbidden, code: "OTP_INVALID"}
	otpExpired         = verdict{status: http.StatusGone, code: "OTP_EXPIRED"}
	linkInvalid        = verdict{status: http.StatusForbidden, code: "MAGIC_LINK_INVALID"}
	linkExpired        = verdict{status: http.StatusGone, code: "MAGIC_LINK_EXPIRED"}
	alreadyUsed        = verdict{status: http.StatusConflict, code: "EMAIL_ALREADY_USED"}
	alreadyActive      = verdict{status: http.StatusConflict, code: "EMAIL_ALREADY_ACTIVE"}
	deviceNotFound     = verdict{status: http.StatusNotFound, code: "DEVICE_NOT_FOUND"}
	factorInvalid      = verdict{status: http.StatusForbidden, code: "TWOFA_INVALID_CODE"}
	factorOn           = verdict{status: http.StatusConflict, code: "TWOFA_ALREADY_ENABLED"}
	factorOff          = verdict{status: http.StatusConflict, code: "TWOFA_NOT_ENABLED"}
	enrollmentExpired  = verdict{status: http.StatusGone, code: "TWOFA_ENROLLMENT_EXPIRED"}
	challengeExpired   = verdict{status: http.StatusGone, code: "TWOFA_CHALLENGE_EXPIRED"}
	challengeMismatch  = verdict{status: http.StatusForbidden, code: "TWOFA_CHALLENGE_MISMATCH"}
)

// human is somebody with an address, whom the server may know nothing of.
type human struct {
	name, email string
	id          int64  // 0 until an answer tells
	status      string // empty, pending, active, blocked or closed
	locale      string
	password    string // empty until activation
	mails       int    // that have come

	code    *mailedCode // the one that counts
	codes   []string    // all that were mailed, oldest first
	links   []*mailedLink
	known   map[string]bool // devices that this person has used
	profile Fields

	factor  *factor // the second one, where it is on
	pending *factor // the one that waits to be enabled
}

type mailedCode struct {
	text  string
	until time.Duration
	tries int
}

type mailedLink struct {
	text        string
	until       time.Duration
	spent, gone bool
}

// factor is a secret of an authenticator.
type factor struct {
	secret string
	until  time.Duration  // while it waits to be enabled
	used   map[int64]bool // time steps
}

// seat is where somebody sits: a device on a network.
type seat struct {
	device, network, agent string
	language               string // that it asks for, or none
}

// token is what an answer has given out.
type token struct {
	text       string
	of         *human
	device     string // empty where it is of none
	born, used time.Duration
	turn       int // of its last use, among all uses
	dead       bool
}

// openLogin is a login that waits for its second factor.
type openLogin struct {
	id     string
	of     *human
	at     seat
	device string
	factor *factor
	until  time.Duration
	wrong  int
	spent  bool
	ended  bool // with all sessions of the person
}

// rule is a limit of section 12.
type rule struct {
	of    string // what is counted, and whose
	rates []rate
}

type rate struct {
	most int
	per  time.Duration
}

func mailRules(at seat, h *human) []rule {
	return []rule{
		{"mail " + h.email, []rate{{1, time.Minute}, {5, time.Hour}, {10, 24 * time.Hour}}},
		{"mail " + at.network, []rate{{30, time.Hour}}},
	}
}

func codeRules(at seat, h *human) []rule {
	return []rule{
		{"code " + h.email, []rate{{10, 10 * time.Minute}}},
		{"code " + at.network, []rate{{60, 10 * time.Minute}}},
	}
}

func loginRules(at seat, h *human, device string) []rule {
	if h.status == "active" && h.known[device] {
		return []rule{{"login " + h.email + " on " + device, []rate{{5, time.Minute}, {10, 10 * time.Minute}}}}
	}
	return []rule{
		{"login " + h.email + " from " + at.network, []rate{{5, time.Minute}}},
		{"login " + h.email, []rate{{10, 10 * time.Minute}}},
		{"login " + at.network, []rate{{100, 10 * time.Minute}}},
	}
}

func factorRules(at seat, h *human) (network, person rule) {
	return rule{"factor " + at.network, []rate{{100, 10 * time.Minute}}},
		rule{"factor " + h.email, []rate{{5, time.Minute}, {20, time.Hour}}}
}

// refused tells whether a rule has no room, and for how long.
func (m *model) refused(rules ...rule) (v verdict, full bool) {
	for _, r := range rules {
		after := m.full(r)
		if after > 0 && (v.least == 0 || after < v.least) {
			v.least = after
		}
		v.after = max(v.after, after)
	}
	v.status, v.code = http.StatusTooManyRequests, "TOO_MANY_REQUESTS"
	return v, v.after > 0
}

// full is how long a rule has no room.
func (m *model) full(r rule) (after time.Duration) {
	all := m.events[r.of]
	for _, rate := range r.rates {
		if len(all) >= rate.most {
			after = max(after, all[len(all)-rate.most]+rate.per-m.now)
		}
	}
	return after
}

func (m *model) count(rules ...rule) {
	for _, r := range rules {
		m.events[r.of], m.rates[r.of] = append(m.events[r.of], m.now), r.rates
	}
}

// edges lists when something ends, or a limit has room again.
func (m *model) edges() (list []time.Duration) {
	for of, events := range m.events {
		for _, rate := range m.rates[of] {
			for _, at := range events {
				list = append(list, at+rate.per)
			}
		}
	}
	for _, h := range m.people {
		if h.code != nil {
			list = append(list, h.code.until)
		}
		for _, l := range h.links {
			list = append(list, l.until)
		}
		if h.pending != nil {
			list = append(list, h.pending.until)
		}
	}
	for _, c := range m.challenges {
		list = append(list, c.until)
	}
	for _, t := range m.tokens {
		list = append(list, m.endOf(t))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (m *model) endOf(t *token) time.Duration { return min(t.born+tokenLife, t.used+m.idle) }

// lives tells whether a token opens its account.
func (m *model) lives(t *token) bool {
	return !t.dead && t.of.status == "active" && m.now < m.endOf(t)
}

// use is a request with a token, which may be nobody's.
func (m *model) use(t *token) bool {
	if t == nil || !m.lives(t) {
		return false
	}
	m.uses++
	t.used, t.turn = m.now, m.uses
	return true
}

// issue gives out a token, in the place of the one that the device has.
func (m *model) issue(h *human, device string) {
	if device != "" {
		for _, t := range m.tokens {
			t.dead = t.dead || t.of == h && t.device == device
		}
		h.known[device] = true
	}
	m.uses++
	m.tokens = append(m.tokens, &token{of: h, device: device, born: m.now, used: m.now, turn: m.uses})
	if list := m.onDevices(h); len(list) > m.devices {
		for _, t := range list[m.devices:] {
			t.dead = true
		}
	}
}

// onDevices lists the living tokens of a person that are of a device, newest use first.
func (m *model) onDevices(h *human) (list []*token) {
	for _, t := range m.tokens {
		if t.of == h && t.device != "" && m.lives(t) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *token) int { return cmp.Compare(b.turn, a.turn) })
	return list
}

// end takes every token from a person.
func (m *model) end(h *human) {
	for _, t := range m.tokens {
		t.dead = t.dead || t.of == h
	}
	h.pending = nil
	for _, c := range m.challenges {
		c.ended = c.ended || c.of == h
	}
}

// step finds the time step of a code, one before and one after included.
func (m *model) step(f *factor, code string) (int64, bool) {
	for _, by := range []int{0, -1, 1} {
		at := m.began.Add(m.now + time.Duration(by)*30*time.Second)
		if authtest.TOTP(f.secret, at) == code {
			return at.Unix() / 30, true
		}
	}
	return 0, false
}
