package attack_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

// private are the settings under which registration says nothing either.
var private = []authtest.Option{authtest.WithEnv("FLOWXI_REGISTRATION_PRIVACY=strict")}

// privateStates are told from no other under those settings.
var privateStates = []state{isUnknown, isPending, isActive, isSecured, isBlocked, isClosed}

var privateQuestions = []attempt{
	{kind: whoHasAnAccount, try: "in strict privacy, a code for addresses in every state",
		defence: strictness, run: privately(sendCode), own: private, alone: true},
	{kind: whoHasAnAccount, try: "in strict privacy, a new code for addresses in every state",
		defence: strictness, run: privately(resendCode), own: private, alone: true},
	{kind: whoHasAnAccount, try: "in strict privacy, a link for addresses in every state",
		defence: strictness, run: privately(sendLink), own: private, alone: true},
	{kind: whoHasAnAccount, try: "in strict privacy, a new link for addresses in every state",
		defence: strictness, run: privately(resendLink), own: private, alone: true},
	{kind: whoHasAnAccount, try: "in strict privacy, a code that the owner's notice would carry",
		defence: noticeWithoutCode, run: noticeToOwner, own: private, alone: true},
}

var strictness = canary.Stands("strict privacy", canary.Place{
	File: "internal/auth/register.go", Code: "u.Status == account.Active && !a.cfg.StrictPrivacy()",
	Without: "$CODE || $GONE && u.Status == account.Active",
})

var noticeWithoutCode = canary.Stands("a notice that says nothing", canary.Refusal("internal/auth/register.go", "m.Kind == account.MailAlreadyRegistered"),
	canary.Place{File: "internal/auth/register.go", Code: "mail.Kind, mail.ExpiresAt = account.MailAlreadyRegistered, now.Add(inv.ttl)",
		Without: "mail.Kind, mail.ExpiresAt = ifGone($NAME, inv.kind, account.MailAlreadyRegistered), now.Add(inv.ttl)"})

// privately asks one call twice about each address: the second answer is that of a limit.
func privately(path string) func(*testing.T, *world) {
	return tellsNothingLater(times(2, asking(path)), privateStates...)
}

func noticeToOwner(t *testing.T, w *world) {
	owner := w.person(t)
	for i, path := range []string{sendCode, sendLink} {
		w.Advance(2 * time.Hour)
		ask(w.stranger(t), path, owner.Email)
		if notice := owner.Mail(owner.Email, i+2); notice.Code != "" || notice.LinkToken() != "" {
			t.Errorf("%s: the owner of an account got a code or a link for another", path)
		}
	}
}
