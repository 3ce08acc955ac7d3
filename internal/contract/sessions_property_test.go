package contract_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"flowxi.app/flowxi/internal/authtest"
)

// household is one person with some devices, and what must be true of them.
type household struct {
	t      steady
	srv    *authtest.Server
	person *authtest.Person
	live   map[string]*authtest.Client // the clients that must be logged in, by device
	dead   []*authtest.Client          // those that were and must not be any more
	app    *authenticator              // set while the second factor is on
}

var householdDevices = []string{"phone", "tablet", "laptop", "watch"}

// Whatever a person does on whichever device, exactly the devices that the contract
// says are logged in (sections 7 to 9).
func TestSection08_Property_DevicesAreLoggedInAsTheModelSays(t *testing.T) {
	t.Parallel()
	srv := start(t, authtest.Embedded, withoutLimits)
	people := 0
	rapid.Check(t, func(t *rapid.T) {
		people++
		h := &household{t: steady{t}, srv: srv, live: map[string]*authtest.Client{}}
		h.person = srv.Client(h.t).Register(fmt.Sprintf("person%d@example.com", people))
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			h.step(t)
			h.check(t)
		}
	})
}

// steady fails with one sentence whatever was answered, so that rapid knows the same
// failure again while it looks for the shortest way to it.
type steady struct{ *rapid.T }

func (s steady) Fatalf(format string, args ...any) {
	s.Logf(format, args...)
	s.T.Fatalf("an answer was not that of the model")
}

func (h *household) step(t *rapid.T) {
	id := rapid.SampledFrom(householdDevices).Draw(t, "device")
	switch rapid.SampledFrom([]string{"login", "login", "logout", "logout-device", "two-factor"}).Draw(t, "action") {
	case "login":
		h.login(id)
	case "logout":
		h.logout(id)
	case "logout-device":
		h.logoutDevice(id, rapid.SampledFrom(householdDevices).Draw(t, "other"))
	case "two-factor":
		h.toggleTwoFA(id)
	}
}

func (h *household) login(id string) {
	c := h.person.Token("")
	answer := c.Login(h.person.Email, id)
	if h.app != nil {
		challengeID := answer.Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
		answer = finish(c, challengeID, h.app.next(), id)
	}
	h.end(id)
	h.live[id] = c.Token(answer.Expect(200, "LOGIN_SUCCESS").Text("data.access_token"))
}

func (h *household) logout(id string) {
	if c := h.live[id]; c != nil {
		c.Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
		h.end(id)
	}
}

func (h *household) logoutDevice(id, other string) {
	c := h.live[id]
	if c == nil {
		return
	}
	answer := c.Post("/auth/logout-device", Fields{"device_id": other})
	if h.live[other] == nil {
		answer.Expect(404, "DEVICE_NOT_FOUND")
		return
	}
	answer.Expect(200, "LOGOUT_SUCCESS")
	h.end(other)
}

func (h *household) toggleTwoFA(id string) {
	c := h.live[id]
	if c == nil {
		return
	}
	if h.app != nil {
		twoFA(c, "disable", h.app.next()).Expect(200, "TWOFA_DISABLED")
		h.app = nil
		return
	}
	app := enroll(h.t, h.srv, c)
	h.app = &app
}

func (h *household) end(id string) {
	if c := h.live[id]; c != nil {
		h.dead = append(h.dead, c)
		delete(h.live, id)
	}
}

func (h *household) check(t *rapid.T) {
	for _, id := range householdDevices {
		c := h.live[id]
		if c == nil {
			continue
		}
		devices := c.Get("/auth/devices").Expect(200, "DEVICES_LIST")
		if devices.Len("data.devices") != len(h.live) {
			devices.Fail("%d devices are listed, want %d", devices.Len("data.devices"), len(h.live))
		}
		if me := c.Get("/me"); me.Expect(200, "ME_OK").Value("data.twofa_enabled") != (h.app != nil) {
			me.Fail("the second factor of %s is on: %t", id, h.app != nil)
		}
	}
	for _, c := range h.dead {
		if c.IsLoggedIn() {
			t.Fatalf("a token lives on that was ended")
		}
	}
	if !h.person.IsLoggedIn() {
		t.Fatalf("the token without a device died")
	}
}
