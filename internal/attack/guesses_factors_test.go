package attack_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var (
	manyFactors = []authtest.Option{authtest.WithEnv("FLOWXI_LIMIT_TWOFA_PER_PERSON=off")}
	fewFactors  = []authtest.Option{authtest.WithEnv("FLOWXI_LIMIT_TWOFA_PER_NETWORK=3/10m")}
)

var guessesOfFactors = []attempt{
	{kind: guessing, try: "a new challenge for each wrong second factor", defence: factorLimit, run: factorsByChallenge},
	{kind: guessing, try: "second factors by every call that takes one, each below its limit", defence: factorLimit, run: factorsByCall},
	{kind: guessing, try: "second factors by thirty-two callers at once", defence: challengeTries, run: factorsAtOnce, own: manyFactors},
	{kind: guessing, try: "twenty second factors in an hour, and one more", defence: factorHour, run: factorsInAnHour, alone: true},
	{kind: guessing, try: "second factors of many people from one network", defence: factorNetworkLimit, run: factorsOfMany, own: fewFactors},
	{kind: guessing, try: "second factors of two steps ago and two steps ahead", defence: factorWindow, run: factorsNearby},
	{kind: guessing, try: "challenges foretold from challenges that came before", defence: randomness, run: challengesForetold},
}

var factorLimit = canary.Stands("limit of second factors of a person", canary.Place{
	File: "internal/auth/limits.go", Code: "a.cfg.Limits.TwoFAPerPerson", Without: "ifGone($NAME, nil, $CODE)",
})

var factorHour = canary.Stands("limit of second factors in an hour", canary.Place{
	File: "internal/auth/limits.go", Code: "a.cfg.Limits.TwoFAPerPerson",
	Without: "func() ratelimit.Rates { r := $CODE; return r[:ifGone($NAME, 1, len(r))] }()",
})

var factorNetworkLimit = canary.Stands("limit of second factors from a network", canary.Place{
	File: "internal/auth/limits.go", Code: "a.cfg.Limits.TwoFAPerNetwork", Without: "ifGone($NAME, nil, $CODE)",
})

var factorWindow = canary.Stands("three steps of a second factor", canary.Place{
	File: "internal/totp/totp.go", Code: "for d := -window; d <= window; d++ {",
	Without: "for d := -window - ifGone($NAME, 1, 0); d <= window+ifGone($NAME, 1, 0); d++ {",
})

func factorsByChallenge(t *testing.T, w *world) {
	owner := w.person(t)
	app := w.secure(t, owner.Client) // the first of five a minute
	for range 4 {
		c := w.stranger(t)
		stepTwo(c, stepOne(c, owner.Email, "eve"), app.wrong(), "eve").Expect(403, "TWOFA_INVALID_CODE")
	}
	c := w.stranger(t)
	stepTwo(c, stepOne(c, owner.Email, "eve"), app.at(1), "eve").Expect(429, "TOO_MANY_REQUESTS")
}

func factorsByCall(t *testing.T, w *world) {
	owner := w.person(t)
	app := w.secure(t, owner.Client) // the first of five a minute
	wrong := authtest.Fields{"code": app.wrong()}
	stolen := owner.From(w.address())
	stolen.Post("/auth/2fa/verify", wrong).Expect(403, "TWOFA_INVALID_CODE")
	stolen.Post("/auth/2fa/disable", wrong).Expect(403, "TWOFA_INVALID_CODE")
	c := w.stranger(t)
	stepTwo(c, stepOne(c, owner.Email, "eve"), app.wrong(), "eve").Expect(403, "TWOFA_INVALID_CODE")
	stolen.Post("/auth/2fa/verify", wrong).Expect(403, "TWOFA_INVALID_CODE")
	stolen.Post("/auth/2fa/disable", authtest.Fields{"code": app.at(1)}).Expect(429, "TOO_MANY_REQUESTS")
}

func factorsAtOnce(t *testing.T, w *world) {
	owner := w.person(t)
	app, c := w.secure(t, owner.Client), w.stranger(t)
	challenge, wrong := stepOne(c, owner.Email, "eve"), app.wrong()
	answers := authtest.Race(32, func(int) *authtest.Answer { return stepTwo(c, challenge, wrong, "eve") })
	if looked := has(answers, 403); looked > 5 {
		t.Errorf("%d of 32 guesses at once were let through", looked)
	}
	stepTwo(c, challenge, app.at(1), "eve").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
}

func factorsInAnHour(t *testing.T, w *world) {
	owner := w.person(t)
	app := w.secure(t, owner.Client) // the first of twenty
	for range 19 {
		w.Advance(time.Minute)
		owner.Post("/auth/2fa/verify", authtest.Fields{"code": app.wrong()}).Expect(403, "TWOFA_INVALID_CODE")
	}
	w.Advance(time.Minute)
	owner.Post("/auth/2fa/verify", authtest.Fields{"code": app.at(0)}).Expect(429, "TOO_MANY_REQUESTS")
}

func factorsOfMany(t *testing.T, w *world) {
	c := w.stranger(t)
	guess := func() *authtest.Answer {
		owner := w.person(t)
		app := w.secure(t, owner.Client)
		return stepTwo(c, stepOne(c, owner.Email, "eve"), app.wrong(), "eve")
	}
	for range 3 {
		guess().Expect(403, "TWOFA_INVALID_CODE")
	}
	guess().Expect(429, "TOO_MANY_REQUESTS")
}

func factorsNearby(t *testing.T, w *world) {
	owner := w.person(t)
	app, c := w.secure(t, owner.Client), w.stranger(t)
	challenge := stepOne(c, owner.Email, "eve")
	for _, steps := range []int{-2, 2} {
		if code := app.at(steps); code != app.at(-1) && code != app.at(0) && code != app.at(1) {
			stepTwo(c, challenge, code, "eve").Expect(403, "TWOFA_INVALID_CODE")
		}
	}
}

func challengesForetold(t *testing.T, w *world) {
	owner := w.person(t)
	w.secure(t, owner.Client)
	expectUnforeseeable(t, 4, func() string { return stepOne(w.stranger(t), owner.Email, "eve") })
}
