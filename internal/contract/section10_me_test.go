package contract_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection10_Me_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Locale("en").Register(ada)
		person.Get("/me").Expect(200, "ME_OK").Matches(fmt.Sprintf(`{"message": "OK", "code": "ME_OK", "data": {
			"id": %d, "email": "ada@example.com", "status": "active", "locale": "en", "username": "fx%08d", "photo_url": null,
			"first_name": null, "last_name": null, "birth_date": null, "country": null, "nationality": null, "phone_number": null,
			"twofa_enabled": false, "created_at": "$time", "updated_at": "$time"}}`, person.ID, person.ID))
	})
}

func TestSection10_Me_IsThatOfTheToken(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		hers, his := srv.Client(t).Register(ada), srv.Client(t).Register(bob)
		for _, person := range []*authtest.Person{hers, his} {
			if me := person.Get("/me"); me.Text("data.email") != person.Email || me.Int("data.id") != person.ID {
				me.Fail("this is not %s", person.Email)
			}
		}
	})
}

func TestSection10_HEAD_WorksWhereverGETDoes(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).LoginOn("phone")
		for _, path := range []string{"/me", "/auth/devices", "/auth/2fa/status", "/health"} {
			get, head := c.Get(path), c.Head(path)
			if head.Status != get.Status || len(head.Body) != 0 {
				head.Fail("HEAD %s answers %d and %d bytes", path, head.Status, len(head.Body))
			}
			for _, name := range []string{"Content-Type", "Content-Language", "Cache-Control", "X-Content-Type-Options"} {
				head.ExpectHeader(name, get.Header.Get(name))
			}
		}
		if refused := c.Token("").Head("/me"); refused.Status != 401 || refused.Header.Get("WWW-Authenticate") != "Bearer" {
			refused.Fail("HEAD without a token is not refused as GET is")
		}
	})
}

func TestSection10_Patch_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		person.Locale("fr").Patch("/me", Fields{
			"first_name": "Ada", "last_name": "Lovelace", "birth_date": "1915-12-10",
			"country": "gb", "nationality": "gbr", "phone_number": "+44 20 7946-0958",
		}).Expect(200, "ME_UPDATED").Matches(fmt.Sprintf(`{"message": "Profil mis à jour.", "code": "ME_UPDATED", "data": {
			"id": %d, "first_name": "Ada", "last_name": "Lovelace", "birth_date": "1915-12-10",
			"country": "GB", "nationality": "GBR", "phone_number": "+442079460958", "updated_at": "$time"}}`, person.ID))
		if me := person.Get("/me"); me.Text("data.phone_number") != "+442079460958" || me.Text("data.birth_date") != "1915-12-10" {
			me.Fail("the change did not last")
		}
	})
}

// What means something to a database, a shell, a page or an encoder is a text like others.
func TestSection10_Patch_TextsAreKeptToTheLetter(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person, other := srv.Client(t).Register("o'brien+1@example.com"), srv.Client(t).Register(bob)
		for _, text := range []string{
			`'; DROP TABLE users; --`, `' OR '1'='1`, `1); UPDATE users SET status = 'closed' WHERE (1=1`, `$1 $2 :name ? %s %d`, `\'; SELECT pg_sleep(9); --`,
			`"quoted" \ {"code":"ME_UPDATED"}`, `</script><img src=x onerror=alert(1)>`, `&lt;b&gt; &amp;`, `$(id) ${HOME}`, "x; `id`",
		} {
			person.Patch("/me", Fields{"first_name": text, "last_name": text}).Expect(200, "ME_UPDATED")
			me := person.Get("/me").Expect(200, "ME_OK")
			if me.Text("data.first_name") != text || me.Text("data.last_name") != text {
				me.Fail("want %q", text)
			}
			login := authtest.LoginFields("o'brien+1@example.com", text[:min(len(text), 60)]).With("device_name", text)
			device := person.Token(person.Post("/auth/login", login).Expect(200, "LOGIN_SUCCESS").Text("data.access_token"))
			if list := device.Get("/auth/devices").Expect(200, "DEVICES_LIST"); !strings.Contains(fmt.Sprint(list.Value("data")), text) {
				list.Fail("want a device called %q", text)
			}
			device.Post("/auth/logout-device", Fields{"device_id": text}).Expect(200, "LOGOUT_SUCCESS")
		}
		if me := other.Get("/me").Expect(200, "ME_OK"); me.Value("data.first_name") != nil || me.Text("data.email") != bob {
			me.Fail("somebody else has changed")
		}
	})
}

