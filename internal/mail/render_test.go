package mail_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/mail"
)

const link = "https://flowxi.example/register?token=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef&email=awa%40example.org"

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
	r, err := newRenderer(t).Render(kind, l, content, asked)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// asked is when the mails of these tests were asked for.
var asked = time.Date(2026, 11, 27, 9, 5, 59, 0, time.FixedZone("", 3600))

// sample is content that fits the kind.
func sample(kind account.MailKind) account.MailContent {
	asker := &account.Asker{Agent: account.Agent{Browser: "Safari", System: "iPhone"}, Address: "203.0.113.7"}
	switch kind {
	case account.MailRegistrationCode:
		return account.MailContent{Code: "012345", TTL: 10 * time.Minute, Asker: asker}
	case account.MailRegistrationLink:
		return account.MailContent{Link: link, TTL: time.Hour, Asker: asker}
	case account.MailTrial:
		return account.MailContent{}
	}
	return account.MailContent{Asker: &account.Asker{Agent: account.Agent{Browser: "Samsung Internet", System: "Android"}, Address: "2001:db8:ffff:ffff::/64"}}
}

// kinds are all mails.
var kinds = []account.MailKind{account.MailRegistrationCode, account.MailRegistrationLink, account.MailAlreadyRegistered, account.MailTrial}

