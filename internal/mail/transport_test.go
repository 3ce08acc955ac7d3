package mail_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	gomessage "github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/mail"
)

// mailbox is a transport and what has arrived by it, as bytes.
type mailbox struct {
	mail.Transport
	arrived func() []string
}

// transports are the implementations that keep the promises of mail.Transport.
var transports = map[string]func(*testing.T) mailbox{
	"SMTP":  smtpMailbox,
	"Inbox": inboxMailbox,
}

func smtpMailbox(t *testing.T) mailbox {
	p := &post{}
	s := newSMTP(t, "smtp://"+p.listen(t))
	return mailbox{s, p.arrived}
}

func inboxMailbox(t *testing.T) mailbox {
	in := newInbox(t, t.TempDir(), 1000)
	return mailbox{in, func() (all []string) {
		for _, e := range list(t, in, "") {
			all = append(all, get(t, in, e.ID).Source)
		}
		return all
	}}
}

func eachTransport(t *testing.T, test func(t *testing.T, box mailbox)) {
	t.Helper()
	for name, open := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func TestAMessageArrivesWhole(t *testing.T) {
	t.Parallel()
	eachTransport(t, func(t *testing.T, box mailbox) {
		m := message(1)
		if err := box.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got := box.arrived()
		if len(got) != 1 {
			t.Fatalf("%d messages arrived", len(got))
		}
		header, text, html := dissect(t, got[0])
		want := map[string]string{
			"From": `"Flowxi" <no-reply@flowxi.example>`, "To": "<" + reader + ">", "Subject": m.Subject,
			"Date": "Tue, 24 Nov 2026 09:30:15 +0000", "Message-Id": "<" + m.ID + "@flowxi.example>",
			"Auto-Submitted": "auto-generated", "Content-Language": "fr", "Mime-Version": "1.0",
			"User-Agent": "", "X-Mailer": "", "Bcc": "",
		}
		for name, value := range want {
			if header[name] != value {
				t.Errorf("%s: got %q, want %q", name, header[name], value)
			}
		}
		if diff := cmp.Diff([]string{m.Text, m.HTML}, []string{text, html}); diff != "" {
			t.Error(diff)
		}
	})
}

// dissect reads a message by a parser that is not ours.
func dissect(t *testing.T, source string) (header map[string]string, text, html string) {
	t.Helper()
	r, err := gomessage.CreateReader(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	header = map[string]string{}
	for f := r.Header.Fields(); f.Next(); {
		value, err := f.Text()
		if err != nil {
			t.Fatal(err)
		}
		header[f.Key()] = value
	}
	if kind, _, err := r.Header.ContentType(); err != nil || kind != "multipart/alternative" {
		t.Errorf("the message is %s, %v", kind, err)
	}
	return header, nextPart(t, r, "text/plain"), nextPart(t, r, "text/html")
}

func nextPart(t *testing.T, r *gomessage.Reader, want string) string {
	t.Helper()
	part, err := r.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := part.Header.(*gomessage.InlineHeader).ContentType()
	if err != nil || kind != want || !strings.EqualFold(params["charset"], "utf-8") {
		t.Errorf("a part is %s in %s, %v; want %s", kind, params["charset"], err, want)
	}
	body, err := io.ReadAll(part.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}

func TestNoLineOfAMessageIsTooLong(t *testing.T) {
	t.Parallel()
	eachTransport(t, func(t *testing.T, box mailbox) {
		if err := box.Send(t.Context(), message(1)); err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(box.arrived()[0], "\r\n") {
			if len(line) > 78 || strings.ContainsAny(line, "\r\n") {
				t.Errorf("a line has %d bytes: %q", len(line), line)
			}
		}
	})
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	eachTransport(t, func(t *testing.T, box mailbox) {
		for name, m := range malformed() {
			err := box.Send(t.Context(), m)
			if !errors.Is(err, mail.ErrRefused) {
				t.Errorf("%s: got error %v", name, err)
				continue
			}
			if text := err.Error(); strings.Contains(text, "@") || strings.ContainsAny(text, "\r\n\x00\x1b") {
				t.Errorf("%s: the error repeats the message: %q", name, text)
			}
		}
		if got := box.arrived(); len(got) != 0 {
			t.Errorf("%d messages arrived", len(got))
		}
	})
}

func TestNothingIsSentOnceTheContextHasEnded(t *testing.T) {
	t.Parallel()
	eachTransport(t, func(t *testing.T, box mailbox) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := box.Send(ctx, message(1))
		if !errors.Is(err, context.Canceled) || errors.Is(err, mail.ErrRefused) {
			t.Errorf("got error %v", err)
		}
		if got := box.arrived(); len(got) != 0 {
			t.Errorf("%d messages arrived", len(got))
		}
	})
}

func TestManySendAtOnce(t *testing.T) {
	t.Parallel()
	eachTransport(t, func(t *testing.T, box mailbox) {
		const n = 16
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				if err := box.Send(t.Context(), message(i)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		ids := map[string]bool{}
		for _, source := range box.arrived() {
			header, _, _ := dissect(t, source)
			ids[header["Message-Id"]] = true
		}
		if len(ids) != n {
			t.Errorf("%d different messages arrived, want %d", len(ids), n)
		}
	})
}

func TestBothTransportsWriteTheSameBytes(t *testing.T) {
	t.Parallel()
	server, folder := smtpMailbox(t), inboxMailbox(t)
	for _, box := range []mailbox{server, folder} {
		if err := box.Send(t.Context(), message(1)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(strings.TrimSpace(server.arrived()[0]), strings.TrimSpace(folder.arrived()[0])); diff != "" {
		t.Error(diff)
	}
}

func TestAddressesBeyondASCIIAreSent(t *testing.T) {
	t.Parallel()
	eachTransport(t, func(t *testing.T, box mailbox) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		m := message(1)
		m.From, m.To = "Flowxi à vous <no-reply@flowxi.example>", "zoé@exemple.example"
		if err := box.Send(ctx, m); err != nil {
			t.Fatal(err)
		}
	})
}
