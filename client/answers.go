package client

import "time"

// Status is what an account may do.
type Status string

// The states of an account. Only an active one logs in.
const (
	StatusPending Status = "pending" // has not proved its e-mail address
	StatusActive  Status = "active"
	StatusBlocked Status = "blocked" // by an operator
	StatusClosed  Status = "closed"  // for good
)

// Envelope is what every answer has.
type Envelope struct {
	Message string  `json:"message"` // a sentence for the person, in the language of the answer
	Code    Outcome `json:"code"`
}

// outcome lets the code of any answer be looked at.
func (e Envelope) outcome() Outcome { return e.Code }

// Done says that it is done and nothing more.
type Done struct{ Envelope }

// CodeValid answers the check of a registration code.
type CodeValid struct {
	Envelope
	Valid bool `json:"valid"` // true
}

// TokenIssued answers a finished registration.
type TokenIssued struct {
	Envelope
	AccessToken   Secret `json:"access_token"` // the [TokenStore] has it too
	TokenType     string `json:"token_type"`   // "Bearer"
	UserID        int64  `json:"user_id"`
	AccountStatus Status `json:"account_status"`
}

// LoggedIn answers a finished login.
type LoggedIn struct {
	Envelope
	Data LoginToken `json:"data"`
}

// LoginToken is the token of a login.
type LoginToken struct {
	MFARequired   bool   `json:"mfa_required"` // false
	AccessToken   Secret `json:"access_token"` // the [TokenStore] has it too
	TokenType     string `json:"token_type"`   // "Bearer"
	AccountStatus Status `json:"account_status"`
	UserID        int64  `json:"user_id"`
}

// Challenged answers a login that waits for its second factor.
type Challenged struct {
	Envelope
	Data LoginChallenge `json:"data"`
}

// LoginChallenge is what the second step of a login refers to.
type LoginChallenge struct {
	MFARequired bool   `json:"mfa_required"` // true
	ChallengeID Secret `json:"challenge_id"`
	ExpiresIn   int    `json:"expires_in"` // seconds in which the login has to be finished
}

// LoginResult is how the first step of a login ended: exactly one of the two is set.
type LoginResult struct {
	LoggedIn   *LoggedIn   // the person is in
	Challenged *Challenged // the person has a second factor: call [Client.LoginTwoFactor]
}

// DeviceList answers the question for a person's devices.
type DeviceList struct {
	Envelope
	Data struct {
		Devices []Device `json:"devices"` // the latest used first
	} `json:"data"`
}

// Device is a device that is logged in.
type Device struct {
	DeviceID   string    `json:"device_id"`
	DeviceType string    `json:"device_type"`
	DeviceName string    `json:"device_name"`
	Country    *string   `json:"country"` // ISO 3166-1 alpha-2
	IP         string    `json:"ip"`
	LastUsedAt time.Time `json:"last_used_at"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"` // if it is not used again
	IsCurrent  bool      `json:"is_current"` // it is the one that asks
}

// SecondFactor tells of a person's second factor. Where it is on, the secret, the URI and
// the time left are nil.
type SecondFactor struct {
	Envelope
	Enabled    bool    `json:"enabled"`
	Email      string  `json:"email"`
	Secret     *Secret `json:"secret"`      // base32, for an authenticator
	OTPAuthURI *Secret `json:"otpauth_uri"` // the same, to show as a QR code
	Issuer     string  `json:"issuer"`
	ExpiresIn  *int    `json:"expires_in"` // seconds in which it has to be enabled
}

// Succeeded answers what is done to a second factor.
type Succeeded struct {
	Envelope
	Success bool `json:"success"` // true
}

// Me answers who the caller is.
type Me struct {
	Envelope
	Data Person `json:"data"`
}

// Person is the caller. What is unset is nil.
type Person struct {
	ID           int64     `json:"id"`
	Email        string    `json:"email"`
	Status       Status    `json:"status"`
	Locale       *string   `json:"locale"`
	Username     string    `json:"username"`
	PhotoURL     *string   `json:"photo_url"` // signed, and good for a while only: do not store it
	FirstName    *string   `json:"first_name"`
	LastName     *string   `json:"last_name"`
	BirthDate    *string   `json:"birth_date"`   // YYYY-MM-DD
	Country      *string   `json:"country"`      // ISO 3166-1 alpha-2
	Nationality  *string   `json:"nationality"`  // ISO 3166-1 alpha-3
	PhoneNumber  *string   `json:"phone_number"` // E.164
	TwoFAEnabled bool      `json:"twofa_enabled"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// MeUpdated answers a change of the profile.
type MeUpdated struct {
	Envelope
	Data UpdatedDetails `json:"data"`
}

// UpdatedDetails are what the person says of themselves from now on. What is unset is nil.
type UpdatedDetails struct {
	ID          int64     `json:"id"`
	FirstName   *string   `json:"first_name"`
	LastName    *string   `json:"last_name"`
	BirthDate   *string   `json:"birth_date"`   // YYYY-MM-DD
	Country     *string   `json:"country"`      // ISO 3166-1 alpha-2
	Nationality *string   `json:"nationality"`  // ISO 3166-1 alpha-3
	PhoneNumber *string   `json:"phone_number"` // E.164
	UpdatedAt   time.Time `json:"updated_at"`
}

// PhotoUpdated answers the upload of a photo.
type PhotoUpdated struct {
	Envelope
	Data struct {
		PhotoURL  string    `json:"photo_url"` // signed, and good for a while only: do not store it
		UpdatedAt time.Time `json:"updated_at"`
	} `json:"data"`
}

// PhotoDeleted answers the deletion of a photo.
type PhotoDeleted struct {
	Envelope
	Data struct {
		PhotoURL *string `json:"photo_url"` // nil
	} `json:"data"`
}

// Health answers the health check.
type Health struct {
	Envelope
	Data HealthData `json:"data"`
}

// HealthData is what a server tells of itself.
type HealthData struct {
	Status      string    `json:"status"` // "ok"
	Version     string    `json:"version"`
	Environment string    `json:"environment"` // "production" or "sandbox"
	Time        time.Time `json:"time"`
}
