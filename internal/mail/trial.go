package mail

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
)

// Trial is the mail by which an operator sees that mail arrives, in the language of its
// reader.
func Trial(c *locale.Catalog, from, to string, l account.Locale, now time.Time) (Message, error) {
	r, err := NewRenderer(c)
	if err != nil {
		return Message{}, err
	}
	text, err := r.Render(account.MailTrial, l, account.MailContent{}, now)
	if err != nil {
		return Message{}, err
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // it never fails
	return Message{
		ID: hex.EncodeToString(id), Kind: account.MailTrial, From: from, To: to,
		Subject: text.Subject, Text: text.Text, HTML: text.HTML, Locale: c.OrDefault(l), Date: now,
	}, nil
}