func TestSection10_Patch_AbsentIsUnchangedAndNullClears(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		person.Patch("/me", Fields{
			"first_name": "Ada", "last_name": "Lovelace", "birth_date": "1915-12-10",
			"country": "GB", "nationality": "GBR", "phone_number": "+442079460958",
		}).Expect(200, "ME_UPDATED")
		for i, field := range profileFields {
			var empty any
			if i%2 == 0 {
				empty = "  "
			}
			changed := person.Patch("/me", Fields{field: empty}).Expect(200, "ME_UPDATED")
			for j, other := range profileFields {
				if cleared := changed.Value("data."+other) == nil; cleared != (j <= i) {
					changed.Fail("%s is null: %t", other, cleared)
				}
			}
		}
	})
}

// What is asked of every field is asked of each that there is.
func TestSection10_Patch_AnswersWithEveryField(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		answer := srv.Client(t).Register(ada).Patch("/me", Fields{}).Expect(200, "ME_UPDATED")
		data, _ := answer.Value("data").(map[string]any)
		if got, want := slices.Sorted(maps.Keys(data)), append([]string{"id", "updated_at"}, profileFields...); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			answer.Fail("the fields are %q, and tests know %q", got, want)
		}
		for _, field := range profileFields {
			if !slices.ContainsFunc(profiles, func(p profileValue) bool { return p.field == field }) {
				t.Errorf("no test has a value of %s", field)
			}
		}
	})
}

func TestSection10_Patch_NothingIsASuccess(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		before := person.Get("/me")
		srv.Advance(time.Minute)
		person.Patch("/me", Fields{}).Expect(200, "ME_UPDATED")
		after := person.Get("/me")
		for _, field := range append([]string{"email", "locale", "status"}, profileFields...) {
			if before.Value("data."+field) != after.Value("data."+field) {
				after.Fail("%s changed", field)
			}
		}
		if !after.Time("data.updated_at").Equal(before.Time("data.updated_at")) {
			after.Fail("updated_at moved, though nothing did")
		}
	})
}

func TestSection10_Patch_MovesUpdatedAtAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		before := person.Get("/me")
		srv.Advance(time.Hour)
		changed := person.Patch("/me", Fields{"first_name": "Ada"})
		after := person.Get("/me")
		if !after.Time("data.updated_at").After(before.Time("data.updated_at")) || !after.Time("data.updated_at").Equal(changed.Time("data.updated_at")) {
			after.Fail("updated_at did not move as told")
		}
		if !after.Time("data.created_at").Equal(before.Time("data.created_at")) {
			after.Fail("created_at moved")
		}
	})
}

func TestSection10_Patch_IsAllOrNothing(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		person.Patch("/me", Fields{"first_name": "Ada", "country": "ZZ", "phone_number": "x"}).Invalid("country", "phone_number")
		if me := person.Get("/me"); me.Value("data.first_name") != nil {
			me.Fail("half of the change was made")
		}
	})
}

