package auth

import (
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/form"
	"flowxi.app/flowxi/internal/password"
)

// Longest texts of the inputs, in code points (contract section 7).
const (
	maxOpaque        = 255 // tokens, challenges and device ids
	maxDeviceType    = 32
	maxDeviceName    = 255
	maxName          = 100
	maxLoginPassword = 1024 // far past any password that could be set
)

// EmailInput asks for a code or a link (contract sections 5 and 6).
type EmailInput struct{ Email string }

// Fields implements form.Body.
func (in *EmailInput) Fields() []form.Field { return []form.Field{emailField(&in.Email)} }

// CodeCheckInput asks whether a registration code is right (contract section 5).
type CodeCheckInput struct {
	Email string
	Code  account.Secret
}

// Fields implements form.Body.
func (in *CodeCheckInput) Fields() []form.Field {
	return []form.Field{emailField(&in.Email), mailedCodeField(&in.Code)}
}

// CodePasswordInput finishes a registration by code (contract section 5). The
// device is the zero one where the client named none.
type CodePasswordInput struct {
	Email          string
	Code, Password account.Secret
	Confirmation   account.Secret // exported, or fmt would print it
	Device         account.Device
}

// Fields implements form.Body.
func (in *CodePasswordInput) Fields() []form.Field {
	fields := []form.Field{emailField(&in.Email), mailedCodeField(&in.Code)}
	fields = append(fields, passwordFields(&in.Password, &in.Confirmation)...)
	return append(fields, optionalDeviceFields(&in.Device)...)
}

// Check implements form.Checker.
func (in *CodePasswordInput) Check(time.Time) []account.Problem {
	return passwordProblems(in.Password, in.Confirmation, in.Email)
}

// LinkPasswordInput finishes a registration by magic link (contract section 6).
// The device is the zero one where the client named none.
type LinkPasswordInput struct {
	Token    account.Secret
	Email    string
	Password account.Secret
	Device   account.Device

	Confirmation account.Secret // exported, or fmt would print it
}

// Fields implements form.Body.
func (in *LinkPasswordInput) Fields() []form.Field {
	token := form.Text(maxOpaque).About("Token of the mailed link", "")
	token.Schema.Secret = true
	fields := []form.Field{form.Require("token", token, &in.Token), emailField(&in.Email)}
	fields = append(fields, passwordFields(&in.Password, &in.Confirmation)...)
	return append(fields, optionalDeviceFields(&in.Device)...)
}

// Check implements form.Checker.
func (in *LinkPasswordInput) Check(time.Time) []account.Problem {
	return passwordProblems(in.Password, in.Confirmation, in.Email)
}

// LoginInput is the first step of a login (contract section 7). The password is
// any text: what could be set once must not be refused here by a later policy.
type LoginInput struct {
	Email    string
	Password account.Secret
	Device   account.Device
}

// Fields implements form.Body.
func (in *LoginInput) Fields() []form.Field {
	secret := form.Password(maxLoginPassword).About("Password", "correct horse battery staple")
	return []form.Field{
		emailField(&in.Email),
		form.Require("password", secret, &in.Password),
		deviceIDField(&in.Device.ID),
		form.Require("device_type", deviceType(), &in.Device.Type),
		form.Require("device_name", deviceName(), &in.Device.Name),
		form.Allow("country", form.Country(), &in.Device.Country),
	}
}

// LoginTwoFAInput is the second step of a login (contract section 7).
type LoginTwoFAInput struct {
	ChallengeID account.Secret
	Code        account.Secret
	DeviceID    string
}

// Fields implements form.Body.
func (in *LoginTwoFAInput) Fields() []form.Field {
	challenge := form.Text(maxOpaque).About("The challenge_id of the first step", "")
	return []form.Field{
		form.Require("challenge_id", challenge, &in.ChallengeID),
		totpField(&in.Code),
		deviceIDField(&in.DeviceID),
	}
}

// LogoutDeviceInput names a device to log out (contract section 8).
type LogoutDeviceInput struct{ DeviceID string }

// Fields implements form.Body.
func (in *LogoutDeviceInput) Fields() []form.Field {
	return []form.Field{deviceIDField(&in.DeviceID)}
}

