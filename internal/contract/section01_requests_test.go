package contract_test

import (
	"bytes"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection01_MalformedRequest_IsWhatIsNotOneJSONObject(t *testing.T) {
	bodies := map[string]string{
		"empty":                  "",
		"spaces":                 "  \n",
		"list":                   `[]`,
		"list of objects":        `[{"email":"ada@example.com"}]`,
		"text":                   `"email"`,
		"number":                 `1`,
		"null":                   `null`,
		"cut off":                `{"email":"ada@example.com"`,
		"single quotes":          `{'email':'ada@example.com'}`,
		"comma at the end":       `{"email":"ada@example.com",}`,
		"comment":                `{"email":"ada@example.com"/* */}`,
		"second object":          `{"email":"ada@example.com"} {}`,
		"trailing text":          `{"email":"ada@example.com"} x`,
		"trailing NUL":           "{\"email\":\"ada@example.com\"}\x00",
		"bad UTF-8":              "{\"email\":\"ada\xff@example.com\"}",
		"bad UTF-8 in a name":    "{\"email\":\"ada@example.com\",\"\xc3\x28\":1}",
		"overlong UTF-8":         "{\"email\":\"ada\xc0\xae@example.com\"}",
		"duplicate name":         `{"email":"ada@example.com","email":"ada@example.com"}`,
		"duplicate escaped name": `{"email":"ada@example.com","\u0065mail":"bob@example.com"}`,
		"duplicate unknown name": `{"email":"ada@example.com","x":1,"x":1}`,
		"control character":      "{\"email\":\"ada\n@example.com\"}",
		"number without digits":  `{"email":"ada@example.com","x":01}`,
		"NaN":                    `{"email":"ada@example.com","x":NaN}`,
		"form":                   `email=ada@example.com`,
	}
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for name, body := range bodies {
			t.Run(name, func(t *testing.T) {
				c.For(t).Post("/register-email-code/send", body).Expect(400, "MALFORMED_REQUEST")
			})
		}
	})
}

func TestSection01_MalformedRequest_DoesNoWork(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/register-email-code/send", `{"email":"ada@example.com"} {}`).Expect(400, "MALFORMED_REQUEST")
		srv.ExpectNoMail(t, ada)
	})
}

func TestSection01_Payload_GoesUpTo64KiB(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/register-email-code/verify", padded(64<<10)).Expect(403, "OTP_INVALID")
		c.Post("/register-email-code/verify", padded(64<<10+1)).Expect(413, "PAYLOAD_TOO_LARGE")
	})
}

// padded is a sound request of n bytes.
func padded(n int) string {
	body := `{"email":"ada@example.com","code":"123456","more":"`
	return body + strings.Repeat("x", n-len(body)-2) + `"}`
}

func TestSection01_MediaType_IsJSON(t *testing.T) {
	body := Fields{"email": ada, "code": "123456"}
	refused := []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "application/xml", "application/jsonp", "*/*", "json"}
	accepted := []string{"application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"}
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for _, media := range refused {
			c.Header("Content-Type", media).Post("/register-email-code/verify", body).Expect(415, "UNSUPPORTED_MEDIA_TYPE")
		}
		for i, media := range accepted {
			c.Header("Content-Type", media).Post("/register-email-code/verify", body.With("email", strings.Repeat("x", i+1)+ada)).Expect(403, "OTP_INVALID")
		}
	})
}

func TestSection01_Requests_AMemberOfTheWrongTypeIsA422OnThatField(t *testing.T) {
	wrong := map[string]any{"number": 1, "boolean": true, "list": []string{"x"}, "object": Fields{"x": "y"}, "null": nil}
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for kind, value := range wrong {
			for field := range authtest.LoginFields(ada, "phone") {
				t.Run(field+" as "+kind, func(t *testing.T) {
					c.For(t).Post("/auth/login", authtest.LoginFields(ada, "phone").With(field, value)).Invalid(field)
				})
			}
		}
	})
}

