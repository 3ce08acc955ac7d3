package web

import "net/http"

// english is the language of what only developers read.
const english = "en"

// landing is the page at the root. It leads to the documents in its own language.
func (s *site) landing(w http.ResponseWriter, r *http.Request) {
	l := s.pageLanguage(r)
	s.show(w, r, http.StatusOK, "landing.html", s.view(l, s.book.in(l).Chapters[0]))
}

// register is the page that a registration link opens. It looks at neither the token
// nor the e-mail of its address: its script sends them when the person has chosen a
// password, so that a mail scanner which opens the link spends nothing (contract
// section 6).
func (s *site) register(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Robots-Tag", "noindex")
	s.show(w, r, http.StatusOK, "register.html", s.view(s.pageLanguage(r), nil))
}
