package clustertest_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// sending is that the workers of all nodes send the mails of one outbox.
var sending = []sentence{{"of fifty mails each comes once", fiftyMails}}

// takeover is how long what a killed node was at may wait for another.
const takeover = time.Minute

func fiftyMails(t *testing.T, w world) {
	emails := make([]string, 50)
	c := w.Nodes(t).Client(t)
	for _, a := range authtest.RacePatiently(len(emails), func(i int) *authtest.Answer {
		from := w.address()
		emails[i] = "mailed." + from + "@example.com"
		return sendCode(c.From(from), emails[i])
	}) {
		a.Expect(200, "OTP_SENT")
	}
	for _, email := range emails {
		c.Mail(email, 1)
	}
}

// noMailTwice looks at all that ever came.
func noMailTwice(t *testing.T, w world) {
	seen := map[string]bool{}
	for _, m := range w.Mails(t, "") {
		if seen[m.ID] {
			t.Errorf("the mail %s to %s came twice", m.ID, m.To)
		}
		seen[m.ID] = true
	}
	if len(seen) < 100 {
		t.Errorf("only %d mails came in all", len(seen))
	}
}

// jobsAreTakenOver kills the node that sweeps, while it sends mails and deletes photos.
func jobsAreTakenOver(t *testing.T, w world) {
	victim := w.sweeper(t)
	c := w.Node(t, victim).Client(t)
	w.eventually(t, 20*time.Second, "the bin is empty", func() bool { return w.trash(t) == 0 })

	from := w.address()
	person := c.From(from).Register("photographed." + from + "@example.com")
	person.Upload(photo(t, 8)).Expect(200, "ME_PHOTO_UPDATED")
	w.Pause(t, "s3")
	person.Delete("/me/photo").Expect(200, "ME_PHOTO_DELETED")
	w.eventually(t, 30*time.Second, "the node is at the photo", func() bool {
		return w.Number(t, "SELECT count(*) FROM blob_trash WHERE attempts > 0") == 1
	})
	emails := w.stallMails(t, c, 3)

	name := fmt.Sprintf("node%d", victim)
	w.Kill(t, name)
	killed := time.Now()
	w.MailFault(t, "")
	w.Resume(t, "s3")
	w.taken(t, killed, "the mails are sent", func() bool {
		return !slices.ContainsFunc(emails, func(to string) bool { return len(w.Mails(t, to)) != 1 })
	})
	w.taken(t, killed, "the photo is deleted", func() bool { return w.trash(t) == 0 })
	w.taken(t, killed, "another node sweeps", func() bool {
		for n := 1; n <= w.nodes; n++ {
			if n != victim && w.sweeps(t, n) > 0 {
				return true
			}
		}
		return false
	})
	w.Start(t, name)
	w.awaitReady(t, victim)
}

// stallMails has a node begin to send mails that do not get through.
func (w world) stallMails(t *testing.T, c *authtest.Client, n int) (emails []string) {
	t.Helper()
	w.MailFault(t, "stalled")
	for range n {
		from := w.address()
		emails = append(emails, "stalled."+from+"@example.com")
		sendCode(c.From(from), emails[len(emails)-1]).Expect(200, "OTP_SENT")
	}
	w.eventually(t, 10*time.Second, "the mails are on their way", func() bool {
		return w.Number(t, "SELECT count(*) FROM outbox WHERE due_at > $1", time.Now().Add(20*time.Second).UnixMicro()) == int64(n)
	})
	return emails
}

func (w world) trash(t *testing.T) int64 {
	t.Helper()
	return w.Number(t, "SELECT count(*) FROM blob_trash")
}

var swept = regexp.MustCompile(`(?m)^flowxi_job_runs_total\{job="sweep",result="succeeded"\} (\d+)$`)

// sweeps is how often a node has swept since its start.
func (w world) sweeps(t *testing.T, n int) (times int) {
	t.Helper()
	_, text := w.ask(t, n, "/metrics")
	found := swept.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("node %d does not tell how often it swept", n)
	}
	_, _ = fmt.Sscan(found[1], &times)
	return times
}

// sweeper is the one node that sweeps.
func (w world) sweeper(t *testing.T) (who int) {
	t.Helper()
	w.eventually(t, 30*time.Second, "a node sweeps", func() bool {
		for n := 1; n <= w.nodes; n++ {
			if w.sweeps(t, n) == 0 {
				continue
			}
			if who != 0 {
				t.Fatalf("node %d and node %d both sweep", who, n)
			}
			who = n
		}
		return who != 0
	})
	return who
}

// taken demands something within the time of a takeover.
func (w world) taken(t *testing.T, killed time.Time, what string, holds func() bool) {
	t.Helper()
	w.eventually(t, takeover-time.Since(killed), what, holds)
	t.Logf("%s %.0f seconds after the kill", what, time.Since(killed).Seconds())
}

// eventually waits until something holds.
func (w world) eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come to pass within %v that %s", within, what)
		}
	}
}
