package attack_test

import (
	"io"
	"log"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	relayTime = 600 * time.Millisecond // what the relay takes for a mail: more than a node guesses
	relayWait = 20 * time.Second
)

// relay is a mail server that takes its time for a mail, or keeps it until it is told.
type relay struct {
	came chan string // addresses of mails, as they come
	left chan struct{}

	mu   sync.Mutex
	gate chan struct{} // what a mail that comes waits for, nil where it takes its time
}

// openRelay starts one that ends with the test, at the URL.
func openRelay(t *testing.T) (r *relay, url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r = &relay{came: make(chan string, 100), left: make(chan struct{}, 100)}
	s := smtp.NewServer(r)
	s.Domain, s.ErrorLog = "mx.example", log.New(io.Discard, "", 0)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close() // which Close does not know if Serve has not begun
		<-served
	})
	return r, "smtp://" + l.Addr().String()
}

// keep has mails that come from now on wait for a gate, and those after that take their
// time again where it is nil.
func (r *relay) keep(gate chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gate = gate
}

// await waits for a mail to an address, whatever comes before it.
func (r *relay) await(t *testing.T, email string) {
	t.Helper()
	late := time.After(relayWait)
	for {
		select {
		case to := <-r.came:
			if to == email {
				return
			}
		case <-late:
			t.Fatalf("no mail came within %s", relayWait)
		}
	}
}

// NewSession implements smtp.Backend.
func (r *relay) NewSession(*smtp.Conn) (smtp.Session, error) { return &delivery{relay: r}, nil }

// delivery is one connection to a relay.
type delivery struct {
	relay *relay
	to    string
}

// Mail implements smtp.Session.
func (*delivery) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = to
	return nil
}

// Data implements smtp.Session.
func (d *delivery) Data(body io.Reader) error {
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	d.relay.mu.Lock()
	gate := d.relay.gate
	d.relay.mu.Unlock()
	d.relay.came <- d.to
	if gate == nil {
		time.Sleep(relayTime)
		return nil
	}
	<-gate
	return nil
}

// Reset implements smtp.Session.
func (*delivery) Reset() {}

// Logout implements smtp.Session.
func (d *delivery) Logout() error {
	d.relay.left <- struct{}{}
	return nil
}
