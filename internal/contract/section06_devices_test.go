package contract_test

import (
	"maps"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

// proofs are the two ways to register: each makes the proof that its call needs.
var proofs = map[string]func(c *authtest.Client, email string) Fields{
	"/register-email-code/set-password": func(c *authtest.Client, email string) Fields {
		return Fields{"email": email, "code": c.SendCode(email), "password": password, "password_confirmation": password}
	},
	"/auth/register/set-password": func(c *authtest.Client, email string) Fields {
		return Fields{"email": email, "token": c.SendLink(email), "password": password, "password_confirmation": password}
	},
}

func onEachProof(t *testing.T, test func(t *testing.T, srv *authtest.Server, path string, body Fields)) {
	t.Helper()
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		n := 0
		for path, proof := range proofs {
			n++
			t.Run(path, func(t *testing.T) {
				test(t, srv, path, proof(srv.Client(t), string('a'+rune(n))+ada))
			})
		}
	})
}

func TestSection06_Device_WhereSentTheTokenIsThatDevices(t *testing.T) {
	onEachProof(t, func(t *testing.T, srv *authtest.Server, path string, body Fields) {
		maps.Copy(body, Fields{"device_id": "phone", "device_type": "ios", "device_name": "Ada's phone"})
		issued := srv.Client(t).Post(path, body).Expect(200, "TOKEN_ISSUED")
		devices := srv.Client(t).Token(issued.Text("access_token")).Get("/auth/devices").Expect(200, "DEVICES_LIST")
		if devices.Len("data.devices") != 1 || devices.Text("data.devices.0.device_id") != "phone" ||
			devices.Text("data.devices.0.device_type") != "ios" || devices.Text("data.devices.0.device_name") != "Ada's phone" {
			devices.Fail("the token is not that device's")
		}
	})
}

func TestSection06_Device_WhereSentItNeedsATypeAndAName(t *testing.T) {
	onEachProof(t, func(t *testing.T, srv *authtest.Server, path string, body Fields) {
		c := srv.Client(t)
		c.Post(path, body.With("device_id", "phone")).Invalid("device_type", "device_name")
		c.Post(path, body.With("device_id", "phone").With("device_type", "ios")).Invalid("device_name")
		c.Post(path, body.With("device_id", "phone").With("device_name", "Phone")).Invalid("device_type")
		c.Post(path, body.With("device_id", long(256)).With("device_type", long(33)).With("device_name", long(256))).
			Invalid("device_id", "device_type", "device_name")
		c.Post(path, body).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection06_Device_WhereNotSentTheTokenHasNoneAndIsNotListed(t *testing.T) {
	onEachProof(t, func(t *testing.T, srv *authtest.Server, path string, body Fields) {
		c := srv.Client(t).Token(srv.Client(t).Post(path, body).Expect(200, "TOKEN_ISSUED").Text("access_token"))
		c.Get("/auth/devices").Expect(200, "DEVICES_LIST").Matches(`{"message": "$text", "code": "DEVICES_LIST", "data": {"devices": []}}`)
		expectLoggedIn(t, c, true)
		c.Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
		expectLoggedIn(t, c, false)
	})
}

func TestSection06_Device_ALegacyTokenOutlivesALogin(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		phone := person.LoginOn("phone")
		expectLoggedIn(t, person.Client, true)
		expectLoggedIn(t, phone, true)
	})
}
