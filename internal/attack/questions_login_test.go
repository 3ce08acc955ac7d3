package attack_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var loginQuestions = []attempt{
	{kind: whoHasAnAccount, try: "a login with a wrong password, to addresses in every state",
		defence: oneRefusal, run: tellsNothing(times(2, wrongLogin), everyState...)},
	{kind: whoHasAnAccount, try: "a login with the right password of a blocked or closed account",
		defence: activeLogin, run: tellsNothing(times(2, rightLogin), isUnknown, isBlocked, isClosed)},
	{kind: whoHasAnAccount, try: "a login in no language, to see that of the account",
		defence: strangersLanguage, run: tellsNothing(times(1, wrongLogin), isUnknown, isActive, isInvited)},
	{kind: whoHasAnAccount, try: "the tries that are left after a wrong password on a device of the owner",
		defence: noQuota, run: leftOnDevice},
	{kind: whoHasAnAccount, try: "an eleventh wrong password from an eleventh network",
		defence: oneAllowance, run: eleventhLogin},
	{kind: whoHasAnAccount, try: "a device of a blocked person that has an allowance of its own",
		defence: noDeviceOfBlocked, run: deviceOfBlocked},
	{kind: whoHasAnAccount, try: "a challenge of a person who was blocked meanwhile, against one of nobody",
		defence: challengeOfActive, run: challengeOfBlocked},
	{kind: whoHasAnAccount, try: "a challenge that wrong codes have ended, against one of nobody",
		defence: challengeTries, run: endedChallenge, alone: true},
	{kind: whoHasAnAccount, try: "a token of a person who was blocked, against one of nobody",
		defence: tokenOfActive, run: tokenOfBlocked},
}

var oneRefusal = canary.Stands("one refusal of every login", canary.Place{
	File: "internal/auth/login.go", Code: "\treturn account.ErrInvalidCredentials\n}\n\n// unchanged",
	Without: "\tif $GONE && about == 0 {\n\t\treturn account.ErrTooManyRequests\n\t}\n$CODE",
})

var activeLogin = canary.Stands("logins of active people alone",
	canary.Place{File: "internal/auth/login.go", Code: "if who.User.Status != account.Active {", Without: "if who.User.Status != account.Active && !($GONE && who.User.PasswordHash != \"\") {"},
	onlyActive)

// onlyActive is where a login of somebody who is not active any more is not finished.
var onlyActive = canary.Place{
	File: "internal/account/account.go", Code: "return u.Status == Active &&", Without: "return ($GONE || u.Status == Active) &&",
}

var strangersLanguage = canary.Stands("the language of the caller", canary.Place{
	File: "internal/auth/login.go", Code: "active := who.User.Status == account.Active",
	Without: "if $GONE && who.User.ID != 0 {\n\t\tc.Locale = \"en\"\n\t}\n\t$CODE",
})

var noQuota = canary.Stands("silence about the tries that are left", canary.Place{
	File: "internal/auth/login_flight.go", Code: "c.Quota = quota\n\treturn loginTicket{ticket",
	Without: "if !$GONE {\n\t\tc.Quota = quota\n\t}\n\treturn loginTicket{ticket",
})

var oneAllowance = canary.Stands("an allowance of nobody's address", canary.Place{
	File: "internal/auth/login.go", Code: "active && who.KnownDevice", Without: "($CODE || $GONE && who.User.ID != 0)",
})

var noDeviceOfBlocked = canary.Stands("no allowance of a blocked person's device", canary.Place{
	File: "internal/auth/login.go", Code: "active && who.KnownDevice", Without: "($CODE || $GONE && who.KnownDevice)",
})

var challengeOfActive = canary.Stands("challenges of active people alone", onlyActive, revocationNoted)

var challengeTries = canary.Stands("tries of a challenge", canary.Place{
	File: "internal/auth/login_twofa.go", Code: "case try.Allowed:", Without: "case try.Allowed || $GONE:",
})

var tokenOfActive = canary.Stands("tokens of active people alone",
	canary.Refusal("internal/auth/operator.go", "u.Status.Locked()"),
	canary.Clause("internal/store/session.go", "WHERE s.id = $1 AND u.status = 'active'", "WHERE s.id = $1"))

func wrongLogin(c *authtest.Client, email string) *authtest.Answer {
	return failLogin(c, email, "phone")
}

func rightLogin(c *authtest.Client, email string) *authtest.Answer { return c.Login(email, "phone") }

func wrongLoginFromAnywhere(w *world) func(c *authtest.Client, email string) *authtest.Answer {
	return func(c *authtest.Client, email string) *authtest.Answer { return wrongLogin(c.From(w.address()), email) }
}

func leftOnDevice(t *testing.T, w *world) {
	owner := w.person(t)
	owner.LoginOn("phone")
	put := times(3, wrongLoginFromAnywhere(w))
	expectAlike(t, "of an owner of the device", put(w.stranger(t), owner.Email), put(w.stranger(t), w.email()))
}

func eleventhLogin(t *testing.T, w *world) {
	put := times(11, wrongLoginFromAnywhere(w))
	want := put(w.stranger(t), w.email())
	want[10].Expect(429, "TOO_MANY_REQUESTS")
	for _, s := range []state{isActive, isPending} {
		expectAlike(t, s, put(w.stranger(t), w.inState(t, s)), want)
	}
}

func deviceOfBlocked(t *testing.T, w *world) {
	owner := w.person(t)
	owner.LoginOn("phone")
	w.Block(t, owner.ID)
	put := times(6, wrongLoginFromAnywhere(w))
	expectAlike(t, isBlocked, put(w.stranger(t), owner.Email), put(w.stranger(t), w.email()))
}

func challengeOfBlocked(t *testing.T, w *world) {
	owner := w.person(t)
	app := w.secure(t, owner.Client)
	c := w.stranger(t)
	challenge := stepOne(c, owner.Email, "phone")
	w.Block(t, owner.ID)
	got := stepTwo(c, challenge, app.at(1), "phone")
	c = w.stranger(t)
	failLogin(c, w.email(), "phone") // as many requests as the other has made
	want := stepTwo(c, authtest.OtherCode(challenge), app.at(1), "phone")
	expectAlike(t, isBlocked, []*authtest.Answer{got}, []*authtest.Answer{want})
}

func endedChallenge(t *testing.T, w *world) {
	owner := w.person(t)
	app := w.secure(t, owner.Client)
	c := w.stranger(t)
	w.Advance(time.Minute)
	challenge := stepOne(c, owner.Email, "phone")
	for range 5 {
		stepTwo(c, challenge, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
		w.Advance(20 * time.Second)
	}
	w.Advance(time.Minute)
	got := stepTwo(c, challenge, app.at(0), "phone")
	want := stepTwo(w.stranger(t), authtest.OtherCode(challenge), app.at(0), "phone")
	expectAlike(t, "answered by wrong codes", []*authtest.Answer{got}, []*authtest.Answer{want})
}

func tokenOfBlocked(t *testing.T, w *world) {
	owner := w.person(t)
	w.Block(t, owner.ID)
	put := func(token string) []*authtest.Answer {
		return []*authtest.Answer{w.stranger(t).Token(token).Get("/me")}
	}
	expectAlike(t, isBlocked, put(owner.Bearer()), put(owner.Bearer()+"0"))
}
