package authtest

import (
	"time"

	"flowxi.app/flowxi/internal/mail"
)

// mailWait is how long a mail may take: it is sent in the background.
const mailWait = 10 * time.Second

// Mails lists the mails that have arrived for an address, newest first, whole.
func (s *Server) Mails(t TB, to string) []mail.Entry {
	t.Helper()
	if s.inbox == nil {
		t.Fatalf("this server sends its mail by SMTP")
	}
	list, err := s.inbox.List(to)
	if err != nil {
		t.Fatalf("list mails: %v", err)
	}
	for i := range list {
		if list[i], err = s.inbox.Get(list[i].ID); err != nil {
			t.Fatalf("get mail: %v", err)
		}
	}
	return list
}
