package authtest

import "strings"

// Password is the password of every person that Register makes.
const Password = "Ma tante fait du vélo 7"

// Person is somebody with an active account. As a Client it bears the token that
// the registration gave, which belongs to no device.
type Person struct {
	*Client
	ID    int64
	Email string
}

// Register makes a person by code: it asks for the code, reads it in the inbox,
// and sets Password. The mail and the account are in the client's language.
func (c *Client) Register(email string) *Person {
	c.t.Helper()
	issued := c.SetPassword(email, c.SendCode(email)).Expect(200, "TOKEN_ISSUED")
	return &Person{Client: c.Token(issued.Text("access_token")), ID: issued.Int("user_id"), Email: email}
}

// SendCode asks for a registration code and returns the one that was mailed.
func (c *Client) SendCode(email string) string {
	c.t.Helper()
	before := len(c.Mails(email))
	c.Post("/register-email-code/send", Fields{"email": email}).Expect(200, "OTP_SENT")
	return c.Mail(email, before+1).Code
}

// SendLink asks for a registration link and returns the token that was mailed.
func (c *Client) SendLink(email string) string {
	c.t.Helper()
	before := len(c.Mails(email))
	c.Post("/auth/register-email", Fields{"email": email}).Expect(200, "MAGIC_LINK_SENT")
	return c.Mail(email, before+1).LinkToken()
}

// VerifyCode tries a registration code without spending it.
func (c *Client) VerifyCode(email, code string) *Answer {
	c.t.Helper()
	return c.Post("/register-email-code/verify", Fields{"email": email, "code": code})
}

// SetPassword activates an account by code, with Password.
func (c *Client) SetPassword(email, code string) *Answer {
	c.t.Helper()
	return c.Post("/register-email-code/set-password", Fields{
		"email": email, "code": code, "password": Password, "password_confirmation": Password,
	})
}

// SetPasswordByLink activates an account by link, with Password.
func (c *Client) SetPasswordByLink(email, token string) *Answer {
	c.t.Helper()
	return c.Post("/auth/register/set-password", Fields{
		"email": email, "token": token, "password": Password, "password_confirmation": Password,
	})
}

// LoginFields is the body of a login from a device, with Password.
func LoginFields(email, deviceID string) Fields {
	return Fields{
		"email": email, "password": Password,
		"device_id": deviceID, "device_type": "ios", "device_name": "Device " + deviceID,
	}
}

// Login tries a login from a device, with Password.
func (c *Client) Login(email, deviceID string) *Answer {
	c.t.Helper()
	return c.Post("/auth/login", LoginFields(email, deviceID))
}

// LoginOn logs the person in on a device and returns the client of that device.
func (p *Person) LoginOn(deviceID string) *Client {
	c := p.Client
	c.t.Helper()
	issued := c.Token("").Login(p.Email, deviceID).Expect(200, "LOGIN_SUCCESS")
	return c.Token(issued.Text("data.access_token"))
}

// IsLoggedIn tells whether the client's token opens its account.
func (c *Client) IsLoggedIn() bool {
	c.t.Helper()
	answer := c.Get("/me")
	if answer.Status == 401 {
		answer.Expect(401, "UNAUTHENTICATED")
		return false
	}
	answer.Expect(200, "ME_OK")
	return true
}

// Bearer is the client's token, or nothing.
func (c *Client) Bearer() string {
	return strings.TrimPrefix(c.header.Get("Authorization"), "Bearer ")
}