func TestSection01_Requests_AnOptionalMemberOfTheWrongTypeIsA422Too(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada)
		c.Token("").Post("/auth/login", authtest.LoginFields(ada, "phone").With("country", 33)).Invalid("country")
		for _, field := range profileFields {
			c.Patch("/me", Fields{field: 1}).Invalid(field)
			c.Patch("/me", Fields{field: []string{}}).Invalid(field)
		}
	})
}

var profileFields = []string{"first_name", "last_name", "birth_date", "country", "nationality", "phone_number"}

func TestSection01_Requests_UnknownMembersAreIgnored(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Post("/register-email-code/send", Fields{"email": ada, "status": "active", "x": Fields{"y": []int{1}}}).Expect(200, "OTP_SENT")
	})
}

func TestSection01_Requests_MemberNamesMatchExactly(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for _, name := range []string{"Email", "EMAIL", "e-mail", " email", "email\u0000", "e\u00admail"} {
			c.Post("/register-email-code/send", Fields{name: ada}).Invalid("email")
		}
	})
}

func TestSection01_Requests_StringsAreTrimmed(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		c.VerifyCode(" \t"+ada+"\n", " "+code+" ").Expect(200, "OTP_VALID")
		me := c.SetPassword(ada, code)
		c = c.Token(me.Text("access_token"))
		c.Patch("/me", Fields{"first_name": "  Ada \n"}).Expect(200, "ME_UPDATED").Value("data.first_name")
		if got := c.Get("/me").Text("data.first_name"); got != "Ada" {
			t.Errorf("the first name is %q, want it trimmed", got)
		}
	})
}

func TestSection01_Requests_PasswordsAreNotTrimmed(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		spaced := "  " + password + " "
		c.Post("/register-email-code/set-password", Fields{
			"email": ada, "code": c.SendCode(ada), "password": spaced, "password_confirmation": spaced,
		}).Expect(200, "TOKEN_ISSUED")
		c.Login(ada, "phone").Expect(401, "INVALID_CREDENTIALS")
		c.Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", spaced)).Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection01_Requests_ACodeIsSixASCIIDigits(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada)
		for _, code := range []any{"", "12345", "1234567", "12345a", "12 345", "+12345", "-12345", "1e5000", "0x1234", "１２３４５６", "١٢٣٤٥٦", "123456\u0000", 123456, nil} {
			c.Token("").Post("/register-email-code/verify", Fields{"email": bob, "code": code}).Invalid("code")
			c.Token("").Post("/auth/login/2fa", Fields{"challenge_id": "x", "device_id": "x", "code": code}).Invalid("code")
			c.Post("/auth/2fa/verify", Fields{"code": code}).Invalid("code")
		}
	})
}

func TestSection01_Requests_AnEmptyStringIsAbsentWhereRequired(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for field := range authtest.LoginFields(ada, "phone") {
			absent := c.Post("/auth/login", authtest.LoginFields(ada, "phone").Without(field))
			absent.Invalid(field)
			empty := c.Post("/auth/login", authtest.LoginFields(ada, "phone").With(field, ""))
			empty.Invalid(field)
			if !bytes.Equal(empty.Body, absent.Body) {
				empty.Fail("the empty %s is told from the absent one: %s", field, absent.Body)
			}
		}
	})
}

func TestSection01_Requests_AnEmptyStringIsNullWhereNullable(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada)
		c.Patch("/me", Fields{"first_name": "Ada"}).Expect(200, "ME_UPDATED")
		c.Patch("/me", Fields{"first_name": ""}).Expect(200, "ME_UPDATED")
		if got := c.Get("/me").Value("data.first_name"); got != nil {
			t.Errorf("the first name is %v, want null", got)
		}
		c.Token("").Post("/auth/login", authtest.LoginFields(ada, "phone").With("country", "")).Expect(200, "LOGIN_SUCCESS")
	})
}
