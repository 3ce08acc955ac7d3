package contract_test

import (
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

// passwords are texts and whether they may be somebody's password. The e-mail is
// that of ada.
var passwords = map[string]struct {
	text string
	good bool
}{
	"seven characters":                {"xk3vPq!", false},
	"eight characters":                {"xk3vPq!Z", true},
	"128 characters":                  {strings.Repeat("xk3vPq!Z", 16), true},
	"129 characters":                  {strings.Repeat("xk3vPq!Z", 16) + "a", false},
	"eight letters alone":             {"wqzvjkxh", true},
	"eight code points of two bytes":  {"éàüöñçøß", true},
	"seven code points of two bytes":  {"éàüöñçø", false},
	"128 code points of four bytes":   {strings.Repeat("😀🎈🐙🌵🚀🌍🍕⚽", 16), true},
	"129 code points of four bytes":   {strings.Repeat("😀🎈🐙🌵🚀🌍🍕⚽", 16) + "🐙", false},
	"eight after composition":         {"e\u0301a\u0300u\u0308o\u0308n\u0303c\u0327i\u0302e\u0300", true},
	"seven after composition":         {"e\u0301a\u0300u\u0308o\u0308n\u0303c\u0327i\u0302", false},
	"nine after decomposition":        {"ﬃﬄﬃ", true},
	"spaces inside":                   {"a horse at 7", true},
	"controls and quotes":             {"tab\t\"quote\\ \u0001", true},
	"common":                          {"password", false},
	"common digits":                   {"12345678", false},
	"common keys":                     {"qwertyuiop", false},
	"common in capitals":              {"PASSWORD", false},
	"breached":                        {"iloveyou1", false},
	"the e-mail":                      {ada, false},
	"the e-mail in capitals":          {strings.ToUpper(ada), false},
	"the product's name":              {"flowxi", false},
	"the product's name with a digit": {"Flowxi", false},
}

func TestSection06_Password_Policy(t *testing.T) {
	paths := []string{"/register-email-code/set-password", "/auth/register/set-password"}
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		for name, p := range passwords {
			for _, path := range paths {
				t.Run(name+path, func(t *testing.T) {
					a := srv.Client(t).Post(path, Fields{
						"email": ada, "code": "123456", "token": strings.Repeat("0", 64),
						"password": p.text, "password_confirmation": p.text,
					})
					if p.good && a.Status != 403 {
						a.Fail("the password is refused")
					}
					if !p.good {
						a.Invalid("password")
					}
				})
			}
		}
	})
}

func TestSection06_Password_AnOddOneLogsIn(t *testing.T) {
	odd := strings.Repeat("😀é\t\"ﬃ ", 16)
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/register-email-code/set-password", Fields{
			"email": ada, "code": c.SendCode(ada), "password": odd, "password_confirmation": odd,
		}).Expect(200, "TOKEN_ISSUED")
		c.Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", odd)).Expect(200, "LOGIN_SUCCESS")
		c.Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", odd[:len(odd)-1])).Expect(401, "INVALID_CREDENTIALS")
	})
}

// The length is counted after NFKC, so it is the normal form that is the password:
// one keyboard writes é as one code point, another as two.
func TestSection06_Password_IsTheSameInEveryUnicodeForm(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada)
		decomposed := strings.ReplaceAll(password, "é", "e\u0301")
		c.Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", decomposed)).Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection06_Password_ConfirmationIsEqualElseThePasswordIsWrong(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for _, path := range []string{"/register-email-code/set-password", "/auth/register/set-password"} {
			for _, confirmation := range []string{"another password 9", password + " ", strings.ToUpper(password)} {
				c.Post(path, Fields{
					"email": ada, "code": "123456", "token": strings.Repeat("0", 64),
					"password": password, "password_confirmation": confirmation,
				}).Invalid("password")
			}
		}
	})
}

func TestSection06_Password_AMissingConfirmationIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Post("/register-email-code/set-password", Fields{
			"email": ada, "code": "123456", "password": password,
		}).Expect(422, "VALIDATION_FAILED")
	})
}
