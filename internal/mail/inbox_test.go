package mail_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"flowxi.app/flowxi/internal/mail"
)

func newInbox(t *testing.T, dir string, keep int) *mail.Inbox {
	t.Helper()
	in, err := mail.NewInbox(dir, keep)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	return in
}

func list(t *testing.T, in *mail.Inbox, to string) []mail.Entry {
	t.Helper()
	entries, err := in.List(to)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func get(t *testing.T, in *mail.Inbox, id string) mail.Entry {
	t.Helper()
	e, err := in.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func send(t *testing.T, in *mail.Inbox, m mail.Message) {
	t.Helper()
	if err := in.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// ids lists the last digits of the ids.
func ids(entries []mail.Entry) string {
	var all strings.Builder
	for _, e := range entries {
		all.WriteString(strings.TrimLeft(e.ID, "0") + " ")
	}
	return strings.TrimSpace(all.String())
}

func TestAnEntryIsReadWithoutParsing(t *testing.T) {
	t.Parallel()
	in := newInbox(t, t.TempDir(), 10)
	m := message(1)
	send(t, in, m)
	want := mail.Entry{
		ID: m.ID, To: reader, From: `"Flowxi" <no-reply@flowxi.example>`, Subject: m.Subject, Date: m.Date,
		Locale: "fr", Kind: "registration_code", Code: "123456",
		Link: "https://flowxi.example/register?token=ab&email=a%40b.c", Text: m.Text, HTML: m.HTML,
	}
	if diff := cmp.Diff(want, get(t, in, m.ID), cmpopts.IgnoreFields(mail.Entry{}, "Source")); diff != "" {
		t.Error(diff)
	}
	want.Text, want.HTML = "", ""
	if diff := cmp.Diff([]mail.Entry{want}, list(t, in, "")); diff != "" {
		t.Error(diff)
	}
}

func TestEntriesAsJSON(t *testing.T) {
	t.Parallel()
	in := newInbox(t, t.TempDir(), 10)
	send(t, in, message(1))
	text, err := json.Marshal(get(t, in, message(1).ID))
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields("id to from subject date locale kind text html code link") {
		if members[name] == nil {
			t.Errorf("%s is missing", name)
		}
		delete(members, name)
	}
	if len(members) != 0 {
		t.Errorf("left over: %v", members)
	}
}

func TestListIsNewestFirstAndByRecipient(t *testing.T) {
	t.Parallel()
	in := newInbox(t, t.TempDir(), 10)
	for n := 1; n <= 4; n++ {
		m := message(n)
		if n%2 == 0 {
			m.To = "koffi@example.org"
		}
		send(t, in, m)
	}
	for to, want := range map[string]string{
		"": "4 3 2 1", reader: "3 1", " Koffi@Example.org ": "4 2", "nobody@example.org": "", "example.org": "",
	} {
		if got := ids(list(t, in, to)); got != want {
			t.Errorf("to %q: got %s, want %s", to, got, want)
		}
	}
}

func TestAMailThatIsSentTwiceIsOneMail(t *testing.T) {
	t.Parallel()
	in := newInbox(t, t.TempDir(), 10)
	for _, n := range []int{1, 2, 1} {
		send(t, in, message(n))
	}
	if got := ids(list(t, in, "")); got != "1 2" {
		t.Errorf("got %s", got)
	}
}

func TestOnlyTheNewestAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := newInbox(t, dir, 3)
	for n := 1; n <= 5; n++ {
		send(t, in, message(n))
	}
	if got := ids(list(t, in, "")); got != "5 4 3" {
		t.Errorf("got %s", got)
	}
	if _, err := in.Get(message(1).ID); !errors.Is(err, mail.ErrNotFound) {
		t.Errorf("got error %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 3 {
		t.Errorf("%d files, error %v", len(files), err)
	}
}

func TestARestartFindsTheMails(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "inbox")
	before := newInbox(t, dir, 3)
	for n := 1; n <= 3; n++ {
		send(t, before, message(n))
		arrived(t, dir, n)
	}
	want := list(t, before, "")
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	litter(t, dir)

	after := newInbox(t, dir, 3)
	if diff := cmp.Diff(want, list(t, after, "")); diff != "" {
		t.Error(diff)
	}
	send(t, after, message(4))
	if got := ids(list(t, after, "")); got != "4 3 2" {
		t.Errorf("after one more: got %s", got)
	}
	if _, err := os.Stat(filepath.Join(dir, message(9).ID+".new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unfinished file is still there: %v", err)
	}
}

// arrived gives files times that even a coarse file system tells apart.
func arrived(t *testing.T, dir string, n int) {
	t.Helper()
	when := time.Now().Add(time.Duration(n-10) * time.Second)
	if err := os.Chtimes(filepath.Join(dir, message(n).ID+".eml"), when, when); err != nil {
		t.Fatal(err)
	}
}

// litter leaves files that are not whole mails.
func litter(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{message(9).ID + ".new", message(8).ID + ".eml", "notes.txt", "x.eml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("From: half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, message(7).ID+".eml"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestIdsCannotLeaveTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(filepath.Dir(dir), "secret.eml")
	if err := os.WriteFile(secret, []byte("Subject: secret\r\n\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := newInbox(t, dir, 3)
	for _, id := range []string{
		"", ".", "..", "../secret", secret, strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32),
		strings.Repeat("A", 32), strings.Repeat("0", 31) + "\x00", strings.Repeat("../", 10) + "00",
	} {
		if _, err := in.Get(id); !errors.Is(err, mail.ErrNotFound) {
			t.Errorf("%q: got error %v", id, err)
		}
	}
}

func TestALinkOutOfTheFolderIsNotFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	elsewhere := newInbox(t, t.TempDir(), 3)
	send(t, elsewhere, message(1))
	outside := filepath.Join(t.TempDir(), "outside.eml")
	if err := os.WriteFile(outside, []byte(get(t, elsewhere, message(1).ID).Source), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, message(1).ID+".eml")); err != nil {
		t.Skip("no symbolic links here")
	}
	in := newInbox(t, dir, 3)
	if e, err := in.Get(message(1).ID); err == nil {
		t.Errorf("got %v", e)
	}
	if got := list(t, in, ""); len(got) != 0 {
		t.Errorf("listed %v", got)
	}
}

func TestSubscribersLearnOfNewMail(t *testing.T) {
	t.Parallel()
	in := newInbox(t, t.TempDir(), 10)
	first, cancelFirst := in.Subscribe()
	second, cancelSecond := in.Subscribe()
	defer cancelSecond()

	send(t, in, message(1))
	send(t, in, message(2)) // must not wait for anybody to look
	for _, arrived := range []<-chan struct{}{first, second} {
		if len(arrived) != 1 {
			t.Errorf("%d values are waiting", len(arrived))
		}
		<-arrived
	}
	cancelFirst()
	cancelFirst()
	send(t, in, message(3))
	if len(first) != 0 || len(second) != 1 {
		t.Errorf("%d and %d values are waiting, want 0 and 1", len(first), len(second))
	}
}

func TestInboxesThatCannotBe(t *testing.T) {
	t.Parallel()
	if _, err := mail.NewInbox(t.TempDir(), 0); err == nil {
		t.Error("an inbox for no mails was opened")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mail.NewInbox(file, 10); err == nil {
		t.Error("an inbox was opened in a file")
	}
}
