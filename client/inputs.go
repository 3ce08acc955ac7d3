package client

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// DeviceInput is what a client says of the device that it runs on. Where DeviceID is empty
// the Device of the [Options] stands in for all of it.
type DeviceInput struct {
	DeviceID   string `json:"device_id,omitzero"`   // chosen once and kept, see [NewDeviceID]
	DeviceType string `json:"device_type,omitzero"` // such as ios, android or web
	DeviceName string `json:"device_name,omitzero"` // that its owner knows it by
	Country    string `json:"country,omitzero"`     // ISO 3166-1 alpha-2; may be left out
}

func (d DeviceInput) or(usual DeviceInput) DeviceInput {
	if d.DeviceID == "" {
		return usual
	}
	return d
}

// EmailInput asks for a code or a link.
type EmailInput struct {
	Email string `json:"email"`
}

// CodeCheckInput asks whether a registration code is right.
type CodeCheckInput struct {
	Email string `json:"email"`
	Code  Secret `json:"code"` // the six digits of the mail
}

// CodePasswordInput finishes a registration by code.
type CodePasswordInput struct {
	Email                string `json:"email"`
	Code                 Secret `json:"code"` // the six digits of the mail
	Password             Secret `json:"password"`
	PasswordConfirmation Secret `json:"password_confirmation"` // empty: Password, for programs make no slips
	DeviceInput                 // without any the token belongs to no device
}

// LinkPasswordInput finishes a registration by link.
type LinkPasswordInput struct {
	Token                Secret `json:"token"` // of the mailed link
	Email                string `json:"email"`
	Password             Secret `json:"password"`
	PasswordConfirmation Secret `json:"password_confirmation"` // empty: Password, for programs make no slips
	DeviceInput                 // without any the token belongs to no device
}

// LoginInput is the first step of a login.
type LoginInput struct {
	Email    string `json:"email"`
	Password Secret `json:"password"`
	DeviceInput
}

// LoginTwoFAInput is the second step of a login.
type LoginTwoFAInput struct {
	ChallengeID Secret `json:"challenge_id"` // of the first step
	Code        Secret `json:"code"`         // the six digits that the authenticator shows
	DeviceID    string `json:"device_id"`    // that of the first step; empty: that of the [Options]
}

// LogoutDeviceInput names a device to log out.
type LogoutDeviceInput struct {
	DeviceID string `json:"device_id"`
}

// TOTPInput proves the second factor.
type TOTPInput struct {
	Code Secret `json:"code"` // the six digits that the authenticator shows
}

// ProfileInput changes a profile in part. The zero value of a field leaves it as it is.
type ProfileInput struct {
	FirstName   Optional `json:"first_name,omitzero"`
	LastName    Optional `json:"last_name,omitzero"`
	BirthDate   Optional `json:"birth_date,omitzero"`   // YYYY-MM-DD, from 1900-01-01 to today
	Country     Optional `json:"country,omitzero"`      // ISO 3166-1 alpha-2
	Nationality Optional `json:"nationality,omitzero"`  // ISO 3166-1 alpha-3
	PhoneNumber Optional `json:"phone_number,omitzero"` // E.164
}

// Optional is a change of a field: [Set], [Clear], or, as its zero value, none.
type Optional struct {
	given bool
	value *string
}

// Set gives a field a value.
func Set(value string) Optional { return Optional{given: true, value: &value} }

// Clear leaves a field without a value.
func Clear() Optional { return Optional{given: true} }

// IsZero tells whether it is no change.
func (o Optional) IsZero() bool { return !o.given }

// MarshalJSON writes the value, or null.
func (o Optional) MarshalJSON() ([]byte, error) { return json.Marshal(o.value) }

// String is the value, "null", or "unchanged".
func (o Optional) String() string {
	switch {
	case !o.given:
		return "unchanged"
	case o.value == nil:
		return "null"
	}
	return *o.value
}

// encode writes an input as the server reads it: with its secrets, which encoding/json
// keeps to itself.
func encode(input any) ([]byte, error) {
	members := make(map[string]any)
	v := reflect.ValueOf(input)
	for _, field := range reflect.VisibleFields(v.Type()) {
		name, options, named := strings.Cut(field.Tag.Get("json"), ",")
		value := v.FieldByIndex(field.Index)
		if name == "" || named && options == "omitzero" && value.IsZero() {
			continue
		}
		members[name] = value.Interface()
		if value.Type() == reflect.TypeFor[Secret]() {
			members[name] = value.String()
		}
	}
	body, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return body, nil
}
