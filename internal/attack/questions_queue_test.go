package attack_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var queueQuestions = []attempt{
	{kind: whoHasAnAccount, try: "a mail of one's own, by how long it waits behind that for another address",
		defence: blankTakesTime, run: waitBehind, own: private, alone: true},
}

var blankTakesTime = canary.Stands("the time of a mail for nobody", canary.Place{
	File: "internal/mail/blank.go", Code: "min(like.took, sendTimeout)", Without: "ifGone($NAME, 0, $CODE)",
})

// mailSlots is how many mails a node has on the way, as docs/operations/scaling.md says.
const mailSlots = 4

func waitBehind(t *testing.T, w *world) {
	states := []state{isUnknown, isBlocked, isActive}
	emails := make([]string, len(states))
	for i, s := range states {
		emails[i] = w.inState(t, s)
	}
	w.Advance(2 * time.Hour)
	r := w.sendByRelay(t)
	r.await(t, w.ownMail(t))
	<-r.left // now the node knows how long a mail takes
	for i, s := range states {
		if waited := w.waitBehind(t, r, emails[i]); waited < relayTime {
			t.Errorf("behind a mail for an address that is %s one waits %v: nobody was sent that", s, waited)
		}
	}
}

// sendByRelay has the server go on as one node, which sends by a relay.
func (w *world) sendByRelay(t *testing.T) *relay {
	t.Helper()
	r, url := openRelay(t)
	by := authtest.WithEnv("FLOWXI_SMTP_URL=" + url)
	if w.engine == authtest.Scaled {
		by = authtest.On(t.TempDir(), "FLOWXI_SMTP_URL="+url)
	}
	w.Server = w.Restart(t, by)
	return r
}

// ownMail asks for a code to an address that the stranger reads.
func (w *world) ownMail(t *testing.T) (email string) {
	t.Helper()
	email = w.email()
	ask(w.stranger(t), sendCode, email).Expect(200, "OTP_SENT")
	return email
}

// waitBehind is how long a mail waits behind one for another address, with mails in all
// slots but one.
func (w *world) waitBehind(t *testing.T, r *relay, email string) time.Duration {
	t.Helper()
	gate := make(chan struct{})
	defer close(gate)
	r.keep(gate)
	for range mailSlots - 1 {
		r.await(t, w.ownMail(t))
	}
	r.keep(nil)
	asked := time.Now()
	ask(w.stranger(t), resendCode, email).Expect(200, "OTP_SENT")
	r.await(t, w.ownMail(t))
	return time.Since(asked)
}
