package locale_test

import (
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
)

func TestMessagesThatTheContractGivesWordForWord(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	for _, tt := range []struct {
		locale account.Locale
		code   string
		want   string
	}{
		{"en", "OTP_SENT", "OTP sent."},
		{"en", "OTP_VALID", "OTP valid."},
		{"en", "TOKEN_ISSUED", "Token issued."},
		{"en", "LOGIN_SUCCESS", "Login successful."},
		{"en", "LOGOUT_SUCCESS", "Logged out."},
		{"en", "TWOFA_VERIFIED", "2FA verified."},
		{"en", "TWOFA_STATUS.enabled", "2FA is enabled."},
		{"en", "VALIDATION_FAILED", "Some fields are invalid."},
		{"en", "ME_OK", "OK"},
		{"fr", "ME_OK", "OK"},
		{"fr", "ME_UPDATED", "Profil mis à jour."},
		{"fr", "ME_PHOTO_UPDATED", "Photo de profil mise à jour."},
	} {
		if got := c.Code(tt.locale, tt.code); got != tt.want {
			t.Errorf("%s in %s: got %q, want %q", tt.code, tt.locale, got, tt.want)
		}
	}
}

func TestProblemsNameTheFieldAndSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	count := func(n int) map[string]any { return map[string]any{"Count": n} }
	for _, tt := range []struct {
		locale  account.Locale
		problem account.Problem
		want    string
	}{
		{"en", account.Problem{Field: "email", Rule: "email"}, "The email must be a valid email address."},
		{"en", account.Problem{Field: "password", Rule: "min", Params: count(8)}, "The password must be at least 8 characters."},
		{"en", account.Problem{Field: "device_name", Rule: "min", Params: count(1)}, "The device name must be at least 1 character."},
		{"en", account.Problem{Field: "device_id", Rule: "required"}, "The device id field is required."},
		{"en", account.Problem{Field: "password", Rule: "confirmed"}, "The password confirmation does not match."},
		{"en", account.Problem{Field: "photo", Rule: "photo_pixels", Params: count(40)}, "The photo must not have more than 40 megapixels."},
		{"en", account.Problem{Field: "shoe_size", Rule: "required"}, "The shoe_size field is required."},
		{"fr", account.Problem{Field: "email", Rule: "required"}, "Le champ «\u00a0adresse e-mail\u00a0» est obligatoire."},
		{"fr", account.Problem{Field: "password", Rule: "min", Params: count(8)}, "Le champ «\u00a0mot de passe\u00a0» doit contenir au moins 8 caractères."},
		{"fr", account.Problem{Field: "code", Rule: "max", Params: count(0)}, "Le champ «\u00a0code\u00a0» ne doit pas dépasser 0 caractère."},
	} {
		if got := c.Problem(tt.locale, tt.problem); got != tt.want {
			t.Errorf("%s %v: got %q, want %q", tt.locale, tt.problem, got, tt.want)
		}
	}
}

func TestAProblemKeepsItsParameters(t *testing.T) {
	t.Parallel()
	params := map[string]any{"Count": 8}
	newCatalog(t).Problem("en", account.Problem{Field: "password", Rule: "min", Params: params})
	if len(params) != 1 {
		t.Errorf("the parameters became %v", params)
	}
}

func TestTextFallsBack(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	for _, tt := range []struct {
		name, got, want string
	}{
		{"an unknown key", c.Text("en", "no.such.key", nil), "no.such.key"},
		{"an unknown key with parameters", c.Text("en", "no.such.key", map[string]any{"Count": 2}), "no.such.key"},
		{"no key", c.Text("en", "", nil), ""},
		{"an unsupported language", c.Code("es", "ME_UPDATED"), "Profil mis à jour."},
		{"no language", c.Code("", "ME_UPDATED"), "Profil mis à jour."},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestParametersAreNotTemplates(t *testing.T) {
	t.Parallel()
	got := newCatalog(t).Problem("en", account.Problem{Field: "{{.Count}}", Rule: "required"})
	if want := "The {{.Count}} field is required."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCodesAreLookedUpWithoutGarbage(t *testing.T) {
	c := newCatalog(t)
	const key = "code.LOGIN_SUCCESS"
	if n := testing.AllocsPerRun(100, func() { c.Text("en", key, nil) }); n != 0 {
		t.Errorf("Text allocates %v times", n)
	}
}

func TestDirection(t *testing.T) {
	t.Parallel()
	for l, want := range map[account.Locale]string{
		"fr": "ltr", "en": "ltr", "": "ltr", "zh": "ltr", "ru": "ltr", "ar": "rtl", "he": "rtl", "fa": "rtl", "ur": "rtl", "ckb": "rtl",
	} {
		if got := locale.Direction(l); got != want {
			t.Errorf("%q is written %s, want %s", l, got, want)
		}
	}
}
