package main

import (
	"strconv"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// person is what a program gets to know of a user.
type person struct {
	ID        account.UserID `json:"id"`
	Username  string         `json:"username"`
	Email     string         `json:"email"`
	Status    account.Status `json:"status"`
	Locale    account.Locale `json:"locale"`
	FirstName *string        `json:"first_name"`
	LastName  *string        `json:"last_name"`
	TwoFA     bool           `json:"twofa_enabled"`
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
	Sessions  []session      `json:"sessions,omitzero"` // of user show alone
}

type session struct {
	ID         account.SessionID `json:"id"`
	DeviceID   string            `json:"device_id"`
	DeviceType string            `json:"device_type"`
	DeviceName string            `json:"device_name"`
	IP         string            `json:"ip"`
	CreatedAt  time.Time         `json:"created_at"`
	LastUsedAt time.Time         `json:"last_used_at"`
	ExpiresAt  time.Time         `json:"expires_at"`
}

func personOf(u account.User) person {
	return person{
		ID: u.ID, Username: u.Username, Email: u.Email, Status: u.Status, Locale: u.Locale,
		FirstName: u.Profile.FirstName, LastName: u.Profile.LastName,
		TwoFA: u.TOTP.Enabled(), CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

func personsOf(people []account.User) []person {
	list := make([]person, len(people))
	for i, u := range people {
		list[i] = personOf(u)
	}
	return list
}

func sessionsOf(sessions []account.Session, idle time.Duration) []session {
	list := make([]session, len(sessions))
	for i, s := range sessions {
		list[i] = session{
			ID: s.ID, DeviceID: s.Device.ID, DeviceType: s.Device.Type, DeviceName: s.Device.Name,
			IP: s.IP, CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.Expires(idle),
		}
	}
	return list
}

func personTable(u account.User) *table {
	var t table
	t.row("Id", strconv.FormatInt(int64(u.ID), 10))
	t.row("Username", u.Username)
	t.row("E-mail", u.Email)
	t.row("Status", string(u.Status))
	t.row("Name", name(u.Profile))
	t.row("Locale", orDash(string(u.Locale)))
	t.row("2FA", onOff(u.TOTP.Enabled()))
	t.row("Created", moment(u.CreatedAt))
	t.row("Updated", moment(u.UpdatedAt))
	return &t
}

// name quotes what a person chose freely, so that no escape of theirs reaches a terminal.
func name(p account.Profile) string {
	switch {
	case p.FirstName != nil && p.LastName != nil:
		return strconv.Quote(*p.FirstName + " " + *p.LastName)
	case p.FirstName != nil:
		return strconv.Quote(*p.FirstName)
	case p.LastName != nil:
		return strconv.Quote(*p.LastName)
	}
	return "-"
}

func sessionTable(sessions []account.Session, idle time.Duration) *table {
	var t table
	t.row("SESSION", "DEVICE", "TYPE", "NAME", "IP", "LAST USED", "EXPIRES")
	for _, s := range sessions {
		t.row(strconv.FormatInt(int64(s.ID), 10), quoted(s.Device.ID), quoted(s.Device.Type), quoted(s.Device.Name),
			orDash(s.IP), moment(s.LastUsedAt), moment(s.Expires(idle)))
	}
	return &t
}

func quoted(text string) string {
	if text == "" {
		return "-"
	}
	return strconv.Quote(text)
}
