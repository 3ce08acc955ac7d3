package contract_test

import (
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

// The inbox stands in no section of the contract, but those who develop against it
// read their codes there.
func TestInbox_ListsTheMailsOfAnAddress(t *testing.T) {
	onOne(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Locale("en")
		code, link := c.SendCode("ada+1@example.com"), c.SendLink(bob)
		hers := c.Send("GET", "/dev/inbox.json?to=ada%2B1@example.com", nil)
		if hers.Len("mails") != 1 || hers.Text("mails.0.code") != code || hers.Text("mails.0.to") != "ada+1@example.com" || hers.Text("mails.0.locale") != "en" {
			hers.Fail("this is not the mail with the code %s", code)
		}
		his := c.Send("GET", "/dev/inbox.json?to="+bob, nil)
		if his.Len("mails") != 1 || parsed(t, his.Text("mails.0.link")).Query().Get("token") != link {
			his.Fail("this is not the mail with the link of %s", link)
		}
		if all := c.Send("GET", "/dev/inbox.json", nil); all.Len("mails") != 2 {
			all.Fail("without an address it lists %d mails, want 2", all.Len("mails"))
		}
	})
}

func TestInbox_IsForThisMachineAlone(t *testing.T) {
	onEachWith(t, overHTTPS, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Header("X-Forwarded-Proto", "https")
		c.SendCode(ada)
		for _, path := range []string{"/dev/inbox", "/dev/inbox.json?to=" + ada} {
			if a := c.Send("GET", path, nil); a.Status != 404 {
				a.Fail("the inbox answers to the world")
			}
		}
	})
}

func TestInbox_IsNotThereWhereMailLeaves(t *testing.T) {
	smtp := func(c *config.Config) { c.SMTPURL = "smtp://127.0.0.1:1" }
	onEachWith(t, smtp, func(t *testing.T, srv *authtest.Server) {
		if a := srv.Client(t).Send("GET", "/dev/inbox.json", nil); a.Status != 404 {
			a.Fail("there is an inbox")
		}
	})
}

// A sandbox sends nothing, whatever mail server is set.
func TestInbox_IsThereInASandbox(t *testing.T) {
	smtp := func(c *config.Config) { c.SMTPURL, c.Environment = "smtp://127.0.0.1:1", "sandbox" }
	onOneWith(t, smtp, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendCode(ada)
		if a := c.Send("GET", "/dev/inbox.json", nil); a.Status != 200 || a.Len("mails") != 1 {
			a.Fail("the mail is not in the inbox")
		}
	})
}
