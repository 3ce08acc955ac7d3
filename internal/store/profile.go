package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// profile is what a person says of themselves: a text, or NULL, in each of these columns of
// users. Whatever reads, changes or clears profiles is made of this list.
var profile = []struct {
	column string
	of     func(*account.Profile) **string
}{
	{"first_name", func(p *account.Profile) **string { return &p.FirstName }},
	{"last_name", func(p *account.Profile) **string { return &p.LastName }},
	{"birth_date", func(p *account.Profile) **string { return &p.BirthDate }},
	{"country", func(p *account.Profile) **string { return &p.Country }},
	{"nationality", func(p *account.Profile) **string { return &p.Nationality }},
	{"phone_number", func(p *account.Profile) **string { return &p.PhoneNumber }},
}

// profileColumns lists the columns of users u.
var profileColumns = eachOfProfile(func(column string, _ int) string { return "u." + column })

// unnamedProfile is the same where nobody reads the names of columns (identity).
var unnamedProfile = eachOfProfile(func(column string, _ int) string { return "u." + column + " x" })

// withProfile appends where either is scanned to.
func withProfile(dest []any, p *account.Profile) []any {
	for _, f := range profile {
		dest = append(dest, f.of(p))
	}
	return dest
}

// clearProfile has an UPDATE take all of it away.
var clearProfile = eachOfProfile(func(column string, _ int) string { return column + " = NULL" })

var updateProfile = `
	UPDATE users SET updated_at = $2, ` + eachOfProfile(func(column string, i int) string { return fmt.Sprintf("%s = $%d", column, i+3) }) + `
	WHERE id = $1 AND status = 'active' RETURNING ` + ownColumns

// UpdateProfile writes a profile as a whole and returns the person. ErrNotFound where
// the person is not active.
func (tx *Tx) UpdateProfile(ctx context.Context, id account.UserID, p account.Profile, now time.Time) (u account.User, err error) {
	args := []any{id, micros(now)}
	for _, f := range profile {
		args = append(args, *f.of(&p))
	}
	err = tx.row(ctx, "update profile", updateProfile, args, userFields(&u)...)
	return u, err
}

// eachOfProfile lists what it is told of each column and its place.
func eachOfProfile(of func(column string, i int) string) string {
	list := make([]string, len(profile))
	for i, f := range profile {
		list[i] = of(f.column, i)
	}
	return strings.Join(list, ", ")
}
