package attack_test

import (
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
	"flowxi.app/flowxi/internal/seal"
)

var guessesByNode = []attempt{
	{kind: guessing, try: "passwords split between two nodes", defence: sharedLimits, run: sixthPassword, nodes: true},
	{kind: guessing, try: "codes and links split between two nodes", defence: sharedLimits, run: linksAndCodes, nodes: true},
	{kind: guessing, try: "second factors of one challenge split between two nodes", defence: sharedTries, run: factorsBetweenNodes, own: manyFactors, nodes: true},
	{kind: guessing, try: "passwords before and after the server starts again", defence: lastingLimits, run: passwordsByRestart, alone: true},
	{kind: guessing, try: "links and codes before and after the server starts again", defence: lastingLimits, run: codesByRestart, alone: true},
	{kind: guessing, try: "second factors before and after the server starts again", defence: lastingLimits, run: factorsByRestart, alone: true},
	{kind: guessing, try: "passwords before and after the keys of the ring are exchanged", defence: lastingKey, run: passwordsByKeys, alone: true},
}

var sharedLimits = canary.Stands("limits that nodes share", canary.Place{
	File: "internal/ratelimit/limiter.go", Code: "r, err := l.cache.Reserve(ctx, l.windows(rules))",
	Without: "ws := l.windows(rules)\n\tfor i := range ws {\n\t\tws[i].Key += ifGone($NAME, fmt.Sprintf(\"%p\", l), \"\")\n\t}\n\tr, err := l.cache.Reserve(ctx, ws)",
})

var sharedTries = canary.Stands("tries that nodes share", canary.Place{
	File: "internal/auth/login_twofa.go", Code: `Key: key + ":tries"`, Without: `Key: key + ":tries" + ifGone($NAME, fmt.Sprintf("%p", a), "")`,
})

var lastingLimits = canary.Stands("limits that last", canary.Place{
	File: "internal/ratelimit/limiter.go", Code: "Fleeting: rule.Fleeting", Without: "Fleeting: rule.Fleeting || $GONE",
})

var lastingKey = canary.Stands("a key of limits that lasts", canary.Place{
	File: "internal/node/node.go", Code: "ratelimit.New(n.cache, limitKey,", Without: `ratelimit.New(n.cache, ifGone($NAME, n.keys.Digest("limits"), limitKey),`,
})

func factorsBetweenNodes(t *testing.T, w *world) {
	owner := w.person(t)
	app, c := w.secure(t, owner.Client), w.stranger(t)
	challenge := stepOne(c, owner.Email, "eve")
	for range 5 {
		stepTwo(c, challenge, app.wrong(), "eve").Expect(403, "TWOFA_INVALID_CODE")
	}
	stepTwo(c, challenge, app.at(1), "eve").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
}

func passwordsByRestart(t *testing.T, w *world) {
	owner, network := w.person(t).Email, w.address()
	for range 5 {
		failLogin(w.Client(t).From(network), owner, "eve").Expect(401, "INVALID_CREDENTIALS")
	}
	w.Server = w.Restart(t)
	w.Client(t).From(network).Login(owner, "eve").Expect(429, "TOO_MANY_REQUESTS")
}

// passwordsByKeys goes on where an operator puts a key behind the others, then in
// front.
func passwordsByKeys(t *testing.T, w *world) {
	owner, network := w.person(t).Email, w.address()
	for range 5 {
		failLogin(w.Client(t).From(network), owner, "eve").Expect(401, "INVALID_CREDENTIALS")
	}
	before, fresh := string(w.Config(t).Keys), seal.NewKey()
	for _, ring := range []string{before + "," + fresh, fresh + "," + before} {
		w.Server = w.Restart(t, authtest.WithEnv("FLOWXI_KEYS="+ring))
		w.Client(t).From(network).Login(owner, "eve").Expect(429, "TOO_MANY_REQUESTS")
	}
}

func codesByRestart(t *testing.T, w *world) {
	email := w.inState(t, isInvited)
	for range 5 {
		w.stranger(t).SetPasswordByLink(email, noLink).Expect(403, "MAGIC_LINK_INVALID")
		w.stranger(t).VerifyCode(email, wrongCode).Expect(403, "OTP_INVALID")
	}
	w.Server = w.Restart(t)
	w.stranger(t).VerifyCode(email, wrongCode).Expect(429, "TOO_MANY_REQUESTS")
}

func factorsByRestart(t *testing.T, w *world) {
	owner := w.person(t)
	app := w.secure(t, owner.Client) // the first of five a minute
	guess := func(code string) (status int) {
		c := w.stranger(t)
		return stepTwo(c, stepOne(c, owner.Email, "eve"), code, "eve").Status
	}
	for range 4 {
		if status := guess(app.wrong()); status != 403 {
			t.Errorf("a wrong second factor was answered with %d", status)
		}
	}
	w.Server = w.Restart(t)
	if status := guess(app.at(1)); status != 429 {
		t.Errorf("a sixth second factor in a minute was answered with %d", status)
	}
}
