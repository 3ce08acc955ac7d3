package authtest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/mail"
)

// mailWait is how long a mail may take: it is sent in the background.
const mailWait = 10 * time.Second

// Mails lists the mails that have arrived for an address, newest first, whole.
func (s *Server) Mails(t TB, to string) []mail.Entry {
	t.Helper()
	return s.mails(t, to)
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
