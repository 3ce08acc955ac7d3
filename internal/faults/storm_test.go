package faults_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/mail"
)

const password = "Ma tante fait du vélo 7"

// world is a running Flowxi, of whichever shape.
type world interface {
	url() string
	inbox(to string) []mail.Entry // newest first; nothing where it cannot be read just now
}

// person is somebody of a storm, and what was answered about them. What was asked for
// without an answer may be or not be.
type person struct {
	email   string
	devices map[string]string // token of each device and of noDevice; empty where a login or logout went unanswered
	revoked []string          // tokens that an answer said are worth nothing
	names   []string          // the last acknowledged, then those unanswered since
	widths  []int             // of the photo, likewise
}

// storm is people who use a server all at once, each of a few workers with their own.
type storm struct {
	world world
	tally *tally

	stop    chan struct{}
	running sync.WaitGroup
	workers []*worker
}

type worker struct {
	*caller
	storm  *storm
	random *rand.Rand
	id     string
	people []*person
	serial int
}

// workers is how many act at once.
const workers = 6

func newStorm(w world, l *tally) *storm {
	s := &storm{world: w, tally: l}
	for i := range workers {
		s.workers = append(s.workers, &worker{
			storm: s, random: rand.New(rand.NewPCG(l.seed, uint64(i))), id: fmt.Sprintf("w%d", i),
			caller: newCaller(w.url(), l.note),
		})
	}
	return s
}

// blow has everybody act until calm is called.
func (s *storm) blow() {
	s.stop = make(chan struct{})
	for _, w := range s.workers {
		w.base = s.world.url()
		s.running.Go(func() {
			for {
				select {
				case <-s.stop:
					return
				default:
					w.act()
				}
			}
		})
	}
}

// calm waits until everybody has ended what they are at.
func (s *storm) calm() {
	close(s.stop)
	s.running.Wait()
}

func (w *worker) act() {
	if len(w.people) == 0 || len(w.people) < 12 && w.random.IntN(6) == 0 {
		w.register()
		return
	}
	p := w.people[w.random.IntN(len(w.people))]
	switch w.random.IntN(10) {
	case 0, 1:
		w.login(p)
	case 2, 3, 4:
		w.edit(p)
	case 5:
		w.uploadPhoto(p)
	case 6:
		w.logout(p)
	default:
		w.read(p)
	}
}

func (w *worker) next() int {
	w.serial++
	return w.serial
}

// register goes on only with a code that came, and tries its last step until it is
// answered: to try again must be harmless.
func (w *worker) register() {
	email := fmt.Sprintf("%s.%d.%d@example.com", w.id, w.storm.tally.seed, w.next())
	if w.call("POST", "/register-email-code/send", "", map[string]any{"email": email}).Status != 200 {
		w.pause()
		return
	}
	w.storm.tally.ack()
	w.storm.tally.expectMail(email)
	code := w.code(email)
	if code == "" {
		return
	}
	r := w.call("POST", "/register-email-code/set-password", "", map[string]any{
		"email": email, "code": code, "password": password, "password_confirmation": password,
	})
	p := &person{email: email, devices: map[string]string{}, names: []string{""}, widths: []int{0}}
	switch {
	case r.Code == "TOKEN_ISSUED":
		w.storm.tally.ack()
		p.devices[noDevice] = r.text("access_token")
		w.people = append(w.people, p)
	case r.unknown():
		w.lookInto(p)
		w.pause()
	default:
		w.storm.tally.lose("%s: the mailed code was answered %d %s", email, r.Status, r.Code)
	}
}

// lookInto finds out whether a registration that was not answered is done. Where it is
// not, nobody has that password.
func (w *worker) lookInto(p *person) {
	switch r := w.tryLogin(p); {
	case r.Code == "LOGIN_SUCCESS":
		w.people = append(w.people, p)
	case !r.unknown() && r.Code != "INVALID_CREDENTIALS":
		w.storm.tally.lose("%s: a login after an unanswered registration is answered %d %s", p.email, r.Status, r.Code)
	}
}

// code waits for the mail a little: where the mail server is gone it comes later.
func (w *worker) code(email string) string {
	for range 60 {
		if mails := w.storm.world.inbox(email); len(mails) > 0 {
			return mails[0].Code
		}
		time.Sleep(50 * time.Millisecond)
	}
	return ""
}

// pause keeps callers that are refused from spinning.
func (w *worker) pause() { time.Sleep(20 * time.Millisecond) }

// noDevice is in the place of a device where a token has none. A login never has it.
const noDevice = ""

func (w *worker) device() string { return fmt.Sprintf("device-%d", w.random.IntN(3)) }

// login is with the right password of somebody who is active, so it cannot be refused.
func (w *worker) login(p *person) {
	if r := w.tryLogin(p); !r.unknown() && r.Code != "LOGIN_SUCCESS" {
		w.storm.tally.lose("%s: a login is answered %d %s", p.email, r.Status, r.Code)
	}
}

// tryLogin leaves it to the caller to judge a refusal.
func (w *worker) tryLogin(p *person) reply {
	device := w.device()
	r := w.call("POST", "/auth/login", "", map[string]any{
		"email": p.email, "password": password, "device_id": device, "device_type": "ios", "device_name": "Phone",
	})
	before, had := p.devices[device]
	switch {
	case r.Code == "LOGIN_SUCCESS":
		w.storm.tally.ack()
		if before != "" {
			p.revoked = append(p.revoked, before)
		}
		p.devices[device] = r.text("data", "access_token")
	case r.unknown():
		if had {
			p.devices[device] = ""
		}
		w.pause()
	}
	return r
}

