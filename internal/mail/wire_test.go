package mail_test

import (
	"bytes"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/mail"
)

// onTheWire is a mail as a server would get it.
func onTheWire(t *testing.T, kind account.MailKind, l account.Locale, r mail.Rendered) (mail.Message, []byte) {
	t.Helper()
	m := message(1)
	m.Kind, m.Locale, m.Subject, m.Text, m.HTML = kind, l, r.Subject, r.Text, r.HTML
	written, err := mail.Source(m)
	if err != nil {
		t.Fatal(err)
	}
	return m, written
}

// lineMax is what a line of a mail may have, its end left out (RFC 5322 section 2.1.1).
// Ours are encoded, and have less.
const lineMax = 78

func TestMailsAreWellFormedOnTheWire(t *testing.T) {
	t.Parallel()
	eachMail(t, func(t *testing.T, kind account.MailKind, l account.Locale, r mail.Rendered) {
		m, written := onTheWire(t, kind, l, r)
		keep(t, string(l)+"-"+string(kind)+".eml", written)
		if n := len(written); n > 32_000 {
			t.Errorf("it has %d bytes", n)
		}
		for n, line := range bytes.SplitAfter(written, []byte("\n")) {
			text, whole := bytes.CutSuffix(line, []byte("\r\n"))
			if len(line) > 0 && !whole || len(text) > lineMax || bytes.ContainsFunc(text, func(r rune) bool { return r > '~' || r < ' ' && r != '\t' }) {
				t.Errorf("line %d is %q", n+1, line)
			}
		}
		msg, err := netmail.ReadMessage(bytes.NewReader(written))
		if err != nil {
			t.Fatal(err)
		}
		headers(t, msg.Header, m)
		parts(t, msg, m)
	})
}

// headers demands those that a mail by a program has, and no other: nothing to answer to,
// to leave a list by, or to tell of the machine.
func headers(t *testing.T, h netmail.Header, m mail.Message) {
	t.Helper()
	want := map[string]string{
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Content-Language": string(m.Locale),
		"X-Flowxi-Kind": string(m.Kind), "Message-Id": "<" + m.ID + "@flowxi.example>", "Mime-Version": "1.0",
		"From": `"Flowxi" <no-reply@flowxi.example>`, "To": "<" + reader + ">", "Date": "Tue, 24 Nov 2026 09:30:15 +0000",
	}
	for name, value := range want {
		if got := h[name]; len(got) != 1 || got[0] != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	var words mime.WordDecoder
	if subject, err := words.DecodeHeader(h.Get("Subject")); subject != m.Subject {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	all := slices.Concat(slices.Collect(maps.Keys(want)), []string{"Subject", "Content-Type"})
	if got, want := slices.Sorted(maps.Keys(h)), slices.Sorted(slices.Values(all)); !slices.Equal(got, want) {
		t.Errorf("its headers are %q, want %q", got, want)
	}
}

// parts demands the text and then the HTML, which readers take where they can, and nothing
// attached.
func parts(t *testing.T, msg *netmail.Message, m mail.Message) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("it is %s, %v", kind, err)
	}
	reader := multipart.NewReader(msg.Body, params["boundary"])
	for _, want := range []struct{ kind, body string }{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		part, err := reader.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		encoding := part.Header.Get("Content-Transfer-Encoding")
		if err != nil || kind != want.kind || !strings.EqualFold(params["charset"], "utf-8") || encoding != "quoted-printable" {
			t.Errorf("a part is %s, %v, %s, %v", kind, params, encoding, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if got := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || strings.TrimRight(got, "\n") != strings.TrimRight(want.body, "\n") {
			t.Errorf("a part says %q, %v; want %q", got, err, want.body)
		}
	}
	if _, err := reader.NextRawPart(); err != io.EOF {
		t.Errorf("behind the two parts comes something: %v", err)
	}
}
