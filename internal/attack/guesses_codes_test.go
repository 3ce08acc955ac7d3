package attack_test

import (
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

// manyCodes is a server on which nothing but its own tries stands before a code.
var manyCodes = []authtest.Option{authtest.WithEnv("FLOWXI_LIMIT_CODE_PER_EMAIL=off")}

var guessesOfCodes = []attempt{
	{kind: guessing, try: "a sixth guess at a code after five wrong ones", defence: codeTries, run: sixthCode},
	{kind: guessing, try: "a code guessed at by two calls, each below its tries", defence: codeTries, run: codeByTwoCalls},
	{kind: guessing, try: "a code guessed at by thirty-two callers at once", defence: codeTries, run: codeByMany, own: manyCodes},
	{kind: guessing, try: "guesses at a code in requests that are rolled back", defence: triesStay, run: codeRolledBack},
	{kind: guessing, try: "a code guessed at from a new network for each guess", defence: codeTries, run: codeFromEverywhere},
	{kind: guessing, try: "a code guessed at under other spellings of its address", defence: oneSpelling, run: codeBySpelling},
	{kind: guessing, try: "a new code at once, to have five more guesses", defence: mailLimit, run: codeRenewed},
	{kind: guessing, try: "ten guesses at two codes, and one more at a third", defence: codeLimit, run: codeAfterCode, alone: true},
	{kind: guessing, try: "guesses at links and codes of one address, each below its limit", defence: codeLimit, run: linksAndCodes},
	{kind: guessing, try: "one code tried on many addresses from one network", defence: codeNetworkLimit, run: codeOnMany},
	{kind: guessing, try: "a code tried on an address that it was not sent to", defence: codeByPerson, run: codeElsewhere},
	{kind: guessing, try: "a link cut short, spelled in capitals or changed in one place", defence: linkByToken, run: linkMisspelled},
	{kind: guessing, try: "a link used for an address that it was not sent to", defence: linkByPerson, run: linkElsewhere},
	{kind: guessing, try: "links foretold from links that came before", defence: randomness, run: linksForetold},
	{kind: guessing, try: "codes foretold from codes that came before", defence: uniformity, run: codesForetold},
}

var codeTries = canary.Stands("tries of a code",
	canary.Clause("internal/store/registration.go", "AND `+isPending+`) AND tries < $2", "AND `+isPending+`) AND (tries < $2 OR tries >= $2)"),
	canary.Clause("internal/store/registration.go", "AND tries < $2 AND expires_at > $3", "AND (tries < $2 OR tries >= $2) AND expires_at > $3"))

var triesStay = canary.Stands("tries that no rollback takes back", canary.Place{
	File: "internal/auth/register_code.go", Code: `return tx.Pad(ctx, checkRows, store.LikeUpdates, a.now())`,
	Without: "if $GONE && outcome == store.CodeWrong {\n\t\t\treturn account.ErrOTPInvalid\n\t\t}\n\t\t$CODE",
})

var oneSpelling = canary.Stands("one spelling of an address", canary.Place{
	File: "internal/form/email.go", Code: "strings.ToLower(text), nil", Without: "ifGone($NAME, text, strings.ToLower(text)), nil",
})

var mailLimit = canary.Stands("limit of mails to one address", canary.Place{
	File: "internal/auth/limits.go", Code: "l.MailPerEmail", Without: "ifGone($NAME, nil, $CODE)",
})

var codeLimit = canary.Stands("limit of checks for one address", canary.Place{
	File: "internal/auth/limits.go", Code: "Rates: l.CodePerEmail", Without: "Rates: ifGone($NAME, nil, l.CodePerEmail)",
})

var codeNetworkLimit = canary.Stands("limit of checks from one network", canary.Place{
	File: "internal/auth/limits.go", Code: "Rates: l.CodePerNetwork", Without: "Rates: ifGone($NAME, nil, l.CodePerNetwork)",
})

var codeByPerson = canary.Stands("codes of their own person",
	canary.Clause("internal/store/registration.go", "THEN 0 ELSE 1 END\n\t\tWHERE user_id = (SELECT", "THEN 0 ELSE 1 END WHERE digest IN (`+in+`) AND 0 < (SELECT"),
	canary.Place{File: "internal/auth/register_code.go", Code: "a.keys.Digest(codePurpose, email, code)", Without: "a.keys.Digest(codePurpose, ifGone($NAME, \"\", email), code)"},
	canary.Place{File: "internal/auth/register_code.go", Code: "a.keys.Digests(codePurpose, email, string(code))", Without: "a.keys.Digests(codePurpose, ifGone($NAME, \"\", email), string(code))"})

var randomness = canary.Stands("random ids", canary.Place{
	File: "internal/auth/token.go", Code: "io.ReadFull(chance, b); err", Without: "io.ReadFull(chance, b[:ifGone($NAME, 2, len(b))]); err",
})

var uniformity = canary.Stands("uniform numbers",
	canary.Place{File: "internal/auth/token.go", Code: "digits := n.String()", Without: "digits := strconv.FormatInt(n.Int64()%ifGone($NAME, int64(2), 1_000_000), 10)"},
	canary.Place{File: "internal/auth/token.go", Code: "alphabet[int(c)%base])", Without: "alphabet[int(c)%base%ifGone($NAME, 2, base)])"})

func sixthCode(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	for _, a := range authtest.Race(5, func(int) *authtest.Answer { return c.SetPassword(email, authtest.OtherCode(code)) }) {
		a.Expect(403, "OTP_INVALID")
	}
	c.SetPassword(email, code).Expect(403, "OTP_INVALID")
}

func codeByTwoCalls(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	for i := range 5 {
		if i%2 == 0 {
			c.VerifyCode(email, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
			continue
		}
		c.SetPassword(email, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
	}
	c.VerifyCode(email, code).Expect(403, "OTP_INVALID")
	c.SetPassword(email, code).Expect(403, "OTP_INVALID")
}

func codeByMany(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	for _, a := range authtest.Race(32, func(int) *authtest.Answer { return c.VerifyCode(email, authtest.OtherCode(code)) }) {
		a.Expect(403, "OTP_INVALID")
	}
	c.SetPassword(email, code).Expect(403, "OTP_INVALID")
}

func codeRolledBack(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	for range 5 {
		setPassword(w.stranger(t), email, authtest.OtherCode(code), strangersPassword, "eve").Expect(403, "OTP_INVALID")
	}
	w.stranger(t).SetPassword(email, code).Expect(403, "OTP_INVALID")
}

func codeFromEverywhere(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	for range 5 {
		w.stranger(t).VerifyCode(email, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
	}
	w.stranger(t).SetPassword(email, code).Expect(403, "OTP_INVALID")
}

// spellings are ways to write one address.
func spellings(email string) []string {
	return []string{strings.ToUpper(email), " " + email, "P" + email[1:], "\u2003" + email + "\t", email + "\u00a0\n"}
}

func codeBySpelling(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	for _, s := range spellings(email) {
		w.stranger(t).VerifyCode(s, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
	}
	w.stranger(t).SetPassword(email, code).Expect(403, "OTP_INVALID")
}

func codeRenewed(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	for range 5 {
		c.VerifyCode(email, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
	}
	for _, path := range []string{sendCode, resendCode, sendLink, resendLink} {
		ask(w.stranger(t), path, email).Expect(429, "TOO_MANY_REQUESTS")
	}
	c.SetPassword(email, code).Expect(403, "OTP_INVALID")
}

func codeAfterCode(t *testing.T, w *world) {
	email := w.email()
	for range 2 {
		code := w.stranger(t).SendCode(email)
		for range 5 {
			w.stranger(t).VerifyCode(email, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
		}
		w.Advance(61 * time.Second)
	}
	code := w.stranger(t).SendCode(email)
	w.stranger(t).SetPassword(email, authtest.OtherCode(code)).Expect(429, "TOO_MANY_REQUESTS")
}

func linksAndCodes(t *testing.T, w *world) {
	email := w.email()
	w.stranger(t).SendLink(email)
	for range 5 {
		w.stranger(t).SetPasswordByLink(email, noLink).Expect(403, "MAGIC_LINK_INVALID")
		w.stranger(t).VerifyCode(email, wrongCode).Expect(403, "OTP_INVALID")
	}
	w.stranger(t).SetPasswordByLink(email, noLink).Expect(429, "TOO_MANY_REQUESTS")
	w.stranger(t).VerifyCode(email, wrongCode).Expect(429, "TOO_MANY_REQUESTS")
}

func codeOnMany(t *testing.T, w *world) {
	c := w.stranger(t)
	for range 60 {
		c.VerifyCode(w.email(), wrongCode).Expect(403, "OTP_INVALID")
	}
	c.VerifyCode(w.email(), wrongCode).Expect(429, "TOO_MANY_REQUESTS")
}

func codeElsewhere(t *testing.T, w *world) {
	own, email := w.email(), w.inState(t, isInvited)
	code := w.stranger(t).SendCode(own)
	if code == w.stranger(t).Mail(email, 1).Code {
		t.Skip("one in a million")
	}
	w.stranger(t).VerifyCode(email, code).Expect(403, "OTP_INVALID")
}

func linkMisspelled(t *testing.T, w *world) {
	email := w.email()
	link := w.stranger(t).SendLink(email)
	for _, guess := range []string{link[1:], link[:63], strings.ToUpper(link), authtest.OtherCode(link), link[:63] + authtest.OtherCode(link[63:]), link + link} {
		w.stranger(t).SetPasswordByLink(email, guess).Expect(403, "MAGIC_LINK_INVALID")
	}
	w.stranger(t).SetPasswordByLink(email, link).Expect(200, "TOKEN_ISSUED")
}

func linkElsewhere(t *testing.T, w *world) {
	link := w.stranger(t).SendLink(w.email())
	w.stranger(t).SetPasswordByLink(w.inState(t, isInvited), link).Expect(403, "MAGIC_LINK_INVALID")
}

func linksForetold(t *testing.T, w *world) {
	expectUnforeseeable(t, 4, func() string { return w.stranger(t).SendLink(w.email()) })
}

func codesForetold(t *testing.T, w *world) {
	seen := map[string]bool{}
	for range 6 {
		seen[w.stranger(t).SendCode(w.email())] = true
	}
	if len(seen) < 4 {
		t.Errorf("of six codes, there are %d", len(seen))
	}
}

// expectUnforeseeable demands that any two of some texts have little in common: not
// half of their places, which chance gives to no two of thirty characters and more.
func expectUnforeseeable(t *testing.T, n int, next func() string) {
	t.Helper()
	var all []string
	for range n {
		text := next()
		for _, before := range all {
			if same := placesAlike(text, before); 2*same >= len(text) {
				t.Errorf("%d of %d places are alike in\n%s\n%s", same, len(text), text, before)
			}
		}
		all = append(all, text)
	}
}

func placesAlike(a, b string) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}