// eachMail renders every kind in every language.
func eachMail(t *testing.T, test func(t *testing.T, kind account.MailKind, l account.Locale, r mail.Rendered)) {
	t.Helper()
	for _, l := range newCatalog(t).Supported() {
		for _, kind := range kinds {
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
	// hidden is what the text has no need of: the name above, the button, and what is for programs.
	hidden = regexp.MustCompile(`(?s)<!--.*?-->|<head>.*</head>|<div class="preheader".*?</div>|<table class="brand.*?</table>|<a href[^>]*>[^<]*</a>\s*</td>|<p class="hint.*?</p>`)
	inline = regexp.MustCompile(`</?(span|strong)\b[^>]*>`)
	tag    = regexp.MustCompile(`<[^>]*>`)
)

func TestTextAndHTMLSayTheSame(t *testing.T) {
	t.Parallel()
	eachMail(t, func(t *testing.T, _ account.MailKind, _ account.Locale, r mail.Rendered) {
		shown := inline.ReplaceAllString(hidden.ReplaceAllString(r.HTML, " "), "")
		got, want := strings.Fields(html.UnescapeString(tag.ReplaceAllString(shown, " "))), strings.Fields(r.Text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the text and the HTML differ (-text +HTML):\n%s", diff)
		}
	})
}

func TestAMailTellsWhoAskedWhenAndFromWhere(t *testing.T) {
	t.Parallel()
	phone := account.Agent{Browser: "Safari", System: "iPhone"}
	for _, tt := range []struct {
		locale account.Locale
		asker  *account.Asker
		want   string
	}{
		{"en", &account.Asker{Agent: phone, Address: "203.0.113.7"}, "Date: 27 November 2026 at 08:05 (UTC time)\nDevice: Safari on iPhone\nInternet address (IP): 203.0.113.7\n\n"},
		{"fr", &account.Asker{Agent: phone, Address: "2001:db8::/64"}, "Date\u00a0: 27 novembre 2026 à 08:05 (heure UTC)\nAppareil\u00a0: Safari sur iPhone\nAdresse internet (IP)\u00a0: 2001:db8::/64\n\n"}, //nolint:misspell // it is French
		{"en", &account.Asker{Agent: account.Agent{System: "Android"}}, " time)\nDevice: Android\n\n"},
		{"en", &account.Asker{Agent: account.Agent{Browser: "Firefox"}}, " time)\nDevice: Firefox\n\n"},
		{"fr", &account.Asker{}, " UTC)\nAppareil\u00a0: inconnu\n\n"},                              //nolint:misspell // it is French
		{"en", nil, "Where this request came from\nDate: 27 November 2026 at 08:05 (UTC time)\n\n"}, // from a node of version 0.1.0
	} {
		for _, kind := range kinds[:3] {
			content := sample(kind)
			content.Asker = tt.asker
			if r := render(t, kind, tt.locale, content); !strings.Contains(r.Text, tt.want) {
				t.Errorf("%s, %+v: want %q in %q", kind, tt.asker, tt.want, r.Text)
			}
		}
	}
	if r := render(t, account.MailTrial, "en", account.MailContent{Asker: &account.Asker{}}); strings.Contains(r.Text, "Device") {
		t.Errorf("a test mail, which nobody else asks for, says %q", r.Text)
	}
}

func TestDatesAreWrittenAsPeopleDo(t *testing.T) {
	t.Parallel()
	for at, want := range map[string][2]string{
		"2027-01-01T00:00:00Z":      {"1er janvier 2027 à 00:00 (", "1 January 2027 at 00:00 ("},
		"2027-08-02T23:59:59Z":      {"2 août 2027 à 23:59 (", "2 August 2027 at 23:59 ("},
		"2028-02-29T12:00:00+14:00": {"28 février 2028 à 22:00 (", "28 February 2028 at 22:00 ("},
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range []account.Locale{"fr", "en"} {
			r, err := newRenderer(t).Render(account.MailAlreadyRegistered, l, account.MailContent{}, when)
			if err != nil || !strings.Contains(r.Text, ": "+want[i]) {
				t.Errorf("%s: want %q in %q, %v", at, want[i], r.Text, err)
			}
		}
	}
}

// What stands in an outbox is ours, and is shown as text all the same.
func TestNothingThatIsToldOfAnAskerIsMarkup(t *testing.T) {
	t.Parallel()
	content := sample(account.MailRegistrationCode)
	content.Asker = &account.Asker{Agent: account.Agent{Browser: "<b>a</b>", System: `"><script>`}, Address: "<a href=//evil.example>"}
	r := render(t, account.MailRegistrationCode, "en", content)
	if strings.Contains(r.HTML, "<b>") || strings.Contains(r.HTML, "<script") || strings.Contains(r.HTML, "<a href=//") {
		t.Errorf("it became %s", r.HTML)
	}
}

func TestTheCodeCanBeCopiedAndIsNotOnALockedScreen(t *testing.T) {
	t.Parallel()
	for _, l := range []account.Locale{"fr", "en"} {
		r := render(t, account.MailRegistrationCode, l, sample(account.MailRegistrationCode))
		if !strings.Contains(r.Text, "\n012345\n") {
			t.Errorf("%s: the code is not on a line of its own in %q", l, r.Text)
		}
		if !regexp.MustCompile(`<p class="code"[^>]*letter-spacing[^>]*>012<span [^>]*>345</span></p>`).MatchString(r.HTML) {
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
		if n := len(r.HTML); n > 16_000 { // Gmail cuts off what is behind 102 KB
			t.Errorf("it has %d bytes", n)
		}
		language := ` lang="` + string(l) + `" dir="` + locale.Direction(l) + `">`
		for _, want := range []string{
			`<html` + language, `"` + language, `<meta charset="utf-8">`, `name="viewport"`, `content="light dark"`,
			"prefers-color-scheme: dark", "max-width:600px", "<title>" + html.EscapeString(r.Subject) + "</title>", `class="preheader"`,
		} {
			if !strings.Contains(r.HTML, want) {
				t.Errorf("%s is missing", want)
			}
		}
		if found := regexp.MustCompile(`(?i)<(img|script|link|iframe|form|input|svg|base|video|object)\b|url\(|@import|@font-face|src=|background=|\bon[a-z]+=|mailto:|tel:|www\.|display: ?(flex|grid)`).FindString(r.HTML); found != "" {
			t.Errorf("it has %s", found)
		}
		for _, part := range []string{html.UnescapeString(r.HTML), r.Text} {
			for _, url := range regexp.MustCompile(`(\bhttps?:)?//[^"<\s]*`).FindAllString(part, -1) {
				if url != link {
					t.Errorf("it leads to %s", url)
				}
			}
		}
		if open := unclosed(r.HTML); open != "" {
			t.Errorf("what is open at %s is never closed", open)
		}
	})
}

var element = regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)\b[^>]*>`)

// unclosed is where an element is closed that was not the last to be opened, or the one
// that stays open. What Outlook alone sees nests with the rest.
func unclosed(page string) string {
	var open []string
	for _, at := range element.FindAllStringSubmatch(page, -1) {
		switch name := at[2]; {
		case name == "meta":
		case at[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return at[0]
		default:
			open = open[:len(open)-1]
		}
	}
	return strings.Join(open, " ")
}

func TestLinesOfTheTextAreShort(t *testing.T) {
	t.Parallel()
	eachMail(t, func(t *testing.T, _ account.MailKind, _ account.Locale, r mail.Rendered) {
		for line := range strings.Lines(r.Text) {
			if n := utf8.RuneCountInString(strings.TrimSpace(line)); n > 78 && strings.TrimSpace(line) != link {
				t.Errorf("%d columns are %q", n, line)
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
		{"en", 10 * time.Minute, "This code expires in 10 minutes. After that, ask for another one."},
		{"en", 10*time.Minute - 300*time.Millisecond, "This code expires in 10 minutes. After that, ask for another one."},
		{"en", time.Minute, "This code expires in 1 minute. After that, ask for another one."},
		{"en", 119 * time.Second, "This code expires in 2 minutes. After that, ask for another one."},
		{"en", 110 * time.Second, "This code expires in 2 minutes. After that, ask for another one."},
		{"en", 105 * time.Second, "This code expires in 1 minute. After that, ask for another one."},
		{"en", 109 * time.Second, "This code expires in 1 minute. After that, ask for another one."},
		{"en", 3 * time.Second, "This code expires in less than a minute. After that, ask for another one."},
		{"en", -time.Second, "This code expires in less than a minute. After that, ask for another one."},
		{"en", time.Hour, "This code expires in 60 minutes. After that, ask for another one."},
		{"en", 2*time.Hour - 50*time.Millisecond, "This code expires in 2 hours. After that, ask for another one."},
		{"en", 24*time.Hour - 50*time.Millisecond, "This code expires in 24 hours. After that, ask for another one."},
		{"en", 24*time.Hour - time.Minute, "This code expires in 23 hours. After that, ask for another one."},
		{"en", 25 * time.Hour, "This code expires in 25 hours. After that, ask for another one."},
		{"fr", 10 * time.Minute, "Ce code expire dans 10\u00a0minutes. Passé ce délai, demandez-en un autre."},
		{"fr", time.Minute, "Ce code expire dans 1\u00a0minute. Passé ce délai, demandez-en un autre."},
		{"fr", time.Second, "Ce code expire dans moins d’une minute. Passé ce délai, demandez-en un autre."},
		{"fr", 24 * time.Hour, "Ce code expire dans 24\u00a0heures. Passé ce délai, demandez-en un autre."},
	} {
		r := render(t, account.MailRegistrationCode, tt.locale, account.MailContent{Code: "123456", TTL: tt.ttl})
		if !strings.Contains(strings.ReplaceAll(r.Text, "\n", " "), " "+tt.want+" ") {
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
		if _, err := r.Render(account.MailRegistrationCode, "fr", account.MailContent{Code: code}, asked); err == nil {
			t.Errorf("the code %q was taken", code)
		}
	}
	for _, link := range []string{
		"", "register?token=1", "//flowxi.example/", "javascript:alert(1)", "ftp://flowxi.example/", "https://",
		"https://flowxi.example/ x", "https://flowxi.example/\nx", "https://flowxi.example/\"x", "https://flowxi.example/<x>",
		"https://flowxi.example/\u202e", "https://flowxi.example/\u00a0",
	} {
		if _, err := r.Render(account.MailRegistrationLink, "fr", account.MailContent{Link: link}, asked); err == nil {
			t.Errorf("the link %q was taken", link)
		}
	}
	if _, err := r.Render("newsletter", "fr", account.MailContent{}, asked); err == nil {
		t.Error("an unknown kind was taken")
	}
}
