package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/form"
	"flowxi.app/flowxi/internal/password"
)

// fill decodes a JSON object into an input and writes its problems as "field rule".
func fill(t *testing.T, body form.Body, object string) string {
	t.Helper()
	var members map[string]jsontext.Value
	if err := json.Unmarshal([]byte(object), &members); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range form.Decode(members, body, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) {
		all = append(all, p.Field+" "+p.Rule)
	}
	return strings.Join(all, ", ")
}

const goodPassword = `"password":"violet otter 42","password_confirmation":"violet otter 42"`

func TestInputsTellWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		body   form.Body
		object string
		want   string
	}{
		{"nothing to send to", new(EmailInput), `{}`, "email required"},
		{"code as a number", new(CodeCheckInput), `{"email":"a@b.c","code":123456}`, "code string"},
		{"empty login", new(LoginInput), `{}`,
			"email required, password required, device_id required, device_type required, device_name required"},
		{"login with bad values", new(LoginInput),
			`{"email":"a","password":"x","device_id":"` + strings.Repeat("d", 256) + `","device_type":"` + strings.Repeat("t", 33) + `","device_name":"\u0000","country":"XX"}`,
			"email email, device_id max, device_type max, device_name text, country country"},
		{"login has no policy", new(LoginInput), `{"email":"a@b.c","password":"x","device_id":"d","device_type":"t","device_name":"n"}`, ""},
		{"login with a huge password", new(LoginInput),
			`{"email":"a@b.c","password":"` + strings.Repeat("é", 1025) + `","device_id":"d","device_type":"t","device_name":"n"}`, "password max"},
		{"empty second step", new(LoginTwoFAInput), `{}`, "challenge_id required, code required, device_id required"},
		{"no device to log out", new(LogoutDeviceInput), `{"device_id":""}`, "device_id required"},
		{"five digits", new(TOTPInput), `{"code":"12345"}`, "code code"},
		{"link without anything", new(LinkPasswordInput), `{}`,
			"token required, email required, password required, password_confirmation required"},
		{"a token of another shape", new(LinkPasswordInput), `{"token":"?","email":"a@b.c",` + goodPassword + `}`, ""},
		{"a profile of nothing", new(ProfileInput), `{}`, ""},
		{"a bad profile", new(ProfileInput),
			`{"phone_number":"1","birth_date":"2027-01-01","nationality":"FR","country":"FRA","last_name":[],"first_name":"` + strings.Repeat("x", 101) + `"}`,
			"first_name max, last_name string, birth_date date_range, country country, nationality nationality, phone_number phone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fill(t, tt.body, tt.object); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNewPasswordsAreConfirmed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, members, want string }{
		{"equal", goodPassword, ""},
		{"different", `"password":"violet otter 42","password_confirmation":"violet otter 43"`, "password confirmed"},
		{"different in white space", `"password":"violet otter 42","password_confirmation":"violet otter 42 "`, "password confirmed"},
		{"no confirmation", `"password":"violet otter 42"`, "password confirmed, password_confirmation required"},
		{"a confirmation of a wrong type", `"password":"violet otter 42","password_confirmation":1`, "password confirmed, password_confirmation string"},
		{"no password", `"password_confirmation":"violet otter 42"`, "password required"},
		{"neither", `"password":"","password_confirmation":null`, "password required, password_confirmation required"},
		{"a password of a wrong type", `"password":{},"password_confirmation":"violet otter 42"`, "password string"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			object := `{"email":"a@b.c","code":"123456","token":"t",` + tt.members + `}`
			if got := fill(t, new(CodePasswordInput), object); got != tt.want {
				t.Errorf("by code: got %q, want %q", got, tt.want)
			}
			if got := fill(t, new(LinkPasswordInput), object); got != tt.want {
				t.Errorf("by link: got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNewPasswordsObeyThePolicy(t *testing.T) {
	t.Parallel()
	for problem, want := range map[password.Problem]account.Problem{
		password.Short:   {Field: "password", Rule: "min", Params: map[string]any{"Count": 8}},
		password.Long:    {Field: "password", Rule: "max", Params: map[string]any{"Count": 128}},
		password.Common:  {Field: "password", Rule: "password_common"},
		password.Email:   {Field: "password", Rule: "password_email"},
		password.Product: {Field: "password", Rule: "password_product"},
	} {
		if diff := cmp.Diff(want, passwordProblem(problem)); diff != "" {
			t.Errorf("%s: %s", problem, diff)
		}
	}
	got := fill(t, new(CodePasswordInput), `{"email":"a@b.c","code":"123456","password":"short","password_confirmation":"other"}`)
	if want := "password min, password confirmed"; got != want {
		t.Errorf("a short one that is not confirmed: got %q, want %q", got, want)
	}
}

func TestADeviceIsWholeOrNone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, members, want string
		device              account.Device
	}{
		{"none", ``, "", account.Device{}},
		{"whole", `,"device_id":"d","device_type":"ios","device_name":"n"`, "", account.Device{ID: "d", Type: "ios", Name: "n"}},
		{"with a country", `,"device_id":"d","device_type":"ios","device_name":"n","country":"bj"`, "",
			account.Device{ID: "d", Type: "ios", Name: "n", Country: "BJ"}},
		{"an id alone", `,"device_id":"d"`, "device_type required, device_name required", account.Device{ID: "d"}},
		{"no id", `,"device_type":"ios","device_name":"n","country":"BJ"`, "", account.Device{}},
		{"an empty id", `,"device_id":" ","device_type":"ios","device_name":"n","country":"BJ"`, "", account.Device{}},
		{"no id and a wrong type", `,"device_type":1,"country":false`, "device_type string, country string", account.Device{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var in CodePasswordInput
			got := fill(t, &in, `{"email":"a@b.c","code":"123456",`+goodPassword+tt.members+`}`)
			if got != tt.want || in.Device != tt.device {
				t.Errorf("got %q and %+v, want %q and %+v", got, in.Device, tt.want, tt.device)
			}
		})
	}
}

func TestLoginKeepsWhatWasSaid(t *testing.T) {
	t.Parallel()
	var got LoginInput
	problems := fill(t, &got, `{"email":" Ada@Example.com ","password":" secret ","device_id":" d ","device_type":"web","device_name":"Élan 2","country":"fr"}`)
	want := LoginInput{
		Email: "ada@example.com", Password: " secret ",
		Device: account.Device{ID: "d", Type: "web", Name: "Élan 2", Country: "FR"},
	}
	if diff := cmp.Diff(want, got); problems != "" || diff != "" {
		t.Errorf("problems %q, difference %s", problems, diff)
	}
}