// TOTPInput proves the second factor (contract section 9).
type TOTPInput struct{ Code account.Secret }

// Fields implements form.Body.
func (in *TOTPInput) Fields() []form.Field { return []form.Field{totpField(&in.Code)} }

// ProfileInput changes a profile in part (contract section 10).
type ProfileInput struct{ FirstName, LastName, BirthDate, Country, Nationality, PhoneNumber form.Optional }

// Fields implements form.Body.
func (in *ProfileInput) Fields() []form.Field {
	return []form.Field{
		form.Patch("first_name", form.Text(maxName).About("First name", "Ada"), &in.FirstName),
		form.Patch("last_name", form.Text(maxName).About("Last name", "Lovelace"), &in.LastName),
		form.Patch("birth_date", form.BirthDate(), &in.BirthDate),
		form.Patch("country", form.Country(), &in.Country),
		form.Patch("nationality", form.Nationality(), &in.Nationality),
		form.Patch("phone_number", form.Phone(), &in.PhoneNumber),
	}
}

func (in ProfileInput) apply(p account.Profile) account.Profile {
	for _, change := range []struct {
		to   **string
		from form.Optional
	}{
		{&p.FirstName, in.FirstName}, {&p.LastName, in.LastName}, {&p.BirthDate, in.BirthDate},
		{&p.Country, in.Country}, {&p.Nationality, in.Nationality}, {&p.PhoneNumber, in.PhoneNumber},
	} {
		if change.from.Set {
			*change.to = change.from.Value
		}
	}
	return p
}

func emailField(dst *string) form.Field { return form.Require("email", form.Email(), dst) }

func mailedCodeField(dst *account.Secret) form.Field {
	return form.Require("code", form.Code().About("The six digits of the mail", "492017"), dst)
}

func totpField(dst *account.Secret) form.Field {
	return form.Require("code", form.Code().About("The six digits that the authenticator app shows", "492017"), dst)
}

func deviceIDField(dst *string) form.Field { return form.Require("device_id", deviceID(), dst) }

func deviceID() form.Rule {
	return form.Text(maxOpaque).About("Identifies the device, chosen by the client", "b7e23ec2-9af2-4a3c-8b2f-1c1a2d3e4f50")
}

func deviceType() form.Rule {
	return form.Text(maxDeviceType).About("Kind of device, such as ios, android or web", "ios")
}

func deviceName() form.Rule {
	return form.Text(maxDeviceName).About("Name that its owner knows the device by", "Ada's iPhone")
}

// optionalDeviceFields are all for nothing unless device_id is sent.
func optionalDeviceFields(d *account.Device) []form.Field {
	return []form.Field{
		form.Allow("device_id", deviceID(), &d.ID),
		form.Require("device_type", deviceType(), &d.Type).Along("device_id"),
		form.Require("device_name", deviceName(), &d.Name).Along("device_id"),
		form.Allow("country", form.Country(), &d.Country).Along("device_id"),
	}
}

func passwordFields(secret, confirmation *account.Secret) []form.Field {
	rule := form.NewPassword(password.MinLength, password.MaxLength)
	const example = "correct horse battery staple"
	return []form.Field{
		form.Require("password", rule.About("The new password", example), secret),
		form.Require("password_confirmation", rule.About("The new password once more", example), confirmation),
	}
}

// passwordProblems tells what is wrong with a new password (contract section 6).
// Of a missing one its field has told already.
func passwordProblems(secret, confirmation account.Secret, email string) []account.Problem {
	if secret == "" {
		return nil
	}
	var problems []account.Problem
	for _, p := range password.Check(string(secret), email) {
		problems = append(problems, passwordProblem(p))
	}
	if password.Normalize(string(secret)) != password.Normalize(string(confirmation)) {
		problems = append(problems, account.Problem{Field: "password", Rule: "confirmed"})
	}
	return problems
}

func passwordProblem(p password.Problem) account.Problem {
	switch p {
	case password.Short:
		return account.Problem{Field: "password", Rule: "min", Params: map[string]any{"Count": password.MinLength}}
	case password.Long:
		return account.Problem{Field: "password", Rule: "max", Params: map[string]any{"Count": password.MaxLength}}
	}
	return account.Problem{Field: "password", Rule: "password_" + string(p)}
}
