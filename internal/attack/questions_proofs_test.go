package attack_test

import (
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var proofQuestions = []attempt{
	{kind: whoHasAnAccount, try: "a wrong code, to addresses in every state",
		defence: wrongCodeOfNobody, run: tellsNothingLater(times(2, wrongVerify), everyState...), alone: true},
	{kind: whoHasAnAccount, try: "a password with a wrong code, for addresses in every state",
		defence: wrongCodeOfNobody, run: tellsNothingLater(times(2, wrongSetPassword), everyState...), alone: true},
	{kind: whoHasAnAccount, try: "a password with a wrong link, for addresses in every state",
		defence: linkByToken, run: wrongLink, alone: true},
	{kind: whoHasAnAccount, try: "a link of somebody else's, to ask about an address",
		defence: linkByPerson, run: linkOfAnother, alone: true},
	{kind: whoHasAnAccount, try: "a link of an account that was blocked since",
		defence: linkOfLocked, run: linkOfBlocked},
	{kind: whoHasAnAccount, try: "a code of an account that was blocked since",
		defence: codeOfLocked, run: codeOfBlocked},
	{kind: whoHasAnAccount, try: "a wrong code where the right one has expired",
		defence: expiredToOwner, run: wrongAfterExpiry, alone: true},
	{kind: whoHasAnAccount, try: "an eleventh wrong code, where there is one and where there is none",
		defence: checksOfNobody, run: tellsNothingLater(times(11, wrongVerify), isUnknown, isInvited, isActive), alone: true},
	{kind: whoHasAnAccount, try: "an eleventh wrong link, where there is one and where there is none",
		defence: linkChecksOfNobody, run: tellsNothingLater(times(11, wrongLinkFor), isUnknown, isInvited, isActive), alone: true},
	{kind: whoHasAnAccount, try: "a wrong password, code or link, by how soon it is refused",
		defence: heldRefusals, run: answeredTooSoon(0, wrongLogin, wrongVerify, wrongSetPassword, wrongLinkFor)},
	{kind: whoHasAnAccount, try: "a login, code or link over its limit, by how soon it is refused",
		defence: heldLimits, run: limitedTooSoon},
	{kind: whoHasAnAccount, try: "a login, code or link, by what the server has done when half of the connection is shut down",
		defence: deafToHangingUp, run: halfShutDown},
	{kind: whoHasAnAccount, try: "codes, links and passwords for an address that nobody has, by what they leave behind",
		defence: checksMakeNobody, run: checkNobody},
}

var heldRefusals = canary.Stands("refusals that are held", canary.Place{
	File: "internal/api/endpoint.go", Code: "paced.hold(began, isUnproved(err))", Without: "if !$GONE {\n\t\t\t\t$CODE\n\t\t\t}",
})

var heldLimits = canary.Stands("limits that are held", canary.Place{
	File: "internal/api/pace.go", Code: "work := time.Since(began)", Without: "if $GONE && !whole {\n\t\treturn\n\t}\n\t$CODE",
})

var deafToHangingUp = canary.Stands("deafness to who hangs up", canary.Place{
	File: "internal/api/within.go", Code: "context.WithoutCancel(a.Context)", Without: "ifGone($NAME, a.Context, $CODE)",
})

var checksMakeNobody = canary.Stands("checks that make nobody", canary.Place{
	File: "internal/auth/register_code.go", Code: "outcome := store.CodeWrong",
	Without: "$CODE\n\tif $GONE {\n\t\t_ = a.store.Tx(ctx, func(tx *store.Tx) error { _, err := tx.EnsureApplicant(ctx, email, c.Locale, a.now()); return err })\n\t}",
})

var wrongCodeOfNobody = canary.Stands("one answer to wrong codes", canary.Place{
	File: "internal/auth/register_code.go", Code: "case outcome == store.CodeWrong:",
	Without: "case $GONE && func() bool { u, _ := a.store.UserByEmail(ctx, email); return u.Status == account.Active }():\n\t\treturn account.ErrOTPExpired\n\t$CODE",
})

var linkByToken = canary.Stands("links by their token",
	canary.Clause("internal/store/registration.go", "WHERE l.digest = $1", "WHERE (l.digest = $1 OR l.digest <> $1)"),
	canary.Clause("internal/store/registration.go", "WHERE digest = $1 AND used_at = 0 AND expires_at > $3", "WHERE (digest = $1 OR digest <> $1) AND used_at = 0 AND expires_at > $3"))

var linkByPerson = canary.Stands("links of their own person",
	canary.Clause("internal/store/registration.go", "AND u.email = $2 AND u.status IN", "AND (u.email = $2 OR u.email <> $2) AND u.status IN"))

var linkOfLocked = canary.Stands("no link of a locked account",
	canary.Clause("internal/store/registration.go", "('pending', 'active')", "('pending', 'active', 'blocked', 'closed')"))

var codeOfLocked = canary.Stands("no code of a locked account",
	canary.Clause("internal/store/registration.go", "AND `+isPending+`) AND tries < $2", ") AND tries < $2"))

var expiredToOwner = canary.Stands("expiry told to the owner alone", canary.Place{
	File: "internal/store/registration.go", Code: "|| !right:", Without: "|| !right && !($GONE && !now.Before(expires)):",
})

var checksOfNobody = canary.Stands("limits of nobody's codes", canary.Place{
	File: "internal/auth/register_code.go", Code: "a.codeRules(c, email), func() (err error) {",
	Without: "func() []ratelimit.Rule { if u, _ := a.store.UserByEmail(ctx, email); $GONE && u.ID == 0 { return nil }; return a.codeRules(c, email) }(), func() (err error) {",
}, canary.Place{
	File: "internal/auth/register_code.go", Code: "\"flowxi.app/flowxi/internal/account\"", Without: "$CODE\n\t\"flowxi.app/flowxi/internal/ratelimit\" // $NAME",
})

var linkChecksOfNobody = canary.Stands("limits of nobody's links", canary.Place{
	File: "internal/auth/register_link.go", Code: "a.codeRules(c, in.Email), func() error {",
	Without: "func() []ratelimit.Rule { if u, _ := a.store.UserByEmail(ctx, in.Email); $GONE && u.ID == 0 { return nil }; return a.codeRules(c, in.Email) }(), func() error {",
}, canary.Place{
	File: "internal/auth/register_link.go", Code: "\"flowxi.app/flowxi/internal/account\"", Without: "$CODE\n\t\"flowxi.app/flowxi/internal/ratelimit\" // $NAME",
})

const wrongCode = "000000"

// noLink has the form of a link's token and is none.
var noLink = strings.Repeat("0", 64)

func wrongVerify(c *authtest.Client, email string) *authtest.Answer {
	return c.VerifyCode(email, wrongCode)
}

func wrongSetPassword(c *authtest.Client, email string) *authtest.Answer {
	return c.SetPassword(email, wrongCode)
}

func wrongLinkFor(c *authtest.Client, email string) *authtest.Answer {
	return c.SetPasswordByLink(email, noLink)
}

func wrongLink(t *testing.T, w *world) {
	tellsNothingLater(times(2, wrongLinkFor), everyState...)(t, w)
	invited, put := w.email(), times(2, wrongLinkFor)
	w.stranger(t).SendLink(invited)
	expectAlike(t, "invited by link", put(w.stranger(t), invited), put(w.stranger(t), w.email()))
}

func linkOfAnother(t *testing.T, w *world) {
	own := w.stranger(t).SendLink(w.email())
	put := times(2, func(c *authtest.Client, email string) *authtest.Answer { return c.SetPasswordByLink(email, own) })
	want := put(w.stranger(t), w.email())
	want[0].Expect(403, "MAGIC_LINK_INVALID")
	active := w.inState(t, isActive)
	w.Advance(30 * time.Minute)
	expectAlike(t, isActive, put(w.stranger(t), active), want)
}

func linkOfBlocked(t *testing.T, w *world) {
	email := w.email()
	link := w.stranger(t).SendLink(email)
	w.Block(t, w.UserID(t, email))
	put := times(2, func(c *authtest.Client, email string) *authtest.Answer { return c.SetPasswordByLink(email, link) })
	expectAlike(t, isBlocked, put(w.stranger(t), email), put(w.stranger(t), w.email()))
}

func codeOfBlocked(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	w.Block(t, w.UserID(t, email))
	put := times(2, func(c *authtest.Client, email string) *authtest.Answer { return c.VerifyCode(email, code) })
	expectAlike(t, isBlocked, put(w.stranger(t), email), put(w.stranger(t), w.email()))
}

func wrongAfterExpiry(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	w.Advance(11 * time.Minute)
	put := times(2, func(c *authtest.Client, email string) *authtest.Answer {
		return c.VerifyCode(email, authtest.OtherCode(code))
	})
	expectAlike(t, isPending, put(w.stranger(t), email), put(w.stranger(t), w.email()))
	w.stranger(t).VerifyCode(email, code).Expect(410, "OTP_EXPIRED")
}

func checkNobody(t *testing.T, w *world) {
	for _, put := range []func(c *authtest.Client, email string) *authtest.Answer{wrongLogin, wrongVerify, wrongSetPassword, wrongLinkFor} {
		email := w.email()
		put(w.stranger(t), email)
		if id := w.UserID(t, email); id != 0 {
			t.Errorf("user %d was made", id)
		}
		if n := w.mailsAfter(t, email); n != 0 {
			t.Errorf("%d mails came", n)
		}
	}
}

func limitedTooSoon(t *testing.T, w *world) {
	for _, put := range []func(c *authtest.Client, email string) *authtest.Answer{wrongLogin, wrongVerify, wrongLinkFor} {
		for _, s := range []state{isUnknown, isInvited, isActive} {
			email, c := w.inState(t, s), w.stranger(t)
			for range 10 {
				put(c, email)
			}
			asked := time.Now()
			put(c, email).Expect(429, "TOO_MANY_REQUESTS")
			if took := time.Since(asked); took < heldTime {
				t.Errorf("an address that is %s is over its limit after %v", s, took)
			}
		}
	}
}

// halfShutDown sends requests and, a moment later, the end of all that is to be sent: what
// comes back must be what would have come, and no sooner.
func halfShutDown(t *testing.T, w *world) {
	for _, call := range []struct {
		path, code string
		body       func(email string) string
	}{
		{loginPath, "INVALID_CREDENTIALS", loginBody},
		{"/register-email-code/verify", "OTP_INVALID", codeBody},
		{sendCode, "OTP_SENT", emailBody}, // whoever is blocked has had a mail a moment ago
	} {
		for _, after := range []time.Duration{0, time.Millisecond, 3 * time.Millisecond} {
			for _, s := range []state{isUnknown, isBlocked} {
				if s == isBlocked && call.path == sendCode {
					continue
				}
				email := w.inState(t, s)
				asked := time.Now()
				answer := w.shutDown(t, call.path, call.body(email), after)
				if took := time.Since(asked); took < heldTime || !strings.Contains(answer, `"code":"`+call.code+`"`) {
					t.Errorf("%s of an address that is %s, half shut down after %v, is answered after %v: %s", call.path, s, after, took, answer)
				}
			}
		}
	}
}
