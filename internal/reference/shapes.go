package reference

import (
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/totp"
)

// shape is one form that an answer can have.
type shape struct {
	answer  api.Answer
	suffix  string // of the name of its example
	summary string
}

// shapes lists the forms of a success.
func (e examples) shapes(s api.Success) []shape {
	var a api.Answer
	switch s.Answer.(type) {
	case *api.CodeValid:
		a = &api.CodeValid{Valid: true}
	case *api.TokenIssued:
		a = &api.TokenIssued{
			AccessToken: exampleToken, TokenType: api.BearerScheme, UserID: exampleUserID, AccountStatus: account.Active,
		}
	case *api.LoggedIn:
		a = &api.LoggedIn{Data: api.LoginToken{
			AccessToken: exampleToken, TokenType: api.BearerScheme, UserID: exampleUserID, AccountStatus: account.Active,
		}}
	case *api.Challenged:
		a = &api.Challenged{Data: api.LoginChallenge{
			MFARequired: true, ChallengeID: exampleHex, ExpiresIn: api.Seconds(e.cfg.ChallengeTTL),
		}}
	case *api.DeviceList:
		a = e.devices()
	case *api.SecondFactor:
		return e.factors()
	case *api.Succeeded:
		a = &api.Succeeded{Success: true}
	case *api.Me:
		a = &api.Me{Data: examplePerson()}
	case *api.MeUpdated:
		a = &api.MeUpdated{Data: api.UpdatedDetails{
			ID: exampleUserID, Details: examplePerson().Details, UpdatedAt: api.Timestamp(exampleTime()),
		}}
	case *api.PhotoUpdated:
		photo := &api.PhotoUpdated{}
		photo.Data.PhotoURL, photo.Data.UpdatedAt = examplePhoto, api.Timestamp(exampleTime())
		a = photo
	case *api.PhotoDeleted:
		a = &api.PhotoDeleted{}
	case *api.Health:
		a = &api.Health{Data: api.HealthData{
			Status: "ok", Version: "1.0.0", Environment: e.cfg.Environment, Time: api.Timestamp(exampleTime()),
		}}
	default:
		a = &api.Done{}
	}
	return []shape{{answer: a}}
}

const examplePhoto = "https://api.example.com/files/profile_photos/user_17_4f1c2a9be0d35768.jpg?expires=1767982137&signature=EXAMPLE"

func examplePerson() api.Person {
	return api.Person{
		ID: exampleUserID, Email: exampleEmail, Status: account.Active, Locale: new(string(french)), Username: account.Username(exampleUserID),
		Details: api.Details{
			FirstName: new("Ada"), LastName: new("Lovelace"), BirthDate: new("1990-12-31"),
			Country: new("BJ"), Nationality: new("BEN"), PhoneNumber: new("+22900000000"),
		},
		CreatedAt: api.Timestamp(exampleTime().Add(-48 * time.Hour)), UpdatedAt: api.Timestamp(exampleTime()),
	}
}

func (e examples) devices() *api.DeviceList {
	now, last := exampleTime(), exampleTime().Add(-26*time.Hour)
	expires := func(used time.Time) api.Timestamp {
		s := account.Session{LastUsedAt: used, ExpiresAt: last.Add(e.cfg.TokenTTL)}
		return api.Timestamp(s.Expires(e.cfg.TokenIdleTTL))
	}
	list := &api.DeviceList{}
	list.Data.Devices = []api.Device{
		{
			ID: "b7e23ec2-9af2-4a3c-8b2f-1c1a2d3e4f50", Type: "ios", Name: "Ada's iPhone", Country: new("BJ"), IP: "203.0.113.7",
			LastUsedAt: api.Timestamp(now), CreatedAt: api.Timestamp(last), ExpiresAt: expires(now), IsCurrent: true,
		},
		{
			ID: "web-2f8a", Type: "web", Name: "Firefox on Linux", IP: "2001:db8::7",
			LastUsedAt: api.Timestamp(last), CreatedAt: api.Timestamp(last), ExpiresAt: expires(last),
		},
	}
	return list
}

// factors is a second factor before and after it is switched on.
func (e examples) factors() []shape {
	off := &api.SecondFactor{
		Email: exampleEmail, Issuer: auth.Issuer, Secret: new(exampleTOTP),
		OTPAuthURI: new(totp.URI(auth.Issuer, exampleEmail, exampleTOTP)), ExpiresIn: new(api.Seconds(e.cfg.EnrollTTL)),
	}
	on := &api.SecondFactor{Enabled: true, Email: exampleEmail, Issuer: auth.Issuer}
	return []shape{
		{off, ".disabled", "It is off, and may be switched on with this secret"},
		{on, ".enabled", "It is on"},
	}
}
