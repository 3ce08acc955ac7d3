package node

import (
	"fmt"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/mail"
)

// inboxKeeps is how many mails the inbox holds: enough for a day of trying things out.
const inboxKeeps = 1000

func (n *Node) openMail(c *locale.Catalog) error {
	transport, err := n.transport()
	if err != nil {
		return err
	}
	n.worker, err = mail.NewWorker(n.store, n.keys, c, transport, n.cfg.MailFrom, n.now, n.log, n.tracer)
	return err
}

func (n *Node) transport() (mail.Transport, error) {
	if n.cfg.SendsMail() {
		smtp, err := mail.NewSMTP(string(n.cfg.SMTPURL))
		if err != nil {
			return nil, &config.Error{Name: "FLOWXI_SMTP_URL", Given: "[secret]", Allowed: err.Error()}
		}
		return smtp, nil
	}
	inbox, err := mail.NewInbox(n.data.inbox(), inboxKeeps)
	if err != nil {
		return nil, fmt.Errorf("open inbox: %w", err)
	}
	n.inbox = inbox
	n.opened = append(n.opened, inbox)
	return inbox, nil
}
