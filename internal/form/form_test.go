package form_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/form"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// sheet is a body with a field of each kind.
type sheet struct {
	Email  string
	Secret account.Secret
	Nick   string
	Device string
	Kind   string
	Place  string
	Phone  form.Optional
}

func (s *sheet) Fields() []form.Field {
	return []form.Field{
		form.Require("email", form.Email(), &s.Email),
		form.Require("password", form.Password(8), &s.Secret),
		form.Allow("nick", form.Text(5), &s.Nick),
		form.Allow("device", form.Text(5), &s.Device),
		form.Require("kind", form.Text(5), &s.Kind).Along("device"),
		form.Allow("place", form.Country(), &s.Place).Along("device"),
		form.Patch("phone", form.Phone(), &s.Phone),
	}
}

// Check forbids a nick that is the password.
func (s *sheet) Check(time.Time) []account.Problem {
	if s.Nick == "" || s.Nick != string(s.Secret) {
		return nil
	}
	return []account.Problem{{Field: "password", Rule: "confirmed"}}
}

// members splits a JSON object into its members.
func members(t testing.TB, object string) map[string]jsontext.Value {
	t.Helper()
	d := jsontext.NewDecoder(strings.NewReader(object))
	if _, err := d.ReadToken(); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]jsontext.Value)
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadToken()
		if err != nil {
			t.Fatal(err)
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			t.Fatal(err)
		}
		all[key] = value.Clone()
	}
	return all
}

// told writes problems as "field rule" in their order.
func told(problems account.Invalid) string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Field+" "+p.Rule)
	}
	return strings.Join(all, ", ")
}

func TestDecodeTellsEverythingThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"all is well", `{"email":"a@b.c","password":"p"}`, ""},
		{"nothing is there", `{}`, "email required, password required"},
		{"null counts as absent", `{"email":null,"password":null}`, "email required, password required"},
		{"empty counts as absent", `{"email":"","password":""}`, "email required, password required"},
		{"white space counts as empty", `{"email":" \t\u00a0\u2003","password":"p"}`, "email required"},
		{"but not in a password", `{"email":"a@b.c","password":" "}`, ""},
		{"wrong types", `{"email":1,"password":[],"nick":{},"phone":true}`, "email string, password string, nick string, phone string"},
		{"names match exactly", `{"Email":"a@b.c","EMAIL":"a@b.c","password":"p"}`, "email required"},
		{"unknown members are ignored", `{"email":"a@b.c","password":"p","role":"admin","device_id":7}`, ""},
		{"an optional field may be null", `{"email":"a@b.c","password":"p","nick":null}`, ""},
		{"an optional field may be empty", `{"email":"a@b.c","password":"p","nick":" "}`, ""},
		{"an optional field is checked", `{"email":"a@b.c","password":"p","nick":"abcdef"}`, "nick max"},
		{"a field with two problems", `{"email":"a@b.c","password":"p","nick":"ab\u0000cdef"}`, "nick max, nick text"},
		{"a companion is required with the other", `{"email":"a@b.c","password":"p","device":"d"}`, "kind required"},
		{"also where the other is of a wrong type", `{"email":"a@b.c","password":"p","device":1}`, "device string, kind required"},
		{"not where the other is empty", `{"email":"a@b.c","password":"p","device":" "}`, ""},
		{"not where the other is null", `{"email":"a@b.c","password":"p","device":null}`, ""},
		{"a companion is checked all the same", `{"email":"a@b.c","password":"p","kind":1,"place":"XX"}`, "kind string, place country"},
		{"rules on the whole stand with their field", `{"email":"x","password":"nick","nick":"nick","phone":"1"}`, "email email, password confirmed, phone phone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := told(form.Decode(members(t, tt.body), new(sheet), now)); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.body, got, tt.want)
			}
		})
	}
}

func TestDecodeFillsTheInput(t *testing.T) {
	t.Parallel()
	phone := "+22900000000"
	for _, tt := range []struct {
		name, body string
		want       sheet
	}{
		{
			"texts are trimmed, passwords are not", `{"email":" A@B.c\u00a0","password":" p ","nick":"\u2003é\n"}`,
			sheet{Email: "a@b.c", Secret: " p ", Nick: "é"},
		},
		{
			"companions are kept with the other", `{"email":"a@b.c","password":"p","device":"d","kind":"k","place":"bj"}`,
			sheet{Email: "a@b.c", Secret: "p", Device: "d", Kind: "k", Place: "BJ"},
		},
		{
			"and dropped without it", `{"email":"a@b.c","password":"p","kind":"k","place":"bj"}`,
			sheet{Email: "a@b.c", Secret: "p"},
		},
		{
			"a partial update with a text", `{"email":"a@b.c","password":"p","phone":"\u202a+229 00.00-(00) 00\u202c"}`,
			sheet{Email: "a@b.c", Secret: "p", Phone: form.Optional{Set: true, Value: &phone}},
		},
		{
			"with null", `{"email":"a@b.c","password":"p","phone":null}`,
			sheet{Email: "a@b.c", Secret: "p", Phone: form.Optional{Set: true}},
		},
		{
			"with an empty text", `{"email":"a@b.c","password":"p","phone":"  "}`,
			sheet{Email: "a@b.c", Secret: "p", Phone: form.Optional{Set: true}},
		},
		{"escapes are resolved", `{"email":"\u0061@b.c","password":"\ud83d\ude00"}`, sheet{Email: "a@b.c", Secret: "😀"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got sheet
			if problems := form.Decode(members(t, tt.body), &got, now); problems != nil {
				t.Fatalf("problems: %s", told(problems))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProblemsCarryTheirBound(t *testing.T) {
	t.Parallel()
	got := form.Decode(members(t, `{"email":"a@b.c","password":"ééééééééé"}`), new(sheet), now)
	want := account.Invalid{{Field: "password", Rule: "max", Params: map[string]any{"Count": 8}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("email", `"a@b.c"`)
	f.Add("password", `" "`)
	f.Add("device", `12`)
	f.Add("phone", `null`)
	f.Add("nick", `"\ud800"`)
	f.Add("nick", `"`)
	f.Add("nick", ``)
	f.Fuzz(func(t *testing.T, name, value string) {
		var s sheet
		problems := form.Decode(map[string]jsontext.Value{name: jsontext.Value(value)}, &s, now)
		if s.Email != "" && s.Secret != "" {
			t.Error("one member filled in two fields")
		}
		for _, p := range problems {
			if p.Field == "" || p.Rule == "" {
				t.Errorf("problem without a name: %v", p)
			}
		}
		if s.Email == "" && !strings.Contains(told(problems), "email ") {
			t.Error("a required field is empty and nobody says so")
		}
	})
}