func TestSection10_Patch_ChangesNothingElse(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		person.Patch("/me", Fields{
			"id": 999, "email": "eve@example.com", "status": "closed", "locale": "en", "username": "eve", "photo_url": "https://evil.example/x.jpg",
			"photo_key": "x", "twofa_enabled": true, "created_at": "2000-01-01T00:00:00.000000Z", "updated_at": nil, "password": "eves password 1",
			"email_verified_at": nil, "is_admin": true,
		}).Expect(200, "ME_UPDATED")
		me := person.Get("/me").Expect(200, "ME_OK")
		for field, want := range map[string]any{"email": ada, "status": "active", "locale": "fr", "photo_url": nil, "twofa_enabled": false} {
			if got := me.Value("data." + field); got != want {
				me.Fail("%s is %v, want %v", field, got, want)
			}
		}
		if me.Int("data.id") != person.ID || me.Time("data.created_at").Year() == 2000 {
			me.Fail("what is not the person's to change was changed")
		}
		srv.Client(t).Login(ada, "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

// profileValue is a value of a field and what becomes of it; nil for a refusal.
type profileValue struct {
	field, value string
	want         any
}

var profiles = []profileValue{
	{"first_name", "Ada", "Ada"},
	{"first_name", "  Ada  ", "Ada"},
	{"first_name", "Élodie-Marie d’Été", "Élodie-Marie d’Été"},
	{"first_name", "阿达", "阿达"},
	{"first_name", long(100), long(100)},
	{"first_name", strings.Repeat("é", 100), strings.Repeat("é", 100)},
	{"first_name", long(101), nil},
	{"first_name", strings.Repeat("é", 101), nil},
	{"last_name", long(100), long(100)},
	{"last_name", long(101), nil},

	{"birth_date", "1900-01-01", "1900-01-01"},
	{"birth_date", "2024-02-29", "2024-02-29"},
	{"birth_date", "1899-12-31", nil},
	{"birth_date", "2023-02-29", nil},
	{"birth_date", "1900-02-29", nil},
	{"birth_date", "2000-13-01", nil},
	{"birth_date", "2000-00-10", nil},
	{"birth_date", "2000-04-31", nil},
	{"birth_date", "2000-1-1", nil},
	{"birth_date", "01-01-2000", nil},
	{"birth_date", "2000/01/01", nil},
	{"birth_date", "20000101", nil},
	{"birth_date", "2000-01-01T00:00:00Z", nil},
	{"birth_date", "+2000-01-01", nil},
	{"birth_date", "２０００-01-01", nil},
	{"birth_date", "9999-12-31", nil},
	{"birth_date", "yesterday", nil},

	{"country", "FR", "FR"},
	{"country", "fr", "FR"},
	{"country", "Bj", "BJ"},
	{"country", "CI", "CI"},
	{"country", "FRA", nil},
	{"country", "F", nil},
	{"country", "ZZ", nil},
	{"country", "XX", nil},
	{"country", "EU", nil},
	{"country", "UK", nil},
	{"country", "AA", nil},
	{"country", "001", nil},
	{"country", "France", nil},

	{"nationality", "FRA", "FRA"},
	{"nationality", "ben", "BEN"},
	{"nationality", "GBR", "GBR"},
	{"nationality", "FR", nil},
	{"nationality", "ZZZ", nil},
	{"nationality", "XXX", nil},
	{"nationality", "EUR", nil},
	{"nationality", "250", nil},
	{"nationality", "French", nil},

	{"phone_number", "+22900000000", "+22900000000"},
	{"phone_number", "+33 1 23 45 67 89", "+33123456789"},
	{"phone_number", "+33.1.23.45.67.89", "+33123456789"},
	{"phone_number", "+1 (202) 555-0143", "+12025550143"},
	{"phone_number", "+123456789012345", "+123456789012345"},
	{"phone_number", "+1234567890123456", nil},
	{"phone_number", "+0123456789", nil},
	{"phone_number", "0033123456789", nil},
	{"phone_number", "33123456789", nil},
	{"phone_number", "++33123456789", nil},
	{"phone_number", "+33/123456789", nil},
	{"phone_number", "+33 1 23 45 67 89 ext 1", nil},
	{"phone_number", "+３３123456789", nil},
	{"phone_number", "+", nil},
	{"phone_number", "call me", nil},
}

func TestSection10_Patch_Values(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		for _, p := range profiles {
			a := person.Patch("/me", Fields{p.field: p.value})
			if p.want == nil {
				a.Invalid(p.field)
				continue
			}
			if got := a.Expect(200, "ME_UPDATED").Value("data." + p.field); got != p.want {
				a.Fail("%s is %v, want %v", p.field, got, p.want)
			}
		}
	})
}

func TestSection10_Patch_BirthDateGoesUpToToday(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		noon := srv.Now().Truncate(day).Add(day + 12*time.Hour)
		srv.Advance(noon.Sub(srv.Now()))
		person.Patch("/me", Fields{"birth_date": noon.Format(time.DateOnly)}).Expect(200, "ME_UPDATED")
		person.Patch("/me", Fields{"birth_date": noon.Add(2 * day).Format(time.DateOnly)}).Invalid("birth_date")
	})
}
