package attack_test

import (
	"net/http"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

// notActive are the states that registration tells from no other.
var notActive = []state{isUnknown, isPending, isBlocked, isClosed}

var mailQuestions = []attempt{
	{kind: whoHasAnAccount, try: "a code for addresses that are unknown, pending, blocked or closed",
		defence: lockedAsUnknown, run: tellsNothingLater(times(2, asking(sendCode)), notActive...), alone: true},
	{kind: whoHasAnAccount, try: "a new code for addresses that are unknown, pending, blocked or closed",
		defence: lockedAsUnknown, run: tellsNothingLater(times(2, asking(resendCode)), notActive...), alone: true},
	{kind: whoHasAnAccount, try: "a link for addresses that are unknown, pending, blocked or closed",
		defence: lockedAsUnknown, run: tellsNothingLater(times(2, asking(sendLink)), notActive...), alone: true},
	{kind: whoHasAnAccount, try: "a new link for addresses that are unknown, pending, blocked or closed",
		defence: lockedAsUnknown, run: tellsNothingLater(times(2, asking(resendLink)), notActive...), alone: true},
	{kind: whoHasAnAccount, try: "a second request in a minute, by the limit that it meets",
		defence: limitsOfNobody, run: secondRequest},
	{kind: whoHasAnAccount, try: "a mail to an account that was blocked or closed",
		defence: noMailToLocked, run: mailToLocked, alone: true},
	{kind: whoHasAnAccount, try: "a new code or link for an address that nobody has registered",
		defence: resendMakesNobody, run: resendToNobody},
	{kind: whoHasAnAccount, try: "a code or link, by how soon the answer comes",
		defence: heldAnswers, run: answeredTooSoon(2*time.Hour, asking(sendCode), asking(resendCode), asking(sendLink), asking(resendLink)), alone: true},
	{kind: whoHasAnAccount, try: "a code for an address, by the number that the next account has",
		defence: numbersTaken, run: numberOfTheNext, alone: true},
}

var lockedAsUnknown = canary.Stands("one answer to addresses that are not active", canary.Place{
	File: "internal/auth/register.go", Code: "u.Status == account.Active && !a.cfg.StrictPrivacy()",
	Without: "$CODE || $GONE && u.Status.Locked()",
})

var limitsOfNobody = canary.Stands("limits of nobody's mail", canary.Place{
	File: "internal/auth/register.go", Code: "a.mailRules(c, email), func() error {",
	Without: "func() []ratelimit.Rule { if u, _ := a.store.UserByEmail(ctx, email); $GONE && !u.Status.Locked() { return nil }; return a.mailRules(c, email) }(), func() error {",
}, canary.Place{
	File: "internal/auth/register.go", Code: "\"flowxi.app/flowxi/internal/account\"", Without: "$CODE\n\t\"flowxi.app/flowxi/internal/ratelimit\" // $NAME",
})

var noMailToLocked = canary.Stands("no mail to locked accounts", canary.Place{
	File: "internal/auth/register.go", Code: "case account.Blocked, account.Closed:", Without: "$CODE\n\t\t\tif $GONE {\n\t\t\t\tmail.ExpiresAt = now.Add(inv.ttl)\n\t\t\t}",
})

var resendMakesNobody = canary.Stands("a resend that makes nobody", canary.Place{
	File: "internal/auth/register.go", Code: "if !resend {", Without: "if !resend || $GONE {",
})

var heldAnswers = canary.Stands("answers about mails that are held", canary.Place{
	File: "internal/api/endpoint.go", Code: "paced.hold(began, whole)", Without: "if !$GONE {\n\t\t\t$CODE\n\t\t}",
})

var numbersTaken = canary.Stands("a number taken by each request", canary.Place{
	File: "internal/store/user.go", Code: `_, err := tx.exec(ctx, "create user",`,
	Without: "if there, err := tx.UserByEmail(ctx, email); $GONE && err == nil {\n\t\treturn there, nil\n\t}\n\t$CODE",
})

// asking is a question of one call that wants an address and nothing else.
func asking(path string) func(c *authtest.Client, email string) *authtest.Answer {
	return func(c *authtest.Client, email string) *authtest.Answer { return ask(c, path, email) }
}

func secondRequest(t *testing.T, w *world) {
	for _, path := range []string{sendCode, resendCode, sendLink, resendLink} {
		put := func(s state) []*authtest.Answer {
			email, c := w.inState(t, s), w.stranger(t)
			ask(c, path, email)
			return []*authtest.Answer{ask(c, path, email).Expect(429, "TOO_MANY_REQUESTS")}
		}
		unknown := put(isUnknown)
		expectAlike(t, isBlocked, put(isBlocked), unknown)
	}
}

// heldTime is how long an answer that is held takes at the least, as docs/registration and
// docs/login say.
const heldTime = 15 * time.Millisecond

// answeredTooSoon makes an attempt of questions whose answers are held. They are put so
// long after what led to a state.
func answeredTooSoon(later time.Duration, put ...func(c *authtest.Client, email string) *authtest.Answer) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		for _, put := range put {
			for _, s := range everyState {
				email, c := w.inState(t, s), w.stranger(t)
				w.Advance(later)
				asked := time.Now()
				a := put(c, email)
				if took := time.Since(asked); took < heldTime || a.Status >= http.StatusTooManyRequests {
					t.Errorf("an address that is %s is answered after %v: %s", s, took, a)
				}
			}
		}
	}
}

func numberOfTheNext(t *testing.T, w *world) {
	between := func(s state) int64 {
		email := w.inState(t, s)
		w.Advance(2 * time.Minute)
		before, after := w.email(), w.email()
		w.stranger(t).Register(before)
		ask(w.stranger(t), sendCode, email).Expect(200, "OTP_SENT")
		w.stranger(t).Register(after)
		return w.UserID(t, after) - w.UserID(t, before)
	}
	unknown := between(isUnknown)
	for _, s := range notActive[1:] {
		if got := between(s); got != unknown {
			t.Errorf("the next account is %d numbers on after a code for one who is %s, and %d after one for nobody", got, s, unknown)
		}
	}
}

func mailToLocked(t *testing.T, w *world) {
	for i, s := range []state{isBlocked, isClosed} {
		email := w.inState(t, s)
		w.Advance(2 * time.Hour)
		had := w.mailsAfter(t, email)
		ask(w.stranger(t), []string{sendCode, sendLink}[i], email)
		if n := w.mailsAfter(t, email); n != had {
			t.Errorf("%d mails came to an account that is %s", n-had, s)
		}
	}
}

func resendToNobody(t *testing.T, w *world) {
	for _, path := range []string{resendCode, resendLink} {
		email := w.email()
		ask(w.stranger(t), path, email)
		if n := w.mailsAfter(t, email); n != 0 {
			t.Errorf("%s sent %d mails to nobody", path, n)
		}
		if id := w.UserID(t, email); id != 0 {
			t.Errorf("%s made user %d", path, id)
		}
	}
}
