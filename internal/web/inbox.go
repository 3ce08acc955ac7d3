package web

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/header"
	"flowxi.app/flowxi/internal/mail"
)

// maxMails bounds a list of the inbox.
const maxMails = 200

func (s *site) mountInbox() {
	for pattern, show := range map[string]http.HandlerFunc{
		"/dev/inbox":                 s.inboxPage,
		"/dev/inbox.json":            s.inboxList,
		"/dev/inbox/events":          s.inboxEvents,
		"/dev/inbox/messages/{name}": s.inboxMessage,
	} {
		s.mux.HandleFunc(pattern, s.fromHere(show))
	}
}

// fromHere lets only requests through that come from this machine, and that were meant
// for this server by its own name. A page of a stranger can point a name of its own at this
// machine and then read the mails as its own (DNS rebinding); what it cannot do is change
// the Host.
func (s *site) fromHere(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := hostname(r.Host)
		if !config.IsLoopback(name) && !strings.EqualFold(name, s.Config.PublicURL.Hostname()) || !s.isLocal(r) || !isOwnOrigin(r) {
			s.refuse(w, r, http.StatusForbidden, account.ErrForbidden)
			return
		}
		next(w, r)
	}
}

// isLocal tells whether a request comes from this machine: from its own address, and, where
// a proxy says on whose behalf, from a proxy that is trusted and on behalf of nobody else.
// The Host alone tells nothing of that, since a proxy may pass on what a client says.
func (s *site) isLocal(r *http.Request) bool {
	peer := hostname(r.RemoteAddr)
	if !config.IsLoopback(peer) {
		return false
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		for _, line := range r.Header.Values(name) {
			if !s.trusts(peer) || !namesLoopback(line) {
				return false
			}
		}
	}
	return true
}

func (s *site) trusts(peer string) bool {
	addr, err := netip.ParseAddr(peer)
	return err == nil && config.Networks(s.Config.TrustedProxies).Contain(addr.Unmap())
}

// namesLoopback tells whether a line of a proxy is addresses of this machine and nothing
// else. That of RFC 7239 is never that: who sends it is asked to send the other.
func namesLoopback(line string) bool {
	for hop := range strings.SplitSeq(line, ",") {
		if addr, err := netip.ParseAddr(strings.TrimSpace(hop)); err != nil || !addr.Unmap().IsLoopback() {
			return false
		}
	}
	return true
}

// isOwnOrigin tells whether a request comes from no page, or from one of this server.
func isOwnOrigin(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+r.Host && origin != "https://"+r.Host {
			return false
		}
	}
	return true
}

// hostname drops the port and the brackets of an address.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func (s *site) inboxPage(w http.ResponseWriter, r *http.Request) {
	s.showAs(header.Inbox, w, r, http.StatusOK, "inbox.html", s.view(english, nil))
}

// inboxList answers with the newest mails, to one address where the query names it
// in "to". Its "limit" makes the list shorter.
func (s *site) inboxList(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	mails, err := s.newest(query.Get("to"), limitOf(query.Get("limit")))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.sendJSON(w, r, http.StatusOK, map[string]any{"mails": mails})
}

func limitOf(given string) int {
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 || n > maxMails {
		return maxMails
	}
	return n
}

// newest returns whole mails. One that is pushed out of the inbox meanwhile is left
// out.
func (s *site) newest(to string, limit int) ([]mail.Entry, error) {
	list, err := s.Inbox.List(to)
	if err != nil {
		return nil, err
	}
	mails := make([]mail.Entry, 0, min(limit, len(list)))
	for _, summary := range list[:min(limit, len(list))] {
		whole, err := s.Inbox.Get(summary.ID)
		if errors.Is(err, mail.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		mails = append(mails, whole)
	}
	return mails, nil
}

// inboxMessage serves one mail: as HTML for the frame of the inbox under <id>.html,
// or as a server would have got it under <id>.eml.
func (s *site) inboxMessage(w http.ResponseWriter, r *http.Request) {
	id, form, _ := strings.Cut(r.PathValue("name"), ".")
	m, err := s.Inbox.Get(id)
	switch {
	case errors.Is(err, mail.ErrNotFound), form != "html" && form != "eml":
		s.notFound(w, r)
	case err != nil:
		s.fail(w, r, err)
	case form == "eml":
		send(w, r, http.StatusOK, plainText, []byte(m.Source))
	default:
		header.Mail.Set(w.Header())
		send(w, r, http.StatusOK, "text/html; charset=utf-8", []byte(opensBeside(m.HTML)))
	}
}

// opensBeside makes the links of a mail open windows of their own, since no page of
// ours lets itself be shown in the frame of the mail.
func opensBeside(html string) string {
	return strings.Replace(html, "<head>", `<head><base target="_blank">`, 1)
}
