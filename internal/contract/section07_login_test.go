package contract_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// loginTemplate is the answer to a login, in English.
const loginTemplate = `{"message": "Login successful.", "code": "LOGIN_SUCCESS",
	"data": {"mfa_required": false, "access_token": "$token", "token_type": "Bearer", "account_status": "active", "user_id": "$int"}}`

func TestSection07_Login_APasswordIsGoodForYears(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada)
		srv.Advance(5 * 365 * 24 * time.Hour)
		c.Login(ada, "laptop").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection07_Login_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		a := srv.Client(t).Locale("en").Login(ada, "phone").Expect(200, "LOGIN_SUCCESS").Matches(loginTemplate)
		if a.Int("data.user_id") != person.ID {
			a.Fail("the user id is not %d", person.ID)
		}
		expectLoggedIn(t, srv.Client(t).Token(a.Text("data.access_token")), true)
	})
}

func TestSection07_Login_Validation(t *testing.T) {
	wrong := []struct {
		field string
		value any
	}{
		{"email", "ada"}, {"email", "a b@example.com"},
		{"device_id", long(256)}, {"device_id", strings.Repeat("é", 256)}, {"device_id", "   "},
		{"device_type", long(33)}, {"device_type", " "},
		{"device_name", long(256)}, {"device_name", "\t"},
		{"country", "F"}, {"country", "FRA"}, {"country", "ZZ"}, {"country", "12"}, {"country", "F R"}, {"country", "ＦＲ"}, {"country", "EU"},
	}
	right := []struct {
		field string
		value any
	}{
		{"device_id", "x"}, {"device_id", long(255)}, {"device_id", strings.Repeat("é", 255)},
		{"device_type", "x"}, {"device_type", long(32)},
		{"device_name", "x"}, {"device_name", long(255)}, {"device_name", "Téléphone d’Ada 📱"},
		{"country", "FR"}, {"country", "BJ"}, {"country", nil}, {"country", ""},
	}
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Register(ada)
		for _, w := range wrong {
			srv.Client(t).Post("/auth/login", authtest.LoginFields(ada, "phone").With(w.field, w.value)).Invalid(w.field)
		}
		for _, r := range right {
			srv.Client(t).Post("/auth/login", authtest.LoginFields(ada, "phone").With(r.field, r.value)).Expect(200, "LOGIN_SUCCESS")
		}
	})
}

func TestSection07_Login_CountryIsStoredWithTheToken(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Register(ada)
		a := srv.Client(t).Post("/auth/login", authtest.LoginFields(ada, "phone").With("country", "BJ"))
		devices := srv.Client(t).Token(a.Text("data.access_token")).Get("/auth/devices")
		if got := devices.Text("data.devices.0.country"); got != "BJ" {
			devices.Fail("the country is %q", got)
		}
	})
}

func TestSection07_Login_OneTokenPerDevice(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		tablet := person.LoginOn("tablet")
		old := person.LoginOn("phone")
		phone := person.LoginOn("phone")
		expectLoggedIn(t, old, false)
		expectLoggedIn(t, phone, true)
		expectLoggedIn(t, tablet, true)
		if n := phone.Get("/auth/devices").Len("data.devices"); n != 2 {
			t.Errorf("%d devices are listed, want 2", n)
		}
	})
}

func TestSection07_Login_TheSameDeviceIDOfAnotherPersonIsAnotherDevice(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		hers := srv.Client(t).Register(ada).LoginOn("phone")
		his := srv.Client(t).Register(bob).LoginOn("phone")
		expectLoggedIn(t, hers, true)
		expectLoggedIn(t, his, true)
	})
}

func TestSection07_Login_DeviceIDsAreComparedExactly(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		lower, upper, trimmed := person.LoginOn("phone"), person.LoginOn("PHONE"), person.LoginOn(" phone ")
		expectLoggedIn(t, lower, false) // the same as " phone "
		expectLoggedIn(t, upper, true)
		expectLoggedIn(t, trimmed, true)
	})
}

func TestSection07_Login_AFailedOneRevokesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		phone := person.LoginOn("phone")
		srv.Client(t).Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", "wrong password 1")).Expect(401, "INVALID_CREDENTIALS")
		expectLoggedIn(t, phone, true)
	})
}

func TestSection07_Login_ByManyAtOnceLeavesOneTokenOfThoseAnswered(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		tablet := c.Register(ada).LoginOn("tablet")
		answers := authtest.Race(racers, func(int) *authtest.Answer { return c.Login(ada, "phone") })
		var live *authtest.Client
		n := 0
		for _, a := range answers {
			if a.Status == 503 {
				a.RetryAfter()
				continue
			}
			phone := c.Token(a.Expect(200, "LOGIN_SUCCESS").Text("data.access_token"))
			if phone.IsLoggedIn() {
				live = phone
				n++
			}
		}
		if n != 1 {
			t.Fatalf("%d tokens of the device are alive, want one", n)
		}
		if n := live.Get("/auth/devices").Len("data.devices"); n != 2 {
			t.Errorf("%d devices are listed, want 2", n)
		}
		expectLoggedIn(t, tablet, true)
	})
}

