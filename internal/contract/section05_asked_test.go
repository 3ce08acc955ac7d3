package contract_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/authtest"
)

// Where registration is private, the owner of an account is told no less than others.
func TestSection05_Mails_TellWhenTheyWereAskedForByWhatAndFromWhere(t *testing.T) {
	const pixel = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
	onEachWith(t, strict, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Locale("en").Header("User-Agent", pixel)
		c.Register(bob)
		var kinds []account.MailKind
		for email, mails := range map[string]int{ada: 0, bob: len(c.Mails(bob))} {
			for _, path := range []string{"/register-email-code/send", "/register-email-code/resend", "/auth/register-email", "/register-email/resend"} {
				srv.Advance(2 * time.Hour)
				from, told := "203.0.113.7", "203.0.113.7"
				if strings.HasSuffix(path, "resend") {
					from, told = "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"
				}
				asked := srv.Now().UTC()
				c.From(from).Post(path, Fields{"email": email})
				mails++
				m := c.Mail(email, mails)
				kinds = append(kinds, m.Kind)
				facts := "\nDevice: Chrome on Android\nInternet address (IP): " + told + "\n"
				if !strings.Contains(m.Text, facts) || !minuteOf(m.Text, asked) {
					t.Errorf("%s to %s at %v: the mail says %q", path, email, asked, m.Text)
				}
			}
		}
		slices.Sort(kinds)
		if kinds = slices.Compact(kinds); len(kinds) != 3 {
			t.Errorf("mails of the kinds %q came", kinds)
		}
	})
}

// minuteOf tells whether a mail names the minute of a time, or the next.
func minuteOf(text string, at time.Time) bool {
	names := func(at time.Time) bool {
		return strings.Contains(text, at.Format("\nDate: 2 January 2006 at 15:04 (UTC time)\n"))
	}
	return names(at) || names(at.Add(time.Minute))
}
