package contract_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

func strict(c *config.Config) { c.RegistrationPrivacy = "strict" }

func TestSection04_StrictPrivacy_AnswersTheOwnerAsAStranger(t *testing.T) {
	onEachWith(t, strict, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada)
		for path := range registrations {
			srv.Advance(2 * time.Hour)
			stranger := c.From("192.0.2.1").Post(path, Fields{"email": bob})
			owner := c.From("192.0.2.2").Post(path, Fields{"email": ada})
			if stranger.Status != 200 {
				stranger.Fail("a stranger is refused")
			}
			alike(t, srv, path, owner, stranger)
			alike(t, srv, path+", again at once", c.From("192.0.2.3").Post(path, Fields{"email": ada}), c.From("192.0.2.4").Post(path, Fields{"email": bob}))
		}
	})
}

func TestSection04_StrictPrivacy_TellsTheOwnerByMail(t *testing.T) {
	onEachWith(t, strict, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada)
		mails := 1
		for path := range registrations {
			srv.Advance(2 * time.Hour)
			c.Post(path, Fields{"email": ada})
			mails++
			mail := c.Mail(ada, mails)
			if mail.Code != "" || mail.LinkToken() != "" {
				t.Errorf("%s: the mail to the owner carries a code or a link: %+v", path, mail)
			}
		}
		c.Login(ada, "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection04_StrictPrivacy_ABlockedPersonIsAStrangerToo(t *testing.T) {
	onEachWith(t, strict, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		srv.Block(t, c.Register(ada).ID)
		for path := range registrations {
			srv.Advance(2 * time.Hour)
			alike(t, srv, path, c.From("192.0.2.1").Post(path, Fields{"email": ada}), c.From("192.0.2.2").Post(path, Fields{"email": bob}))
		}
		srv.ExpectNoMoreMail(t, ada, 1)
	})
}

func TestSection04_StrictPrivacy_ARegistrationWorksAsEver(t *testing.T) {
	onEachWith(t, strict, func(t *testing.T, srv *authtest.Server) {
		expectLoggedIn(t, srv.Client(t).Register(ada).LoginOn("phone"), true)
	})
}
