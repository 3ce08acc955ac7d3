package mock

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/header"
)

// Path is where a mock is told what to do. Nothing of a server is there.
const Path = "/mock"

func isOwn(path string) bool { return path == Path || strings.HasPrefix(path, Path+"/") }

// longestBody bounds what is read of a request.
const longestBody = 4 << 10

func (m *Mock) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, m.page)
	mux.HandleFunc("GET "+Path+"/people", m.showPeople)
	mux.HandleFunc("GET "+Path+"/clock", m.showClock)
	mux.HandleFunc("POST "+Path+"/clock", m.moveClock)
	mux.HandleFunc("POST "+Path+"/reset", m.reset)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, account.ErrNotFound, "There is GET "+Path+", "+Path+"/people and "+Path+"/clock, and POST "+Path+"/clock and "+Path+"/reset.")
	})
	return mux
}

// isMeant tells whether a Host is one that this machine is meant by, and no name of a
// stranger's that was pointed here (DNS rebinding): whose page that is would be let in as the
// mock's own. Emulators and containers know this machine by addresses that are not loopback.
func (m *Mock) isMeant(host string) bool {
	u := url.URL{Host: host}
	name := strings.ToLower(u.Hostname())
	_, err := netip.ParseAddr(name)
	return m.options.Exposed || err == nil || name == "localhost" || strings.HasSuffix(name, ".localhost") ||
		name == strings.ToLower(m.config.PublicURL.Hostname())
}

// guard lets only pages of this machine and programs through, unless the mock is there for
// others: a page of a stranger that somebody has open must not move the clock.
func (m *Mock) guard(w http.ResponseWriter, r *http.Request) {
	header.Data.Set(w.Header())
	origin := r.Header.Get("Origin")
	if origin != "" && !m.options.Exposed && !config.IsLocalOrigin(origin) {
		refuse(w, http.StatusForbidden, account.ErrForbidden, "This is for pages and programs of this machine alone.")
		return
	}
	m.own.ServeHTTP(w, r)
}

// showing is everybody, for programs.
type showing struct {
	People []Person `json:"people"`
}

func (m *Mock) showPeople(w http.ResponseWriter, _ *http.Request) { send(w, showing{m.People()}) }

// People are those who are there at the start, in the order of their ids, with what their
// authenticators show now.
func (m *Mock) People() []Person {
	p := m.enter()
	defer p.requests.Done()
	now := p.clock.now()
	people := make([]Person, 0, len(p.people))
	for _, person := range p.people {
		people = append(people, person.withCode(now))
	}
	return people
}

// clockShown is the clock, for programs.
type clockShown struct {
	Now      time.Time `json:"now"`
	Running  bool      `json:"running"`
	TOTPCode string    `json:"totp_code"` // of everybody who has a second factor
}

// clockChange is what may be done to the clock.
type clockChange struct {
	Now     *time.Time
	Advance int64 // seconds, after now
	Running *bool
}

// clockBody asks for a change.
type clockBody struct {
	Now     *string `json:"now"`
	Advance int64   `json:"advance"`
	Running *bool   `json:"running"`
}

// clockFields are what a body may have, and what that has to be.
var clockFields = map[string]string{
	"now":     "now has to be a time such as 2026-01-02T03:04:05Z",
	"advance": "advance has to be a whole number of seconds",
	"running": "running has to be true or false",
}

func (m *Mock) showClock(w http.ResponseWriter, _ *http.Request) {
	now, running, _ := m.move(clockChange{}) // what stays where it is comes to no time too far away
	send(w, clockShown{now, running, codeAt(now)})
}

// move does a change to the clock of what runs now.
func (m *Mock) move(change clockChange) (now time.Time, running bool, err error) {
	p := m.enter()
	defer p.requests.Done()
	return p.clock.move(change)
}

func (m *Mock) moveClock(w http.ResponseWriter, r *http.Request) {
	change, err := readChange(http.MaxBytesReader(w, r.Body, longestBody))
	var now time.Time
	var running bool
	if err == nil {
		now, running, err = m.move(change)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, account.ErrMalformedRequest, `It takes an object such as {"advance": 30}, {"now": "2026-01-02T03:04:05Z"} or {"running": true}: `+err.Error())
		return
	}
	send(w, clockShown{now, running, codeAt(now)})
}

// readChange reads what is asked of the clock. No body changes nothing.
func readChange(body io.Reader) (change clockChange, err error) {
	var asked clockBody
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err = d.Decode(&asked)
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return clockChange{}, nil
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return clockChange{}, errors.New(clockFields[mismatch.Field])
	case errors.As(err, &mismatch):
		return clockChange{}, errors.New("this is of the kind " + mismatch.Value)
	case err != nil:
		return clockChange{}, err
	case d.More():
		return clockChange{}, errors.New("there is more than one object")
	}
	change = clockChange{Advance: asked.Advance, Running: asked.Running}
	if asked.Now != nil {
		change.Now = new(time.Time)
		if change.Now.UnmarshalText([]byte(*asked.Now)) != nil {
			return clockChange{}, errors.New(clockFields["now"])
		}
	}
	return change, nil
}

func (m *Mock) reset(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, longestBody))
	if err := m.Reset(context.WithoutCancel(r.Context())); err != nil { // who asked and went away has asked
		m.options.Log.Error("cannot begin again", "error", err)
		refuse(w, http.StatusInternalServerError, account.ErrServerError, "The mock could not begin again: "+err.Error())
		return
	}
	send(w, showing{m.People()})
}

func (m *Mock) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, m.Describe())
}

func send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // to somebody who went away, it is not worth an error
}

// refuse answers in the form of the API.
func refuse(w http.ResponseWriter, status int, code account.Error, message string) {
	text, _ := json.Marshal(map[string]string{"message": message, "code": code.Code}) // of texts it never fails
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}
