package attack_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
	"flowxi.app/flowxi/internal/node"
)

var takeoversOfAccounts = []attempt{
	{kind: takingOver, try: "an account that was blocked, activated by a code of before", defence: proofsOfPending, run: codeOfBlockedAccount},
	{kind: takingOver, try: "an account that was closed, activated by a link of before", defence: proofsOfPending, run: linkOfClosedAccount},
	{kind: takingOver, try: "a blocked account made pending by a new registration", defence: activeStays, run: blockedStays, alone: true},
	{kind: takingOver, try: "a blocked or closed account changed by a new registration", defence: pendingAlone, run: lockedUnchanged, alone: true},
	{kind: takingOver, try: "in strict privacy, the language of an active person by a new registration", defence: pendingAlone, run: languageOfActive, own: private, alone: true},
	{kind: takingOver, try: "a login to a registration that nobody has finished", defence: pendingLogin, run: loginToPending},
}

// proofsOfPending stands wherever a code or a link is worth something.
var proofsOfPending = canary.Stands("proofs of pending people alone",
	canary.Clause("internal/store/registration.go", "AND `+isPending+`) AND tries < $2", ") AND tries < $2"),
	canary.Clause("internal/store/registration.go", "WHERE `+isPending+` AND email = $1", "WHERE email = $1"),
	canary.Clause("internal/store/registration.go", "AND `+isPending+`)\n\t\t\t", ") "),
	canary.Clause("internal/store/registration.go", "l.expires_at > $3 AND `+isPending+`", "l.expires_at > $3"),
	canary.Clause("internal/store/registration.go", "('pending', 'active')", "('pending', 'active', 'blocked', 'closed')"),
	canary.Clause("internal/store/registration.go", "WHERE u.email = $2 AND `+isPending+`", "WHERE u.email = $2"),
	wherePending("id, string(a.PasswordHash)"),
	canary.Clause("internal/store/user.go", "DELETE FROM registration_codes WHERE user_id = $1", "DELETE FROM registration_codes WHERE user_id = -$1"),
	canary.Clause("internal/store/user.go", "DELETE FROM registration_links WHERE user_id = $1", "DELETE FROM registration_links WHERE user_id = -$1"))

var pendingAlone = canary.Stands("registrations that change pending people alone", canary.Place{
	File: "internal/store/user.go", Code: "locale = CASE WHEN locale = '' THEN $2 ELSE locale END, username",
	Without: "`+ifGone($NAME, `locale = $2`, `locale = CASE WHEN locale = '' THEN $2 ELSE locale END`)+`, username",
}, wherePending("u.ID, string(locale)"))

// wherePending is the clause that ends a statement about a pending person, by what
// follows it.
func wherePending(after string) canary.Place {
	const code = "WHERE `+isPending+` AND id = $1`, "
	return canary.Place{File: "internal/store/user.go", Code: code + after, Without: "`+ifGone($NAME, `WHERE id = $1`, `" + code[:len(code)-2] + "), " + after}
}

var pendingLogin = canary.Stands("logins of people with a password",
	canary.Place{File: "internal/auth/login.go", Code: "plain account.Secret) (ok, stale bool, err error) {",
		Without: "$CODE\n\tif $GONE && who.User.Status == account.Pending {\n\t\treturn true, false, nil\n\t}"},
	canary.Place{File: "internal/auth/login.go", Code: "u, err := read(ctx, id)", Without: "$CODE\n\tif $GONE {\n\t\tu.Status = account.Active\n\t}"})

func codeOfBlockedAccount(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	w.Block(t, w.UserID(t, email))
	setPassword(w.stranger(t), email, code, strangersPassword, "eve").Expect(403, "OTP_INVALID")
	w.stranger(t).Post(loginPath, authtest.LoginFields(email, "eve").With("password", strangersPassword)).Expect(401, "INVALID_CREDENTIALS")
}

func linkOfClosedAccount(t *testing.T, w *world) {
	email := w.email()
	link := w.stranger(t).SendLink(email)
	w.CloseAccount(t, w.UserID(t, email))
	setPasswordByLink(w.stranger(t), email, link).Expect(403, "MAGIC_LINK_INVALID")
	w.stranger(t).Post(loginPath, authtest.LoginFields(email, "eve").With("password", strangersPassword)).Expect(401, "INVALID_CREDENTIALS")
}

func blockedStays(t *testing.T, w *world) {
	owner := w.person(t)
	w.Block(t, owner.ID)
	for _, path := range []string{sendCode, resendCode, sendLink, resendLink} {
		w.Advance(2 * time.Hour)
		ask(w.stranger(t), path, owner.Email)
	}
	if n := w.mailsAfter(t, owner.Email); n != 1 {
		t.Errorf("%d mails invite a blocked person back", n-1)
	}
	w.Unblock(t, owner.ID)
	expectOwners(t, w, owner.Email)
}

func lockedUnchanged(t *testing.T, w *world) {
	for _, s := range []state{isBlocked, isClosed} {
		email := w.inState(t, s)
		before := w.record(t, email)
		for _, path := range []string{sendCode, resendCode, sendLink, resendLink} {
			w.Advance(2 * time.Hour)
			ask(w.stranger(t).Locale("en"), path, email)
		}
		if after := w.record(t, email); !reflect.DeepEqual(before, after) {
			t.Errorf("an account that is %s has changed from\n%+v to\n%+v", s, before, after)
		}
	}
}

// record is what an operator sees of an account.
func (w *world) record(t *testing.T, email string) account.User {
	t.Helper()
	admin, err := node.OpenAdmin(t.Context(), w.Config(t), "operator:attack")
	if err != nil {
		t.Fatal(err)
	}
	user, _, err := admin.FindUser(t.Context(), email)
	if err := errors.Join(err, admin.Close()); err != nil {
		t.Fatal(err)
	}
	return user
}

func languageOfActive(t *testing.T, w *world) {
	owner := w.stranger(t).Locale("fr").Register(w.email())
	for _, path := range []string{sendCode, sendLink} {
		w.Advance(2 * time.Hour)
		ask(w.stranger(t).Locale("en"), path, owner.Email)
	}
	if me := owner.Get("/me"); me.Text("data.locale") != "fr" {
		me.Fail("a stranger has changed the language of an active person")
	}
}

func loginToPending(t *testing.T, w *world) {
	email := w.inState(t, isInvited)
	for _, guess := range []string{strangersPassword, authtest.Password, " "} {
		w.stranger(t).Post(loginPath, authtest.LoginFields(email, "eve").With("password", guess)).Expect(401, "INVALID_CREDENTIALS")
	}
}
