package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
)

// errUnknownKind says that a mail is of a kind that this version has no template
// for, and a newer one may have.
var errUnknownKind = errors.New("unknown kind of mail")

//go:embed templates
var templates embed.FS

// Renderer writes mails in the language of their readers. Any number of goroutines
// may use it.
type Renderer struct {
	catalog *locale.Catalog
	text    *texttemplate.Template
	html    *htmltemplate.Template
}

// NewRenderer returns a renderer with the words of the catalogue, whose keys begin
// with "mail.".
func NewRenderer(c *locale.Catalog) (*Renderer, error) {
	text, err1 := texttemplate.ParseFS(templates, "templates/mail.txt")
	html, err2 := htmltemplate.New("mail.html").Funcs(htmltemplate.FuncMap{"outlook": outlook}).ParseFS(templates, "templates/mail.html")
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("parse mail templates: %w", err)
	}
	return &Renderer{catalog: c, text: text, html: html}, nil
}

// outlook is HTML for Outlook on Windows alone, which knows no max-width. The template has
// nothing but literals for it.
func outlook(html string) htmltemplate.HTML {
	return htmltemplate.HTML("<!--[if mso]>" + html + "<![endif]-->") //nolint:gosec // see above
}

// Rendered is what a reader gets to see of a mail. Text and HTML say the same.
type Rendered struct {
	Subject string
	Text    string
	HTML    string
}

// Render writes a mail of that kind in language l, or in the default language where
// l is not supported. It tells when it was asked for, and by whom as far as the content
// says. It is an error if the content lacks what the kind is about, or
// if its code is not six digits or its link not an http or https URL.
//
// The code is not in the subject, nor in what a list of mails shows of the body: a
// locked screen shows both to whoever passes by.
func (r *Renderer) Render(kind account.MailKind, l account.Locale, content account.MailContent, asked time.Time) (Rendered, error) {
	if err := checkContent(kind, content); err != nil {
		return Rendered{}, fmt.Errorf("render %s mail: %w", kind, err)
	}
	v := r.view(kind, l, content, asked)
	var text, html bytes.Buffer
	if err := errors.Join(r.text.Execute(&text, v), r.html.Execute(&html, v)); err != nil {
		return Rendered{}, fmt.Errorf("render %s mail: %w", kind, err)
	}
	return Rendered{Subject: v.Subject, Text: fold(text.String()), HTML: html.String()}, nil
}

func checkContent(kind account.MailKind, c account.MailContent) error {
	switch kind {
	case account.MailRegistrationCode:
		if len(c.Code) != 6 || strings.Trim(c.Code, "0123456789") != "" {
			return errors.New("its code is not six digits")
		}
	case account.MailRegistrationLink:
		if !validLink(c.Link) {
			return errors.New("its link is not an http or https URL")
		}
	case account.MailAlreadyRegistered, account.MailTrial:
	default:
		return errUnknownKind
	}
	return nil
}

// validLink refuses what would not stay one link on a line of text.
func validLink(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	return printable(link) && !strings.ContainsFunc(link, unicode.IsSpace) && !strings.ContainsAny(link, `<>"`)
}

// view is what the templates show. A part that a mail does not have is empty.
type view struct {
	Lang                               account.Locale
	Dir, Start                         string // how the language is written, and the side where its lines begin
	Nature                             string // what a screen reader calls the whole
	Subject, Preheader                 string
	Title, Greeting, Intro, Expiry     string
	Code, Link, Button, LinkHint, Note string
	Care, Ignore                       *section // what nobody will ask for, and what to do about a mail unasked for
	FactsTitle                         string
	Facts                              []fact
	Why, Automatic                     string
}

type section struct{ Title, Text string }

func (r *Renderer) view(kind account.MailKind, l account.Locale, c account.MailContent, asked time.Time) view {
	l = r.catalog.OrDefault(l)
	shared := func(key string) string { return r.catalog.Text(l, "mail."+key, nil) }
	own := func(key string) string { return shared(string(kind) + "." + key) }
	v := view{
		Lang: l, Dir: locale.Direction(l), Start: "left", Nature: shared("nature"),
		Subject: own("subject"), Preheader: own("preheader"), Title: own("title"), Greeting: shared("greeting"), Intro: own("intro"),
		Why: shared("why"), Automatic: shared("automatic"),
	}
	if v.Dir == "rtl" {
		v.Start = "right"
	}
	if kind == account.MailTrial {
		v.Note, v.Why = own("note"), own("why")
		return v
	}
	v.Care, v.Ignore = &section{own("care_title"), own("care")}, &section{shared("ignore_title"), own("ignore")}
	v.FactsTitle, v.Facts = shared("asked_title"), r.facts(l, c.Asker, asked)
	switch kind {
	case account.MailRegistrationCode:
		v.Code, v.Expiry = c.Code, r.expiry(kind, l, c.TTL)
	case account.MailRegistrationLink:
		v.Link, v.Button, v.LinkHint, v.Expiry = c.Link, own("button"), shared("link_hint"), r.expiry(kind, l, c.TTL)
	}
	return v
}

func (r *Renderer) expiry(kind account.MailKind, l account.Locale, ttl time.Duration) string {
	return r.catalog.Text(l, "mail."+string(kind)+".expiry", map[string]any{"Duration": r.duration(l, ttl)})
}

// late is how much sooner than promised something may end: a mail of ten minutes is not
// written at once.
const late = 10 * time.Second

// duration says how long in whole minutes, and from two hours on in whole hours.
func (r *Renderer) duration(l account.Locale, d time.Duration) string {
	d += late
	if d >= 2*time.Hour {
		return r.catalog.Text(l, "mail.hours", map[string]any{"Count": int(d / time.Hour)})
	}
	if minutes := int(d / time.Minute); minutes > 0 {
		return r.catalog.Text(l, "mail.minutes", map[string]any{"Count": minutes})
	}
	return r.catalog.Text(l, "mail.moment", nil)
}
