package contract_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func device(a *authtest.Answer, i int, field string) string {
	return a.Text(fmt.Sprintf("data.devices.%d.%s", i, field))
}

func deviceIDs(a *authtest.Answer) string {
	ids := make([]string, a.Len("data.devices"))
	for i := range ids {
		ids[i] = device(a, i, "device_id")
	}
	return strings.Join(ids, " ")
}

func TestSection08_Logout_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Locale("en").Register(ada).Post("/auth/logout", nil).
			Expect(200, "LOGOUT_SUCCESS").Matches(`{"code": "LOGOUT_SUCCESS", "message": "Logged out."}`)
	})
}

func TestSection08_Logout_DeletesTheCurrentTokenOnly(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		phone, tablet := person.LoginOn("phone"), person.LoginOn("tablet")
		phone.Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
		expectLoggedIn(t, phone, false)
		expectLoggedIn(t, tablet, true)
		expectLoggedIn(t, person.Client, true)
		phone.Post("/auth/logout", nil).Expect(401, "UNAUTHENTICATED")
		if ids := deviceIDs(tablet.Get("/auth/devices")); ids != "tablet" {
			t.Errorf("the devices are %q", ids)
		}
	})
}

func TestSection08_Logout_ByManyAtOnceHappensOnce(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		phone := srv.Client(t).Register(ada).LoginOn("phone")
		for _, a := range authtest.RacePatiently(racers, func(int) *authtest.Answer { return phone.Post("/auth/logout", nil) }) {
			if a.Status != 200 {
				a.Expect(401, "UNAUTHENTICATED")
			}
		}
		expectLoggedIn(t, phone, false)
	})
}

func TestSection08_Devices_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Register(ada)
		c := srv.Client(t).From("192.0.2.7")
		body := Fields{
			"email": ada, "password": password, "device_id": "phone", "device_type": "android", "device_name": "Ada’s phone", "country": "FR",
		}
		phone := c.Token(c.Post("/auth/login", body).Expect(200, "LOGIN_SUCCESS").Text("data.access_token"))
		phone.Get("/auth/devices").Expect(200, "DEVICES_LIST").Matches(`{"message": "$text", "code": "DEVICES_LIST", "data": {"devices": [
			{"device_id": "phone", "device_type": "android", "device_name": "Ada’s phone", "country": "FR", "ip": "192.0.2.7",
			 "last_used_at": "$time", "created_at": "$time", "expires_at": "$time", "is_current": true}]}}`)
	})
}

func TestSection08_Devices_UnknownCountryIsNull(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		devices := srv.Client(t).Register(ada).LoginOn("phone").Get("/auth/devices")
		if got := devices.Value("data.devices.0.country"); got != nil {
			devices.Fail("the country is %v, want null", got)
		}
	})
}

func TestSection08_Devices_NewestUseFirst(t *testing.T) {
	onOne(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		clients := map[string]*authtest.Client{}
		for _, id := range []string{"phone", "tablet", "laptop"} {
			srv.Advance(time.Hour)
			clients[id] = person.LoginOn(id)
		}
		if ids := deviceIDs(person.Get("/auth/devices")); ids != "laptop tablet phone" {
			t.Errorf("the order is %q", ids)
		}
		srv.Advance(time.Hour)
		if ids := deviceIDs(clients["phone"].Get("/auth/devices")); ids != "phone laptop tablet" {
			t.Errorf("after the use of the phone the order is %q", ids)
		}
		srv.Advance(time.Hour)
		expectLoggedIn(t, clients["tablet"], true)
		srv.Advance(time.Hour)
		if ids := deviceIDs(person.Get("/auth/devices")); ids != "tablet phone laptop" {
			t.Errorf("after the use of the tablet the order is %q", ids)
		}
	})
}

func TestSection08_Devices_CurrentIsTheOneThatAsks(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		phone, tablet := person.LoginOn("phone"), person.LoginOn("tablet")
		for id, c := range map[string]*authtest.Client{"phone": phone, "tablet": tablet, "": person.Client} {
			devices := c.Get("/auth/devices")
			for i := range devices.Len("data.devices") {
				want := device(devices, i, "device_id") == id
				if got := devices.Value(fmt.Sprintf("data.devices.%d.is_current", i)); got != want {
					devices.Fail("is_current of device %d is %v for %q", i, got, id)
				}
			}
		}
	})
}

func TestSection08_Devices_ShowNeitherTokenNorHash(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		phone, tablet := person.LoginOn("phone"), person.LoginOn("tablet")
		devices := phone.Get("/auth/devices")
		for _, c := range []*authtest.Client{phone, tablet, person.Client} {
			if _, secret, _ := strings.Cut(c.Bearer(), "|"); strings.Contains(string(devices.Body), secret) {
				devices.Fail("a token is shown")
			}
		}
		for _, word := range []string{"token", "hash", "secret", "fxp_"} {
			if strings.Contains(string(devices.Body), word) {
				devices.Fail("the answer speaks of a %s", word)
			}
		}
	})
}

