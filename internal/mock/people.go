package mock

import (
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/totp"
)

// Person is somebody who is there at the start, with all that a test may need of them.
type Person struct {
	Email       string         `json:"email"`
	Password    string         `json:"password,omitempty"` // empty before there is one
	State       account.Status `json:"state"`
	Locale      string         `json:"locale"`
	Who         string         `json:"who"`
	UserID      int64          `json:"user_id,omitempty"`
	DeviceID    string         `json:"device_id,omitempty"`    // of their first device, where they are logged in
	AccessToken string         `json:"access_token,omitempty"` // of that device
	TOTPSecret  string         `json:"totp_secret,omitempty"`  // with a second factor
	TOTPCode    string         `json:"totp_code,omitempty"`    // by the clock of the mock, when it was asked
	Code        string         `json:"code,omitempty"`         // that was mailed
	Link        string         `json:"link,omitempty"`         // that was mailed
}

// withCode is the person with the code of their authenticator.
func (p Person) withCode(now time.Time) Person {
	if p.TOTPSecret != "" {
		p.TOTPCode = codeAt(now)
	}
	return p
}

// codeAt is what every authenticator shows.
func codeAt(now time.Time) string {
	code, err := totp.Code(TOTPSecret, totp.Step(now))
	if err != nil { // of a time before 1970, where no clock of a mock is
		return ""
	}
	return code
}