// token is one that was answered and not revoked since, of any device.
func (p *person) token(w *worker) (device, token string) {
	var live []string
	for device, token := range p.devices {
		if token != "" {
			live = append(live, device)
		}
	}
	if len(live) == 0 {
		return "", ""
	}
	slices.Sort(live)
	device = live[w.random.IntN(len(live))]
	return device, p.devices[device]
}

func (w *worker) edit(p *person) {
	_, token := p.token(w)
	if token == "" {
		w.login(p)
		return
	}
	name := fmt.Sprintf("Name %d", w.next())
	w.settle(p, "an edit", w.call("PATCH", "/me", token, map[string]any{"first_name": name}),
		func(reply) { p.names = []string{name} },
		func() { p.names = append(p.names, name) })
}

func (w *worker) uploadPhoto(p *person) {
	_, token := p.token(w)
	if token == "" {
		return
	}
	width := 16 + w.next()%200
	w.settle(p, "a photo", w.upload(token, width),
		func(reply) { p.widths = []int{width} },
		func() { p.widths = append(p.widths, width) })
}

func (w *worker) logout(p *person) {
	device, token := p.token(w)
	if token == "" {
		return
	}
	w.settle(p, "a logout", w.call("POST", "/auth/logout", token, nil),
		func(reply) {
			p.revoked = append(p.revoked, token)
			delete(p.devices, device)
		},
		func() { p.devices[device] = "" })
}

// settle enters an answer into the ledger. Whatever was asked for cannot be refused.
func (w *worker) settle(p *person, what string, r reply, done func(reply), perhaps func()) {
	switch {
	case r.Status == 200:
		w.storm.tally.ack()
		done(r)
	case r.unknown():
		perhaps()
		w.pause()
	default:
		w.storm.tally.lose("%s: %s was answered %d %s", p.email, what, r.Status, r.Code)
	}
}

// read holds the server to the ledger in the midst of it all: a token that was revoked
// is refused from the answer on, and an edit that was answered is seen.
func (w *worker) read(p *person) {
	if n := len(p.revoked); n > 0 && w.random.IntN(3) == 0 {
		if r := w.call("GET", "/me", p.revoked[w.random.IntN(n)], nil); r.Status == 200 {
			w.storm.tally.lose("%s: a revoked token opened the account", p.email)
		}
		return
	}
	if _, token := p.token(w); token != "" {
		w.compare(p, token)
	}
}

func (w *worker) compare(p *person, token string) (answered bool) {
	r := w.call("GET", "/me", token, nil)
	if r.unknown() {
		w.pause()
		return false
	}
	if r.Status != 200 {
		w.storm.tally.lose("%s: a token that was issued is answered %d %s", p.email, r.Status, r.Code)
		return true
	}
	if name := r.text("data", "first_name"); !slices.Contains(p.names, name) {
		w.storm.tally.lose("%s: the name is %q, and was acknowledged as one of %q", p.email, name, p.names)
	}
	return true
}

// verify holds the server to everything that was ever answered.
func (s *storm) verify(t *testing.T) {
	t.Helper()
	var verifying sync.WaitGroup
	for _, w := range s.workers {
		w.base = s.world.url()
		verifying.Go(func() {
			for _, p := range w.people {
				w.verify(p)
			}
		})
	}
	verifying.Wait()
	s.verifyMails()
}

func (w *worker) verify(p *person) {
	for _, token := range p.devices {
		if token != "" && !w.compare(p, token) {
			w.storm.tally.lose("%s: no answer after the fault", p.email)
		}
	}
	for _, token := range p.revoked {
		if r := w.call("GET", "/me", token, nil); r.Status != 401 {
			w.storm.tally.lose("%s: a revoked token is answered %d", p.email, r.Status)
		}
	}
	p.revoked = p.revoked[max(0, len(p.revoked)-2):]
	if r := w.tryLogin(p); r.Code != "LOGIN_SUCCESS" {
		w.storm.tally.lose("%s: a login is answered %d %s", p.email, r.Status, r.Code)
		return
	}
	_, token := p.token(w)
	me := w.call("GET", "/me", token, nil)
	p.names = []string{me.text("data", "first_name")}
	width := 0
	if url := me.text("data", "photo_url"); url != "" {
		width = w.photoWidth(url)
	}
	if !slices.Contains(p.widths, width) {
		w.storm.tally.lose("%s: the photo is %d wide, and was acknowledged as one of %v", p.email, width, p.widths)
	}
	p.widths = []int{width}
}

// verifyMails waits for every mail whose sending was answered, and counts those that
// came more than once.
func (s *storm) verifyMails() {
	missing := map[string]bool{}
	for to := range s.tally.mails {
		missing[to] = true
	}
	seen := map[string]int{}
	for range 240 {
		clear(seen)
		for _, m := range s.world.inbox("") {
			seen[m.ID]++
			delete(missing, m.To)
		}
		if len(missing) == 0 {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	s.tally.mailsLost, s.tally.doubled = len(missing), 0
	for _, n := range seen {
		if n > 1 {
			s.tally.doubled += n - 1
		}
	}
}
