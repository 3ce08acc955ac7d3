package attack_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var replaysOfChallenges = []attempt{
	{kind: replay, try: "a challenge answered by many at once, with every code that is good", defence: challengeOnce, run: challengeTwice},
	{kind: replay, try: "a challenge answered once more, with the next code", defence: challengeOnce, run: challengeAgain},
	{kind: replay, try: "a challenge after its five minutes", defence: challengeTime, run: lateChallenge, alone: true},
	{kind: replay, try: "a challenge moved to another device", defence: challengeDevice, run: movedToDevice},
	{kind: replay, try: "a challenge moved to another address", defence: challengeAddress, run: movedToAddress},
	{kind: replay, try: "a challenge moved to another browser", defence: challengeBrowser, run: movedToBrowser},
	{kind: replay, try: "a challenge of somebody who was blocked meanwhile", defence: challengeActive, run: blockedMeanwhile},
	{kind: replay, try: "a challenge of somebody whose account was closed meanwhile", defence: challengeActive, run: closedMeanwhile},
	{kind: replay, try: "a challenge from before a block, once the block is lifted", defence: challengeRevoked, run: blockLifted},
	{kind: replay, try: "a challenge of a second factor that was changed meanwhile", defence: challengeFactor, run: factorMeanwhile},
}

const secondStep = "internal/auth/login_twofa.go"

var (
	challengeOnce = canary.Stands("single use of a challenge", canary.Place{
		File: secondStep, Code: "a.cache.Take(ctx, key)",
		Without: "func() ([]byte, error) { if $GONE { v, _, err := a.cache.Get(ctx, key); return v, err }; return $CODE }()",
	})
	challengeTime = canary.Stands("time of a challenge", canary.Place{
		File: secondStep, Code: "a.keys.Seal(plain, key), a.cfg.ChallengeTTL)",
		Without: "a.keys.Seal(plain, key), ifGone($NAME, time.Hour, a.cfg.ChallengeTTL))",
	})
	challengeAddress = canary.Stands("address of a challenge", canary.Refusal(secondStep, "ch.Network != c.Network()"))
	challengeBrowser = canary.Stands("browser of a challenge", canary.Refusal(secondStep, "ch.UserAgent != agent(c)"))
	challengeDevice  = canary.Stands("device of a challenge", canary.Refusal(secondStep, "ch.Device.ID != in.DeviceID"))
	challengeActive  = canary.Stands("challenge of an active person", onlyActive, revocationNoted)
	challengeRevoked = canary.Stands("challenge of somebody not logged out", revocationNoted)
	challengeFactor  = canary.Stands("challenge of a lasting factor", canary.Place{
		File: onlyActive.File, Code: "now.TOTPEnabled.Equal(g.TOTPEnabled)", Without: "($GONE || $CODE)",
	})
)

// challengeTwice has fewer callers than others, since a person's codes are limited.
func challengeTwice(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	replayOnce(t, authtest.Race(2, func(i int) *authtest.Answer { return p.answer(p.Client, id, "phone", i) }), 403, 410)
}

func challengeAgain(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	p.answer(p.Client, id, "phone", 0).Expect(200, "LOGIN_SUCCESS")
	p.answer(p.Client, id, "phone", 1).Expect(410, "TWOFA_CHALLENGE_EXPIRED")
}

func lateChallenge(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	w.Advance(5 * time.Minute)
	p.answer(p.Client, id, "phone", 0).Expect(410, "TWOFA_CHALLENGE_EXPIRED")
}

func movedToDevice(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	moved(p.answer(p.Client, id, "tablet", 0), p.answer(p.Client, id, "phone", 0))
}

func movedToAddress(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	moved(p.answer(w.stranger(t), id, "phone", 0), p.answer(p.Client, id, "phone", 0))
}

func movedToBrowser(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	moved(p.answer(p.Header("User-Agent", "curl"), id, "phone", 0), p.answer(p.Client, id, "phone", 0))
}

// moved demands that a stranger's answer was refused and has spent neither challenge nor
// code.
func moved(strangers, owners *authtest.Answer) {
	strangers.Expect(403, "TWOFA_CHALLENGE_MISMATCH")
	owners.Expect(200, "LOGIN_SUCCESS")
}

func blockedMeanwhile(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	w.Block(t, p.ID)
	p.answer(p.Client, id, "phone", 0).Expect(410, "TWOFA_CHALLENGE_EXPIRED")
	w.Unblock(t, p.ID)
}

func blockLifted(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	w.Block(t, p.ID)
	w.Unblock(t, p.ID)
	p.answer(p.Client, id, "phone", 0).Expect(410, "TWOFA_CHALLENGE_EXPIRED")
}

func closedMeanwhile(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	w.CloseAccount(t, p.ID)
	p.answer(p.Client, id, "phone", 0).Expect(410, "TWOFA_CHALLENGE_EXPIRED")
}

// factorMeanwhile answers with a code of the second factor as it is by then.
func factorMeanwhile(t *testing.T, w *world) {
	p := replaySecured(t, w)
	id := p.challenge("phone")
	p.disable(0).Expect(200, "TWOFA_DISABLED")
	p.secret = p.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")
	p.enable(0).Expect(200, "TWOFA_ENABLED")
	p.answer(p.Client, id, "phone", 1).Expect(410, "TWOFA_CHALLENGE_EXPIRED")
}
