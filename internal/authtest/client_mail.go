package authtest

import (
	"net/url"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/mail"
)

// Mail is a mail that has arrived.
type Mail struct{ mail.Entry }

// LinkToken is the token in the query of the mailed link, empty where there is none.
func (m Mail) LinkToken() string {
	link, err := url.Parse(m.Link)
	if err != nil {
		return ""
	}
	return link.Query().Get("token")
}

// Mails lists what has arrived for an address so far, oldest first.
func (c *Client) Mails(to string) []Mail {
	c.t.Helper()
	var list []Mail
	for _, entry := range slices.Backward(c.server.Mails(c.t, to)) {
		list = append(list, Mail{entry})
	}
	return list
}

// Mail is the nth mail to an address, counted from one. It is waited for.
func (c *Client) Mail(to string, n int) Mail {
	c.t.Helper()
	for deadline := time.Now().Add(mailWait); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if list := c.Mails(to); len(list) >= n {
			return list[n-1]
		}
	}
	c.t.Fatalf("mail %d to %s did not come within %s", n, to, mailWait)
	return Mail{}
}
