package api

import (
	"time"

	"flowxi.app/flowxi/internal/account"
)

// with sets the outcome where a route has more than one.
func with(o account.Outcome) Envelope { return Envelope{Code: string(o)} }

// Timestamp is a time as clients see it: UTC in ISO 8601 with six fractional
// digits (contract, preamble).
type Timestamp time.Time

const timestampLayout = "2006-01-02T15:04:05.000000Z"

// MarshalText implements encoding.TextMarshaler.
func (t Timestamp) MarshalText() ([]byte, error) {
	b := make([]byte, 0, len(timestampLayout)+3) // nine digits stand there before six are kept
	return time.Time(t).UTC().AppendFormat(b, timestampLayout), nil
}

// Done says that it is done and nothing more.
type Done struct{ Envelope }

// CodeValid answers the check of a registration code (contract section 5).
type CodeValid struct {
	Envelope
	Valid bool `json:"valid"` // true
}

// TokenIssued answers a finished registration (contract section 6).
type TokenIssued struct {
	Envelope
	AccessToken   string         `json:"access_token"`
	TokenType     string         `json:"token_type"` // "Bearer"
	UserID        account.UserID `json:"user_id"`
	AccountStatus account.Status `json:"account_status"`
}

// LoggedIn answers a finished login (contract section 7).
type LoggedIn struct {
	Envelope
	Data LoginToken `json:"data"`
}

// LoginToken is the token of a login.
type LoginToken struct {
	MFARequired   bool           `json:"mfa_required"` // false
	AccessToken   string         `json:"access_token"`
	TokenType     string         `json:"token_type"` // "Bearer"
	AccountStatus account.Status `json:"account_status"`
	UserID        account.UserID `json:"user_id"`
}

// Challenged answers a login that waits for its second factor (contract section 7).
type Challenged struct {
	Envelope
	Data LoginChallenge `json:"data"`
}

// LoginChallenge is what the second step of a login refers to.
type LoginChallenge struct {
	MFARequired bool   `json:"mfa_required"` // true
	ChallengeID string `json:"challenge_id"`
	ExpiresIn   int    `json:"expires_in"` // seconds
}

// DeviceList answers the question for a person's devices (contract section 8).
type DeviceList struct {
	Envelope
	Data struct {
		Devices []Device `json:"devices"` // the latest used first, never null
	} `json:"data"`
}

// Device is a device that is logged in.
type Device struct {
	ID         string    `json:"device_id"`
	Type       string    `json:"device_type"`
	Name       string    `json:"device_name"`
	Country    *string   `json:"country"`
	IP         string    `json:"ip"`
	LastUsedAt Timestamp `json:"last_used_at"`
	CreatedAt  Timestamp `json:"created_at"`
	ExpiresAt  Timestamp `json:"expires_at"` // if it is not used again
	IsCurrent  bool      `json:"is_current"`
}

// SecondFactor tells of a person's second factor (contract section 9). Where it is
// on, the secret, the address and the time left are null.
type SecondFactor struct {
	Envelope
	Enabled    bool    `json:"enabled"`
	Email      string  `json:"email"`
	Secret     *string `json:"secret"`
	OTPAuthURI *string `json:"otpauth_uri"`
	Issuer     string  `json:"issuer"`
	ExpiresIn  *int    `json:"expires_in"` // seconds
}

// textKey has words for each of the two states.
func (a *SecondFactor) textKey() string {
	if a.Enabled {
		return a.Envelope.textKey() + ".enabled"
	}
	return a.Envelope.textKey() + ".disabled"
}

// Succeeded answers what is done to a second factor (contract section 9).
type Succeeded struct {
	Envelope
	Success bool `json:"success"` // true
}

// Me answers who the caller is (contract section 10).
type Me struct {
	Envelope
	Data Person `json:"data"`
}

// Person is the caller. What is unset is null.
type Person struct {
	ID       account.UserID `json:"id"`
	Email    string         `json:"email"`
	Status   account.Status `json:"status"`
	Locale   *string        `json:"locale"`
	Username string         `json:"username"`
	PhotoURL *string        `json:"photo_url"` // signed, and good for a while only
	Details
	TwoFAEnabled bool      `json:"twofa_enabled"`
	CreatedAt    Timestamp `json:"created_at"`
	UpdatedAt    Timestamp `json:"updated_at"`
}

// Details are what a person may say of themselves.
type Details struct {
	FirstName   *string `json:"first_name"`
	LastName    *string `json:"last_name"`
	BirthDate   *string `json:"birth_date"` // YYYY-MM-DD
	Country     *string `json:"country"`
	Nationality *string `json:"nationality"`
	PhoneNumber *string `json:"phone_number"`
}

// MeUpdated answers a change of the details (contract section 10).
type MeUpdated struct {
	Envelope
	Data UpdatedDetails `json:"data"`
}

// UpdatedDetails are the details as they are from now on.
type UpdatedDetails struct {
	ID account.UserID `json:"id"`
	Details
	UpdatedAt Timestamp `json:"updated_at"`
}

// PhotoUpdated answers the upload of a photo (contract section 10).
type PhotoUpdated struct {
	Envelope
	Data struct {
		PhotoURL  string    `json:"photo_url"`
		UpdatedAt Timestamp `json:"updated_at"`
	} `json:"data"`
}

// PhotoDeleted answers the deletion of a photo (contract section 10).
type PhotoDeleted struct {
	Envelope
	Data struct {
		PhotoURL *string `json:"photo_url"` // null
	} `json:"data"`
}

// Health answers the health check (contract section 11).
type Health struct {
	Envelope
	Data HealthData `json:"data"`
}

// HealthData is all that a stranger learns of a server.
type HealthData struct {
	Status      string    `json:"status"` // "ok"
	Version     string    `json:"version"`
	Environment string    `json:"environment"` // "production" or "sandbox"
	Time        Timestamp `json:"time"`
}