func TestSection07_Login_The51stDeviceLogsOutTheOneLongestUnused(t *testing.T) {
	onOneWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		devices := make([]*authtest.Client, 50)
		for i := range devices {
			devices[i] = person.LoginOn(fmt.Sprintf("device %d", i))
			srv.Advance(2 * time.Minute)
		}
		expectLoggedIn(t, devices[0], true) // now the one longest unused is devices[1]
		srv.Advance(2 * time.Minute)
		last := person.LoginOn("one more")
		expectLoggedIn(t, devices[1], false)
		for _, i := range []int{0, 2, 3, 49} {
			expectLoggedIn(t, devices[i], true)
		}
		if n := last.Get("/auth/devices").Len("data.devices"); n != 50 {
			t.Errorf("%d devices are listed, want 50", n)
		}
		expectLoggedIn(t, person.Client, true) // a legacy token is of no device
	})
}

func TestSection07_Login_ManyNewDevicesAtOnceStayWithinFifty(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		person := c.Register(ada)
		for i := range 40 {
			person.LoginOn(fmt.Sprintf("old %d", i))
		}
		answers := authtest.Race(racers, func(i int) *authtest.Answer { return c.Login(ada, fmt.Sprintf("new %d", i)) })
		if count(answers, 200) == 0 {
			answers[0].Fail("nobody got in")
		}
		if n := person.Get("/auth/devices").Len("data.devices"); n != min(50, 40+count(answers, 200)) {
			t.Errorf("%d devices are listed", n)
		}
	})
}

func TestSection07_Login_RefusalsAreAlike(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register("active@example.com")
		c.SendCode("pending@example.com")
		srv.Block(t, c.Register("blocked@example.com").ID)
		srv.CloseAccount(t, c.Register("closed@example.com").ID)
		attempts := map[string]Fields{
			"wrong password":              authtest.LoginFields("active@example.com", "phone").With("password", "wrong password 1"),
			"very long password":          authtest.LoginFields("active@example.com", "phone").With("password", long(1000)),
			"pending":                     authtest.LoginFields("pending@example.com", "phone"),
			"blocked":                     authtest.LoginFields("blocked@example.com", "phone"),
			"blocked with wrong password": authtest.LoginFields("blocked@example.com", "phone").With("password", "wrong password 1"),
			"closed":                      authtest.LoginFields("closed@example.com", "phone"),
		}
		n := 1
		for name, body := range attempts {
			srv.Advance(time.Hour)
			unknown := c.From("192.0.2.1").Post("/auth/login", authtest.LoginFields(fmt.Sprintf("unknown%d@example.com", n), "phone"))
			n++
			got := c.From("192.0.2.2").Post("/auth/login", body).Expect(401, "INVALID_CREDENTIALS")
			got.Matches(`{"message": "$text", "code": "INVALID_CREDENTIALS"}`)
			alike(t, srv, name, got, unknown)
		}
	})
}

// The costs of passwords are a setting. Nobody is logged out or asked for another password
// where it changes: a login makes the hash anew.
func TestSection07_Login_MakesAHashOfOtherCostsAnew(t *testing.T) {
	t.Parallel()
	const dearer = "$argon2id$v=19$m=20480,t=3,p=2$"
	srv := authtest.Start(t, authtest.Embedded)
	person := srv.Client(t).Register(ada)
	srv = srv.Restart(t, authtest.WithEnv("FLOWXI_PASSWORD_MEMORY_KIB=20480", "FLOWXI_PASSWORD_PASSES=3", "FLOWXI_PASSWORD_LANES=2"))
	expectLoggedIn(t, srv.Client(t).Token(person.Bearer()), true)
	renewed := func() bool { return bytes.Contains(databaseFiles(t, srv), []byte(dearer)) }
	logsIn := func(password string) *authtest.Answer { // hashes of these costs take seconds where much else is done, and a request has 15 of them
		return authtest.Patiently(func() *authtest.Answer {
			before := renewed()
			a := srv.Client(t).Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", password))
			if a.Status == 503 && renewed() != before {
				a.Fail("the hash was made anew, and nobody logged in")
			}
			return a
		})
	}
	logsIn("another one 42").Expect(401, "INVALID_CREDENTIALS")
	if renewed() || !bytes.Contains(databaseFiles(t, srv), []byte("$m=19456,t=2,p=1$")) {
		t.Error("the hash is not that of the registration before a login")
	}
	logsIn(authtest.Password).Expect(200, "LOGIN_SUCCESS")
	if !renewed() {
		t.Error("the hash has not the costs of today after a login")
	}
	logsIn(authtest.Password).Expect(200, "LOGIN_SUCCESS")
}

// databaseFiles are the file of an embedded database and its journal.
func databaseFiles(t *testing.T, srv *authtest.Server) (all []byte) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(srv.Config(t).DataDir, "*.db*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("there is no database: %v", err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content...)
	}
	return all
}
