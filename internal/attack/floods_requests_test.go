package attack_test

import (
	"fmt"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var floodsOfRequests = []attempt{
	{kind: wearing, try: "codes and links to one address, from many networks", defence: mailsOfAddress, run: mailFlood},
	{kind: wearing, try: "codes to many addresses, from one network", defence: mailsOfNetwork, run: mailSpray},
	{kind: wearing, try: "requests from one network", defence: requestsOfNetwork, run: networkFlood, own: []authtest.Option{authtest.WithEnv("FLOWXI_LIMIT_REQUESTS_PER_NETWORK=20/1m")}},
	{kind: wearing, try: "requests with one token, from many networks", defence: requestsOfToken, run: tokenFlood, own: []authtest.Option{authtest.WithEnv("FLOWXI_LIMIT_REQUESTS_PER_TOKEN=20/1m")}},
	{kind: wearing, try: "photos by one person", defence: photosOfPerson, run: photoFlood, own: []authtest.Option{authtest.WithEnv("FLOWXI_LIMIT_PHOTO_PER_PERSON=3/1h")}},
	{kind: wearing, try: "logins on ever more devices", defence: devicesOfPerson, run: deviceFlood, own: []authtest.Option{authtest.WithEnv("FLOWXI_LIMIT_DEVICES_PER_PERSON=3")}},
}

const limitsSource = "internal/auth/limits.go"

var (
	mailsOfAddress = canary.Stands("mails of an address", canary.Place{
		File: limitsSource, Code: `{Name: "mail.email", Rates: l.MailPerEmail, Subject: email}`,
		Without: `{Name: "mail.email", Rates: l.MailPerEmail, Subject: ifGone($NAME, randomHex(8), email)}`,
	})
	mailsOfNetwork = canary.Stands("mails of a network", canary.Place{
		File: limitsSource, Code: `{Name: "mail.network", Rates: l.MailPerNetwork, Subject: c.Network()}`,
		Without: `{Name: "mail.network", Rates: l.MailPerNetwork, Subject: ifGone($NAME, randomHex(8), c.Network())}`,
	})
	requestsOfNetwork = canary.Stands("requests of a network", canary.Place{
		File: limitsSource, Code: "Subject: c.Network(), Fleeting: true", Without: "Subject: ifGone($NAME, randomHex(8), c.Network()), Fleeting: true",
	})
	requestsOfToken = canary.Stands("requests of a token", canary.Place{
		File: limitsSource, Code: "Subject: strconv.FormatInt(int64(id), 10), Fleeting: true",
		Without: "Subject: ifGone($NAME, randomHex(8), strconv.FormatInt(int64(id), 10)), Fleeting: true",
	})
	photosOfPerson = canary.Stands("photos of a person", canary.Place{
		File: limitsSource, Code: "Subject: subject(c.Identity.User.ID)}", Without: "Subject: ifGone($NAME, randomHex(8), subject(c.Identity.User.ID))}",
	})
	devicesOfPerson = canary.Stands("devices of a person", canary.Place{
		File: "internal/auth/session.go", Code: "n <= a.cfg.Limits.DevicesPerPerson", Without: "$GONE || $CODE",
	})
)

func mailFlood(t *testing.T, w *world) {
	email := w.email()
	w.stranger(t).SendCode(email)
	for i, path := range []string{"/register-email-code/send", "/register-email-code/resend", "/auth/register-email", "/register-email/resend"} {
		spelling := []string{email, " " + email, "P" + email[1:], email}[i]
		w.stranger(t).Post(path, authtest.Fields{"email": spelling}).Expect(429, "TOO_MANY_REQUESTS").RetryAfter()
	}
	w.ExpectNoMoreMail(t, email, 1)
}

func mailSpray(t *testing.T, w *world) {
	c := w.stranger(t)
	refused := 0
	for _, a := range authtest.Race(callers, func(int) *authtest.Answer {
		return c.Post("/register-email-code/send", authtest.Fields{"email": w.email()})
	}) {
		if a.Status == 429 {
			refused++
			a.Expect(429, "TOO_MANY_REQUESTS").RetryAfter()
			continue
		}
		a.Expect(200, "OTP_SENT")
	}
	if refused != callers-30 {
		t.Errorf("%d of %d were refused", refused, callers)
	}
}

func networkFlood(t *testing.T, w *world) {
	c := w.stranger(t)
	expectFlooded(t, 20, func(i int) *authtest.Answer {
		return c.Send("GET", []string{"/register", "/api/v1/me", "/api/v1/no/such/path", "/no/such/page"}[i%4], nil)
	})
}

func tokenFlood(t *testing.T, w *world) {
	p := w.person(t)
	expectFlooded(t, 20, func(int) *authtest.Answer { return p.From(w.address()).Get("/me") })
}

func photoFlood(t *testing.T, w *world) {
	p := w.person(t)
	photo := snapshot(t)
	expectFlooded(t, 3, func(int) *authtest.Answer { return p.Upload(photo) })
}

// expectFlooded demands that no more than limit of what many send at once is done.
func expectFlooded(t *testing.T, limit int, send func(i int) *authtest.Answer) {
	t.Helper()
	done := 0
	for _, a := range authtest.Race(limit+8, send) {
		if a.Status != 429 {
			done++
			continue
		}
		a.Expect(429, "TOO_MANY_REQUESTS").RetryAfter()
	}
	if done > limit {
		t.Errorf("%d were done of %d", done, limit)
	}
}

func deviceFlood(t *testing.T, w *world) {
	p := w.person(t)
	for i := range 6 {
		p.LoginOn(fmt.Sprintf("device %d", i))
	}
	if list := p.Get("/auth/devices").Expect(200, "DEVICES_LIST"); list.Len("data.devices") > 3 {
		list.Fail("there are more devices than allowed")
	}
}
