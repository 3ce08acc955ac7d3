package mock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"flowxi.app/flowxi/client"
	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
)

// role is somebody who is to be there, and how they come to be what they are.
type role struct {
	email, locale, who string
	ago                time.Duration // since they came
	play               func(context.Context, *stage, *Person) error
}

const day = 24 * time.Hour

// cast is everybody, in the order of their ids. The limited one is the last, since limits do
// not outlive a clock that is set back.
func cast() []role {
	return []role{
		{"active@example.com", "fr", "French, with a whole profile, and no photo", 20 * day, french},
		{"english@example.com", "en", "English, with a whole profile, and no photo", 19 * day, english},
		{"empty@example.com", "fr", "has said nothing of themselves", 18 * day, join},
		{"long@example.com", "fr", "with the longest names that there can be", 17 * day, long},
		{"twofa@example.com", "fr", "with a second factor", 16 * day, twoFA},
		{"devices@example.com", "en", "with five devices and a photo", 15 * day, devices},
		{"blocked@example.com", "fr", "blocked: no password is right", 14 * day, locked(account.Blocked)},
		{"closed@example.com", "fr", "closed: no password is right", 13 * day, locked(account.Closed)},
		{"expired@example.com", "en", "has begun to register; the code and the link are over", 3 * time.Hour, invited},
		{"pending@example.com", "fr", "has begun to register; the code and the link are good", 3 * time.Minute, invited},
		{"limited@example.com", "fr", "at the limits: logins and mails are refused", 12 * day, limited},
	}
}

// join registers somebody by code, on a browser.
func join(ctx context.Context, s *stage, p *Person) error {
	in := client.EmailInput{Email: p.Email}
	if _, err := s.SendRegistrationCode(ctx, in); err != nil {
		return err
	}
	if err := s.mailed(ctx, p.Email, 1); err != nil {
		return err
	}
	s.pass(time.Minute)
	p.DeviceID = "web-" + strings.TrimSuffix(p.Email, "@example.com")
	issued, err := s.RegisterByCode(ctx, client.CodePasswordInput{
		Email: p.Email, Code: Code, Password: Password,
		DeviceInput: client.DeviceInput{DeviceID: p.DeviceID, DeviceType: "web", DeviceName: "Firefox", Country: "FR"},
	})
	if err != nil {
		return err
	}
	p.Password, p.UserID, p.AccessToken = Password, issued.UserID, string(issued.AccessToken)
	return nil
}

// describe joins, and says who they are.
func describe(ctx context.Context, s *stage, p *Person, in client.ProfileInput) error {
	if err := join(ctx, s, p); err != nil {
		return err
	}
	s.pass(time.Hour)
	_, err := s.UpdateMe(ctx, in)
	return err
}

func french(ctx context.Context, s *stage, p *Person) error {
	return describe(ctx, s, p, client.ProfileInput{
		FirstName: client.Set("Amélie"), LastName: client.Set("Dossou"), BirthDate: client.Set("1991-04-12"),
		Country: client.Set("BJ"), Nationality: client.Set("BEN"), PhoneNumber: client.Set("+22900000000"),
	})
}

func english(ctx context.Context, s *stage, p *Person) error {
	return describe(ctx, s, p, client.ProfileInput{
		FirstName: client.Set("Grace"), LastName: client.Set("Mensah"), BirthDate: client.Set("1988-11-30"),
		Country: client.Set("GB"), Nationality: client.Set("GBR"), PhoneNumber: client.Set("+447700900123"),
	})
}

// Longest texts (contract sections 7 and 10).
const (
	longestName   = 100
	longestDevice = 255
)

// long has one name that can be broken, and one that cannot.
func long(ctx context.Context, s *stage, p *Person) error {
	err := describe(ctx, s, p, client.ProfileInput{
		FirstName: client.Set(stretch("Marie-Hélène Élisabeth Joséphine ", longestName)), LastName: client.Set(stretch("Wolfeschlegelsteinhausenberg", longestName)),
	})
	if err != nil {
		return err
	}
	return login(ctx, s, p, client.DeviceInput{DeviceID: "long-name", DeviceType: "android", DeviceName: stretch("Le téléphone de la cuisine ", longestDevice)})
}

// stretch repeats a text until it has that many characters, none of them a space at the end.
func stretch(text string, length int) string {
	whole := []rune(strings.Repeat(text, length))[:length]
	if whole[length-1] == ' ' {
		whole[length-1] = '.'
	}
	return string(whole)
}

