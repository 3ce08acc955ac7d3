package web

import (
	"io"
	"net/http"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/account"
)

const (
	maxStreams = 16
	heartbeat  = 20 * time.Second
	writeGrace = 10 * time.Second // what a client may take to read an event
)

// streams are the open connections that wait for mails. There are never more than a
// few, and all end when the server begins to shut down.
type streams struct {
	seats   chan struct{}
	beat    time.Duration // between two signs of life
	once    sync.Once
	closing chan struct{}
}

func newStreams() *streams {
	return &streams{seats: make(chan struct{}, maxStreams), beat: heartbeat, closing: make(chan struct{})}
}

// enter takes a seat, and is false where none is free.
func (st *streams) enter(r *http.Request) (leave func(), ok bool) {
	st.watch(r)
	select {
	case st.seats <- struct{}{}:
		return func() { <-st.seats }, true
	default:
		return nil, false
	}
}

// watch asks the server that serves r to tell when it shuts down. It would otherwise
// wait for streams that do not end by themselves.
func (st *streams) watch(r *http.Request) {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		st.once.Do(func() { server.RegisterOnShutdown(func() { close(st.closing) }) })
	}
}

// inboxEvents tells a page, as server-sent events, when to look at the inbox again.
func (s *site) inboxEvents(w http.ResponseWriter, r *http.Request) {
	leave, ok := s.streams.enter(r)
	if !ok {
		w.Header().Set("Retry-After", "5")
		s.refuse(w, r, http.StatusServiceUnavailable, account.ErrServiceUnavailable)
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	if r.Method == http.MethodHead {
		return
	}
	arrived, unsubscribe := s.Inbox.Subscribe()
	defer unsubscribe()
	s.streams.run(r, stream{w, http.NewResponseController(w)}, arrived)
}

// run sends until the client, the server or the connection is gone. The first event
// covers mails that came before the subscription.
func (st *streams) run(r *http.Request, out stream, arrived <-chan struct{}) {
	beat := time.NewTicker(st.beat)
	defer beat.Stop()
	out.keepOpen()
	for event := mailEvent; out.send(event); {
		select {
		case <-r.Context().Done():
			return
		case <-st.closing:
			return
		case <-arrived:
			event = mailEvent
		case <-beat.C:
			event = beatEvent
		}
	}
}

const (
	mailEvent = "event: mail\ndata: {}\n\n"
	beatEvent = ": still here\n\n"
)

type stream struct {
	io.Writer
	control *http.ResponseController
}

// keepOpen lifts the deadline by which a request must have been read: the server
// would take a stream for a slow one. A writer that has no deadlines needs none
// lifted.
func (out stream) keepOpen() { _ = out.control.SetReadDeadline(time.Time{}) }

func (out stream) send(event string) bool {
	_ = out.control.SetWriteDeadline(time.Now().Add(writeGrace)) // likewise
	if _, err := io.WriteString(out, event); err != nil {
		return false
	}
	return out.control.Flush() == nil
}