func TestSection08_Devices_LeaveOutWhatIsExpired(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		person.LoginOn("phone")
		srv.Advance(20 * day)
		tablet := person.LoginOn("tablet")
		srv.Advance(11 * day)
		if ids := deviceIDs(tablet.Get("/auth/devices")); ids != "tablet" {
			t.Errorf("the devices are %q, want the tablet alone", ids)
		}
	})
}

func TestSection08_Devices_TellWhenTheyExpire(t *testing.T) {
	onOne(t, func(t *testing.T, srv *authtest.Server) {
		phone := srv.Client(t).Register(ada).LoginOn("phone")
		devices := phone.Get("/auth/devices")
		created, used, expires := devices.Time("data.devices.0.created_at"), devices.Time("data.devices.0.last_used_at"), devices.Time("data.devices.0.expires_at")
		if used.Before(created) || expires.Sub(used).Round(time.Hour) != 30*day {
			devices.Fail("these times make no sense")
		}
		for range 13 {
			srv.Advance(27 * day)
			expectLoggedIn(t, phone, true)
		}
		devices = phone.Get("/auth/devices")
		if got := devices.Time("data.devices.0.expires_at").Sub(created).Round(time.Hour); got != 365*day {
			devices.Fail("it expires %v after it was made, want 365 days at most", got)
		}
	})
}

func TestSection08_Devices_AreThoseOfThePersonAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		hers := srv.Client(t).Register(ada).LoginOn("hers")
		his := srv.Client(t).Register(bob).LoginOn("his")
		if ids := deviceIDs(hers.Get("/auth/devices")); ids != "hers" {
			t.Errorf("ada sees %q", ids)
		}
		if ids := deviceIDs(his.Get("/auth/devices")); ids != "his" {
			t.Errorf("bob sees %q", ids)
		}
	})
}

func TestSection08_LogoutDevice_RevokesThatDevice(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Locale("en").Register(ada)
		phone, tablet := person.LoginOn("phone"), person.LoginOn("tablet")
		phone.Post("/auth/logout-device", Fields{"device_id": "tablet"}).
			Expect(200, "LOGOUT_SUCCESS").Matches(`{"code": "LOGOUT_SUCCESS", "message": "Logged out."}`)
		expectLoggedIn(t, tablet, false)
		expectLoggedIn(t, phone, true)
		expectLoggedIn(t, person.Client, true)
		if ids := deviceIDs(phone.Get("/auth/devices")); ids != "phone" {
			t.Errorf("the devices are %q", ids)
		}
	})
}

func TestSection08_LogoutDevice_TheCurrentOneIncluded(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		phone := srv.Client(t).Register(ada).LoginOn("phone")
		phone.Post("/auth/logout-device", Fields{"device_id": "phone"}).Expect(200, "LOGOUT_SUCCESS")
		expectLoggedIn(t, phone, false)
	})
}

func TestSection08_LogoutDevice_UnknownOrAnotherPersons(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		hers := srv.Client(t).Register(ada).LoginOn("hers")
		his := srv.Client(t).Register(bob).LoginOn("his")
		unknown := hers.From("192.0.2.1").Post("/auth/logout-device", Fields{"device_id": "nowhere"}).Expect(404, "DEVICE_NOT_FOUND")
		another := hers.From("192.0.2.2").Post("/auth/logout-device", Fields{"device_id": "his"}).Expect(404, "DEVICE_NOT_FOUND")
		if string(another.Body) != string(unknown.Body) {
			another.Fail("another person's device is told from an unknown one")
		}
		expectLoggedIn(t, his, true)
		expectLoggedIn(t, hers, true)
	})
}

func TestSection08_LogoutDevice_TwiceIsNotFound(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		person.LoginOn("phone")
		person.Post("/auth/logout-device", Fields{"device_id": "phone"}).Expect(200, "LOGOUT_SUCCESS")
		person.Post("/auth/logout-device", Fields{"device_id": "phone"}).Expect(404, "DEVICE_NOT_FOUND")
	})
}

func TestSection08_LogoutDevice_NeverMeansATokenWithoutADevice(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		for _, id := range []any{"", " ", nil} {
			person.Post("/auth/logout-device", Fields{"device_id": id}).Invalid("device_id")
		}
		person.Post("/auth/logout-device", Fields{"device_id": long(256)}).Invalid("device_id")
		for _, id := range []string{"null", "0", "%", "*"} {
			person.Post("/auth/logout-device", Fields{"device_id": id}).Expect(404, "DEVICE_NOT_FOUND")
		}
		expectLoggedIn(t, person.Client, true)
	})
}
