package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/header"
	"flowxi.app/flowxi/internal/locale"
)

//go:embed templates
var templateFiles embed.FS

func parseTemplates(assets, modules map[string]asset) *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"asset":  func(name string) string { return assets[name].address },
		"module": func(name string) string { return modules[name].address },
	}).ParseFS(templateFiles, "templates/*.html"))
}

// view is what every template works with.
type view struct {
	catalog *locale.Catalog

	Lang    account.Locale
	Version string
	Inbox   bool // there is an inbox to link to
	Try     bool // there is a description of the API to link to
	Portal  bool // there is a page of the account to link to
	Data    any  // what the template is about
}

// T is the text of the pages by that key, in the language of the view.
func (v view) T(key string) string { return v.catalog.Text(v.Lang, "page."+key, nil) }

// Code is the sentence for an outcome of the API.
func (v view) Code(code string) string { return v.catalog.Code(v.Lang, code) }

// Others are the languages that the page may be had in besides its own.
func (v view) Others() []account.Locale {
	var others []account.Locale
	for _, l := range v.catalog.Supported() {
		if l != v.Lang {
			others = append(others, l)
		}
	}
	return others
}

// In is a text in another language than that of the view.
func (v view) In(l account.Locale, key string) string { return v.catalog.Text(l, "page."+key, nil) }

func (s *site) view(l account.Locale, data any) view {
	return view{catalog: s.Catalog, Lang: l, Version: s.Version, Inbox: s.Inbox != nil, Try: s.OpenAPI != nil, Portal: s.Config.Portal, Data: data}
}

// show answers with a page.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	s.showAs(header.Page, w, r, status, name, v)
}

// showAs answers with a page of that class.
func (s *site) showAs(c header.Class, w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	var body bytes.Buffer
	if err := s.templates.ExecuteTemplate(&body, name, v); err != nil {
		s.fail(w, r, err)
		return
	}
	c.Set(w.Header())
	w.Header().Set("Content-Language", string(v.Lang))
	send(w, r, status, "text/html; charset=utf-8", body.Bytes())
}

const plainText = "text/plain; charset=utf-8"

// send answers with a body of that type.
func send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}

// sendIn answers with a text for engineers, and says in which language it is.
func sendIn(w http.ResponseWriter, r *http.Request, l account.Locale, contentType string, text []byte) {
	w.Header().Set("Content-Language", string(l))
	send(w, r, http.StatusOK, contentType, text)
}

// sendJSON answers with a value.
func (s *site) sendJSON(w http.ResponseWriter, r *http.Request, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	send(w, r, status, jsonText, body)
}

// envelope is what is in every answer that is no page (contract section 1).
type envelope struct {
	Message string `json:"message"`
	Code    string `json:"code"`
}

// refuse answers with an error: people by a page, programs in the shape of the contract.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, status int, e account.Error) {
	if !s.Refused(w, r, status, e) {
		s.envelop(w, r, status, e)
	}
}

func (s *site) envelop(w http.ResponseWriter, r *http.Request, status int, e account.Error) {
	l := s.language(r)
	w.Header().Set("Content-Language", string(l))
	s.sendJSON(w, r, status, envelope{Message: s.Catalog.Code(l, e.Code), Code: e.Code})
}

// fail answers where it is the server that is at fault, and says why in the log.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.Error("page failed", "error", err, "route", r.Pattern, "request_id", w.Header().Get("X-Request-Id"))
	s.envelop(w, r, http.StatusInternalServerError, account.ErrServerError) // it may be the template
}

func (s *site) notFound(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, http.StatusNotFound, account.ErrNotFound)
}

// refusal is what the page of an error is about.
type refusal struct {
	Code string
	Wait string // until it is worth another try; empty where nobody knows
}

// Refused shows people the page of an error, whoever has found it. It is false for programs,
// which are for the envelope. How long to wait is in the header Retry-After.
func (s *site) Refused(w http.ResponseWriter, r *http.Request, status int, e account.Error) bool {
	w.Header().Add("Vary", "Accept")
	if !strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/html") {
		return false
	}
	page := "refused.html"
	if e == account.ErrNotFound {
		page = "notfound.html"
	}
	s.show(w, r, status, page, s.view(s.pageLanguage(r), refusal{Code: e.Code, Wait: wait(w.Header().Get("Retry-After"))}))
	return true
}

// wait tells seconds as the portal does, but for those in which nobody watches them pass.
func wait(seconds string) string {
	n, err := strconv.Atoi(seconds)
	switch {
	case err != nil:
		return ""
	case n < 60:
		return seconds + " s"
	case n < 3600:
		return strconv.Itoa((n+59)/60) + " min"
	}
	return strconv.Itoa((n+3599)/3600) + " h"
}

// language is the one that a request asks for by its headers (contract section 2).
func (s *site) language(r *http.Request) account.Locale {
	return s.Catalog.OrDefault(s.askedByHeader(r))
}

// askedByHeader is empty where the headers name no language that there is.
func (s *site) askedByHeader(r *http.Request) account.Locale {
	l, _ := s.Catalog.Resolve(strings.Join(r.Header.Values("X-App-Locale"), ","), strings.Join(r.Header.Values("Accept-Language"), ","))
	return l
}

// pageLanguage is the one that a person asks for, and the default where they ask for none.
func (s *site) pageLanguage(r *http.Request) account.Locale { return s.Catalog.OrDefault(s.asked(r)) }

// asked puts a choice that a person has made on the page before the headers. It is empty
// where neither is there.
func (s *site) asked(r *http.Request) account.Locale {
	if l, ok := s.Catalog.Resolve(r.URL.Query().Get("lang"), ""); ok {
		return l
	}
	return s.askedByHeader(r)
}
