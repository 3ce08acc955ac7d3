package authtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/node"
)

// mailWait is how long a mail may take: it is sent in the background.
const mailWait = 10 * time.Second

// Mails lists the mails that have arrived for an address, newest first, whole.
func (s *Server) Mails(t TB, to string) []mail.Entry {
	t.Helper()
	return s.mails(t, to)
}

// ExpectNoMail demands that nothing ever came to an address, and nothing will.
func (s *Server) ExpectNoMail(t testing.TB, to string) {
	t.Helper()
	s.ExpectNoMoreMail(t, to, 0)
}

// ExpectNoMoreMail demands that n mails came to an address and no more follow.
func (s *Server) ExpectNoMoreMail(t testing.TB, to string, n int) {
	t.Helper()
	s.AwaitMails(t)
	if got := len(s.Mails(t, to)); got != n {
		t.Fatalf("%d mails came to %s, want %d", got, to, n)
	}
}

// AwaitMails waits until the outbox is empty. Mails are sent beside each other, so that none
// tells that those before it have come.
func (s *Server) AwaitMails(t testing.TB) {
	t.Helper()
	s.operate(t, func(ctx context.Context, a *node.Admin) error {
		for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
			switch b, err := a.Store.Backlog(ctx); {
			case err != nil:
				return err
			case b.Mails == 0:
				return nil
			case time.Since(began) > mailWait:
				return fmt.Errorf("%d mails are not sent after %s", b.Mails, mailWait)
			}
		}
	})
}

// inboxMails reads the inboxes of all nodes: whichever sent a mail has it, and two have
// it that one node sent again since the clock was stepped before the other had noted it
// down. Their files tell the order in which mails came.
func (s *Server) inboxMails(t TB, to string) (all []mail.Entry) {
	t.Helper()
	if len(s.inboxes) == 0 {
		t.Fatalf("this server sends its mail by SMTP")
	}
	arrived := map[string]time.Time{}
	for i, inbox := range s.inboxes {
		list, err := inbox.List(to)
		if err != nil {
			t.Fatalf("list mails: %v", err)
		}
		for _, entry := range list {
			whole, err := inbox.Get(entry.ID)
			file, missing := os.Stat(filepath.Join(s.setup.folders[i], "inbox", entry.ID+".eml"))
			if err != nil || missing != nil {
				t.Fatalf("get mail: %v", errors.Join(err, missing))
			}
			if at, twice := arrived[entry.ID]; !twice {
				all = append(all, whole)
			} else if at.Before(file.ModTime()) {
				continue
			}
			arrived[entry.ID] = file.ModTime()
		}
	}
	slices.SortStableFunc(all, func(a, b mail.Entry) int { return arrived[b.ID].Compare(arrived[a.ID]) })
	return all
}