func twoFA(ctx context.Context, s *stage, p *Person) error {
	if err := join(ctx, s, p); err != nil {
		return err
	}
	if _, err := s.TwoFactorStatus(ctx); err != nil {
		return err
	}
	p.TOTPSecret = TOTPSecret
	_, err := s.EnableTwoFactor(ctx, client.TOTPInput{Code: client.Secret(codeAt(s.clock.now()))})
	return err
}

func devices(ctx context.Context, s *stage, p *Person) error {
	if err := join(ctx, s, p); err != nil {
		return err
	}
	photo, err := avatar()
	if err != nil {
		return err
	}
	if _, err := s.UpdatePhoto(ctx, bytes.NewReader(photo)); err != nil {
		return err
	}
	for _, d := range []struct {
		ago    time.Duration
		device client.DeviceInput
	}{
		{9 * day, client.DeviceInput{DeviceID: "laptop", DeviceType: "web", DeviceName: "Work laptop", Country: "GB"}},
		{3 * day, client.DeviceInput{DeviceID: "tablet", DeviceType: "android", DeviceName: "Tablet", Country: "GH"}},
		{5 * time.Hour, client.DeviceInput{DeviceID: "nameless", DeviceType: "desktop", DeviceName: "Desktop"}},
		{10 * time.Minute, client.DeviceInput{DeviceID: "phone", DeviceType: "ios", DeviceName: "Grace’s phone", Country: "FR"}},
	} {
		s.before(d.ago)
		if err := login(ctx, s, p, d.device); err != nil {
			return err
		}
	}
	return nil
}

// login logs somebody in on one device more.
func login(ctx context.Context, s *stage, p *Person, device client.DeviceInput) error {
	_, err := s.WithToken("").Login(ctx, client.LoginInput{Email: p.Email, Password: Password, DeviceInput: device})
	return err
}

// locked joins, and is blocked or closed by an operator a day later.
func locked(state account.Status) func(context.Context, *stage, *Person) error {
	return func(ctx context.Context, s *stage, p *Person) error {
		if err := join(ctx, s, p); err != nil {
			return err
		}
		s.pass(day)
		p.State, p.DeviceID, p.AccessToken = state, "", ""
		return s.operate(ctx, func(o *auth.Operator) (err error) {
			if state == account.Closed {
				_, err = o.CloseAccount(ctx, account.UserID(p.UserID))
			} else {
				_, err = o.Block(ctx, account.UserID(p.UserID))
			}
			return err
		})
	}
}

// limited joins, and then somebody tries passwords, and asks for a mail, just now: from both
// addresses of this machine, since limits are for each.
func limited(ctx context.Context, s *stage, p *Person) error {
	if err := join(ctx, s, p); err != nil {
		return err
	}
	s.before(0)
	for _, from := range []string{"127.0.0.1:1", "[::1]:1"} {
		c, err := s.from(from, p.Locale)
		if err != nil {
			return err
		}
		for _, device := range []string{p.DeviceID, "stranger"} { // a known device has an allowance of its own
			if err := useUp(ctx, c, p.Email, device); err != nil {
				return err
			}
		}
	}
	_, err := s.SendRegistrationCode(ctx, client.EmailInput{Email: p.Email})
	if errors.Is(err, client.CodeEmailAlreadyUsed) {
		err = nil
	}
	return err
}

// useUp tries passwords from a device until there are no tries left.
func useUp(ctx context.Context, c *client.Client, email, device string) error {
	guess := client.LoginInput{
		Email: email, Password: "wrong",
		DeviceInput: client.DeviceInput{DeviceID: device, DeviceType: "web", DeviceName: "Somebody else’s"},
	}
	for range 100 {
		_, err := c.Login(ctx, guess)
		if errors.Is(err, client.CodeTooManyRequests) {
			return nil
		}
		if !errors.Is(err, client.CodeInvalidCredentials) {
			return fmt.Errorf("a wrong password: %w", err)
		}
	}
	return errors.New("wrong passwords meet no limit")
}

// invited asks for a code, and a minute later for a link.
func invited(ctx context.Context, s *stage, p *Person) error {
	in := client.EmailInput{Email: p.Email}
	p.State, p.Code = account.Pending, Code
	if _, err := s.SendRegistrationCode(ctx, in); err != nil {
		return err
	}
	if err := s.mailed(ctx, p.Email, 1); err != nil {
		return err
	}
	s.pass(time.Minute)
	if _, err := s.SendRegistrationLink(ctx, in); err != nil {
		return err
	}
	link, err := s.link(ctx, p.Email)
	p.Link = link
	return err
}
