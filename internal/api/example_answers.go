package api

import (
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
)

// shape is one form that an answer can have.
type shape struct {
	answer  answer
	suffix  string // of the name of its example
	summary string
}

// shapes lists the forms of a success.
func shapes(s Success) []shape {
	issued := auth.Issued{Token: exampleToken, UserID: exampleUserID, Status: account.Active}
	var a answer
	switch s.Answer.(type) {
	case *CodeValid:
		a = &CodeValid{Valid: true}
	case *TokenIssued:
		a = tokenIssued(issued)
	case *LoggedIn:
		a = loggedIn(issued)
	case *Challenged:
		a = &Challenged{Data: LoginChallenge{MFARequired: true, ChallengeID: exampleHex, ExpiresIn: 300}}
	case *DeviceList:
		a = exampleDevices()
	case *SecondFactor:
		return exampleFactors()
	case *Succeeded:
		a = &Succeeded{Success: true}
	case *Me:
		a = &Me{Data: examplePerson()}
	case *MeUpdated:
		a = &MeUpdated{Data: UpdatedDetails{ID: exampleUserID, Details: examplePerson().Details, UpdatedAt: Timestamp(exampleTime())}}
	case *PhotoUpdated:
		photo := &PhotoUpdated{}
		photo.Data.PhotoURL, photo.Data.UpdatedAt = examplePhoto, Timestamp(exampleTime())
		a = photo
	case *PhotoDeleted:
		a = &PhotoDeleted{}
	case *Health:
		a = &Health{Data: HealthData{Status: "ok", Version: "1.0.0", Environment: "production", Time: Timestamp(exampleTime())}}
	default:
		a = &Done{}
	}
	return []shape{{answer: a}}
}

const examplePhoto = "https://api.example.com/files/profile_photos/user_17_4f1c2a9be0d35768.jpg?expires=1767982137&signature=EXAMPLE"

func examplePerson() Person {
	first, last, birth, country, nationality, phone := "Ada", "Lovelace", "1990-12-31", "BJ", "BEN", "+22900000000"
	return Person{
		ID: exampleUserID, Email: exampleEmail, Status: account.Active, Locale: orNull("fr"), Username: account.Username(exampleUserID),
		Details: Details{
			FirstName: &first, LastName: &last, BirthDate: &birth, Country: &country, Nationality: &nationality, PhoneNumber: &phone,
		},
		CreatedAt: Timestamp(exampleTime().Add(-48 * time.Hour)), UpdatedAt: Timestamp(exampleTime()),
	}
}

func exampleDevices() *DeviceList {
	now, last := exampleTime(), exampleTime().Add(-26*time.Hour)
	const idle = 30 * 24 * time.Hour
	list := &DeviceList{}
	list.Data.Devices = []Device{
		{
			ID: "b7e23ec2-9af2-4a3c-8b2f-1c1a2d3e4f50", Type: "ios", Name: "Ada's iPhone", Country: orNull("BJ"), IP: "203.0.113.7",
			LastUsedAt: Timestamp(now), CreatedAt: Timestamp(last), ExpiresAt: Timestamp(now.Add(idle)), IsCurrent: true,
		},
		{
			ID: "web-2f8a", Type: "web", Name: "Firefox on Linux", IP: "2001:db8::7",
			LastUsedAt: Timestamp(last), CreatedAt: Timestamp(last), ExpiresAt: Timestamp(last.Add(idle)),
		},
	}
	return list
}

// exampleFactors is a second factor before and after it is switched on.
func exampleFactors() []shape {
	left := 600
	off := &SecondFactor{
		Envelope: Envelope{textKey: "code.TWOFA_STATUS.disabled"}, Email: exampleEmail, Issuer: "Flowxi",
		Secret: orNull(exampleTOTP), OTPAuthURI: orNull("otpauth://totp/Flowxi:" + exampleEmail + "?secret=" + exampleTOTP + "&issuer=Flowxi"),
		ExpiresIn: &left,
	}
	on := &SecondFactor{Envelope: Envelope{textKey: "code.TWOFA_STATUS.enabled"}, Enabled: true, Email: exampleEmail, Issuer: "Flowxi"}
	return []shape{
		{off, ".disabled", "It is off, and may be switched on with this secret"},
		{on, ".enabled", "It is on"},
	}
}
