package mail_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/mail"
)

const link = "https://flowxi.example/register?token=0123456789abcdef&email=awa%40example.org"

func newCatalog(t *testing.T) *locale.Catalog {
	t.Helper()
	c, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newRenderer(t *testing.T) *mail.Renderer {
	t.Helper()
	r, err := mail.NewRenderer(newCatalog(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func render(t *testing.T, kind account.MailKind, l account.Locale, content account.MailContent) mail.Rendered {
	t.Helper()
	r, err := newRenderer(t).Render(kind, l, content)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sample is content that fits the kind.
func sample(kind account.MailKind) account.MailContent {
	switch kind {
	case account.MailRegistrationCode:
		return account.MailContent{Code: "012345", TTL: 10 * time.Minute}
	case account.MailRegistrationLink:
		return account.MailContent{Link: link, TTL: time.Hour}
	}
	return account.MailContent{}
}

// eachMail renders every kind in every language.
func eachMail(t *testing.T, test func(t *testing.T, kind account.MailKind, l account.Locale, r mail.Rendered)) {
	t.Helper()
	for _, l := range newCatalog(t).Supported() {
		for _, kind := range []account.MailKind{account.MailRegistrationCode, account.MailRegistrationLink, account.MailAlreadyRegistered, account.MailTrial} {
			t.Run(string(l)+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				test(t, kind, l, render(t, kind, l, sample(kind)))
			})
		}
	}
}

func TestNoTextOfAMailIsMissing(t *testing.T) {
	t.Parallel()
	eachMail(t, func(t *testing.T, _ account.MailKind, _ account.Locale, r mail.Rendered) {
		for name, part := range map[string]string{"subject": r.Subject, "text": r.Text, "HTML": r.HTML} {
			if hole := regexp.MustCompile(`\bmail\.[a-z_.]+|no value`).FindString(part); hole != "" || part == "" {
				t.Errorf("the %s lacks %q", name, hole)
			}
		}
		if !strings.Contains(r.Subject, "Flowxi") {
			t.Errorf("the subject does not say who writes: %q", r.Subject)
		}
		if strings.Contains(r.Text, "\n\n\n") || strings.HasPrefix(r.Text, "\n") || !strings.HasSuffix(r.Text, ".\n") {
			t.Errorf("the text has lines too many or too few: %q", r.Text)
		}
	})
}

var (
	hidden = regexp.MustCompile(`(?s)<head>.*</head>|<div class="preheader".*?</div>|<a href[^>]*>[^<]*</a>\s*</td>|<p class="hint.*?</p>`)
	tag    = regexp.MustCompile(`<[^>]*>`)
)

func TestTextAndHTMLSayTheSame(t *testing.T) {
	t.Parallel()
	eachMail(t, func(t *testing.T, _ account.MailKind, _ account.Locale, r mail.Rendered) {
		shown := html.UnescapeString(tag.ReplaceAllString(hidden.ReplaceAllString(r.HTML, " "), " "))
		if got, want := strings.Fields(shown), strings.Fields(r.Text); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("the HTML says\n%s\nand the text\n%s", got, want)
		}
	})
}

func TestTheCodeCanBeCopiedAndIsNotOnALockedScreen(t *testing.T) {
	t.Parallel()
	for _, l := range []account.Locale{"fr", "en"} {
		r := render(t, account.MailRegistrationCode, l, sample(account.MailRegistrationCode))
		if !strings.Contains(r.Text, "\n012345\n") {
			t.Errorf("%s: the code is not on a line of its own in %q", l, r.Text)
		}
		if !regexp.MustCompile(`<p class="code"[^>]*letter-spacing[^>]*>012345</p>`).MatchString(r.HTML) {
			t.Errorf("%s: the code is not in one piece in %s", l, r.HTML)
		}
		before, _, _ := strings.Cut(r.HTML, "<h1")
		if strings.Contains(r.Subject, "012345") || strings.Contains(before, "012345") {
			t.Errorf("%s: the code is in the subject or the preview", l)
		}
	}
}

func TestTheLinkIsAButtonAndText(t *testing.T) {
	t.Parallel()
	r := render(t, account.MailRegistrationLink, "en", sample(account.MailRegistrationLink))
	escaped := html.EscapeString(link)
	if n := strings.Count(r.HTML, `href="`+escaped+`"`); n != 2 {
		t.Errorf("the HTML links %d times", n)
	}
	if !strings.Contains(r.HTML, ">"+escaped+"</a>") || !strings.Contains(r.HTML, ">Choose my password</a>") {
		t.Errorf("the link is no button or no text: %s", r.HTML)
	}
	if !strings.Contains(r.Text, "\n"+link+"\n") {
		t.Errorf("the link is not on a line of its own in %q", r.Text)
	}
}

func TestHTMLIsSmallSelfContainedAndReadableInTheDark(t *testing.T) {
	t.Parallel()
	eachMail(t, func(t *testing.T, _ account.MailKind, l account.Locale, r mail.Rendered) {
		if n := len(r.HTML); n > 20_000 {
			t.Errorf("it has %d bytes", n)
		}
		for _, want := range []string{
			`<html lang="` + string(l) + `">`, `<meta charset="utf-8">`, `name="viewport"`, `content="light dark"`,
			"prefers-color-scheme: dark", "max-width:600px", "<title>" + html.EscapeString(r.Subject) + "</title>", `class="preheader"`,
		} {
			if !strings.Contains(r.HTML, want) {
				t.Errorf("%s is missing", want)
			}
		}
		if found := regexp.MustCompile(`(?i)<(img|script|link|iframe|form|input|svg|base)\b|url\(|@import|src=`).FindString(r.HTML); found != "" {
			t.Errorf("it has %s", found)
		}
		for _, url := range regexp.MustCompile(`https?://[^"<]*`).FindAllString(html.UnescapeString(r.HTML), -1) {
			if url != link {
				t.Errorf("it leads to %s", url)
			}
		}
	})
}

func TestExpiryIsToldInMinutesAndHours(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		locale account.Locale
		ttl    time.Duration
		want   string
	}{
		{"en", 10 * time.Minute, "This code expires in 10 minutes."},
		{"en", 10*time.Minute - 300*time.Millisecond, "This code expires in 10 minutes."},
		{"en", time.Minute, "This code expires in 1 minute."},
		{"en", 3 * time.Second, "This code expires in 1 minute."},
		{"en", -time.Second, "This code expires in 1 minute."},
		{"en", time.Hour, "This code expires in 60 minutes."},
		{"en", 25 * time.Hour, "This code expires in 25 hours."},
		{"fr", 10 * time.Minute, "Ce code expire dans 10\u00a0minutes."},
		{"fr", time.Minute, "Ce code expire dans 1\u00a0minute."},
		{"fr", 24 * time.Hour, "Ce code expire dans 24\u00a0heures."},
	} {
		r := render(t, account.MailRegistrationCode, tt.locale, account.MailContent{Code: "123456", TTL: tt.ttl})
		if !strings.Contains(r.Text, "\n"+tt.want+"\n") {
			t.Errorf("%v: want %q in %q", tt.ttl, tt.want, r.Text)
		}
	}
}

func TestAnUnsupportedLanguageGetsTheDefault(t *testing.T) {
	t.Parallel()
	for _, l := range []account.Locale{"", "es"} {
		got := render(t, account.MailRegistrationCode, l, sample(account.MailRegistrationCode))
		want := render(t, account.MailRegistrationCode, locale.Default, sample(account.MailRegistrationCode))
		if got != want {
			t.Errorf("in %q it reads %q", l, got.Text)
		}
	}
}

func TestContentThatDoesNotFitIsAnError(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, code := range []string{"", "12345", "1234567", "12345a", "１２３４５６", "<b>123", "12 345", "12345\n"} {
		if _, err := r.Render(account.MailRegistrationCode, "fr", account.MailContent{Code: code}); err == nil {
			t.Errorf("the code %q was taken", code)
		}
	}
	for _, link := range []string{
		"", "register?token=1", "//flowxi.example/", "javascript:alert(1)", "ftp://flowxi.example/", "https://",
		"https://flowxi.example/ x", "https://flowxi.example/\nx", "https://flowxi.example/\"x", "https://flowxi.example/<x>",
		"https://flowxi.example/\u202e", "https://flowxi.example/\u00a0",
	} {
		if _, err := r.Render(account.MailRegistrationLink, "fr", account.MailContent{Link: link}); err == nil {
			t.Errorf("the link %q was taken", link)
		}
	}
	if _, err := r.Render("newsletter", "fr", account.MailContent{}); err == nil {
		t.Error("an unknown kind was taken")
	}
}
