package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// openLoop reads profiles so many times a second, however long each takes. The time of an
// answer is counted from when its request was due: a server that stalls makes all wait that
// were due meanwhile, and each of them shows. Those that no connection is free for wait in
// turn, as many as there are connections, and those past them are missed.
//
// It is one goroutine, whose requests are made beforehand, since it shares the cores with
// the server: clients of net/http took as much CPU as what they asked, and came to one in a
// thousand requests 2 to 4 ms after it was due.
type openLoop struct {
	seen     *tally
	address  unix.SockaddrInet4
	requests [][]byte // of each person of the sample
	most     int      // of connections
	epoll    int
	timer    int           // wakes the goroutine when the next request is due
	wires    map[int]*wire // by their descriptor
	free     []*wire       // the last one that answered is asked next, as net/http does
	queue    []query       // that wait for a connection
	waiting  int           // for an answer
}

// query is a request and when it was due.
type query struct {
	text []byte
	due  time.Time
}

// wire is a connection that has one request on its way at most.
type wire struct {
	fd     int
	asked  bool
	used   bool // it has answered before
	query  query
	answer []byte
}

const (
	// mostAnswer is more than the head and the body of an answer of /me take, in bytes.
	mostAnswer = 16 << 10
	// patience is how long answers may take after all were due.
	patience = time.Minute
)

// open has that many connections at most read profiles at that rate.
func (t *target) open(ctx context.Context, rate float64, connections int, d time.Duration) window {
	o := &openLoop{seen: newTally(), most: connections, epoll: -1, timer: -1, wires: map[int]*wire{}}
	err := o.prepare(t)
	began := time.Now()
	if err == nil {
		due := func(n int) time.Time { return began.Add(time.Duration(float64(n) / rate * float64(time.Second))) }
		err = o.run(ctx, due, began.Add(d), int(t.next.Load()))
		t.next.Add(o.seen.latency.TotalCount())
	}
	w := o.seen.window(time.Since(began))
	w.FirstError = errors.Join(w.FirstError, err, o.close())
	return w
}

func (o *openLoop) prepare(t *target) error {
	u, err := url.Parse(t.url())
	if err != nil {
		return err
	}
	at, err := netip.ParseAddrPort(u.Host)
	if err != nil {
		return err
	}
	o.address = unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	for i := range sample {
		o.requests = append(o.requests, fmt.Appendf(nil,
			"GET /api/v1/me HTTP/1.1\r\nHost: %s\r\nUser-Agent: Go-http-client/1.1\r\nAuthorization: Bearer %s\r\nX-App-Locale: en\r\n\r\n",
			u.Host, t.people.token(t.people.person(i))))
	}
	if o.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if o.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC); err != nil {
		return os.NewSyscallError("timerfd_create", err)
	}
	return o.watch(o.timer)
}

// watch has the goroutine woken by what comes.
func (o *openLoop) watch(fd int) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)} //nolint:gosec // a descriptor is a small number
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(o.epoll, unix.EPOLL_CTL_ADD, fd, &e))
}

func (o *openLoop) close() error {
	var failed error
	for _, w := range o.wires {
		failed = errors.Join(failed, unix.Close(w.fd))
	}
	for _, fd := range []int{o.timer, o.epoll} {
		if fd >= 0 {
			failed = errors.Join(failed, unix.Close(fd))
		}
	}
	return failed
}

// run makes one request at a time, and takes the answers that are there before the next:
// after a stall of its own it is not late for those too.
func (o *openLoop) run(ctx context.Context, due func(n int) time.Time, end time.Time, first int) error {
	events := make([]unix.EpollEvent, 64)
	for n := 0; ; {
		now, at, rest := time.Now(), due(n), time.Duration(0)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case now.After(end.Add(patience)):
			return fmt.Errorf("%d requests have no answer, and %d were not made, after %v", o.waiting, len(o.queue), patience)
		case !at.Before(end):
			if o.waiting == 0 {
				return nil
			}
			rest = patience
		case at.After(now):
			rest = at.Sub(now)
		default:
			o.seen.lateBy(now.Sub(at))
			if err := o.ask(query{o.requests[(first+n)%len(o.requests)], at}); err != nil {
				return err
			}
			n++
		}
		if err := o.listen(events, rest); err != nil {
			return err
		}
	}
}

// listen takes what there is of answers, and where there is nothing waits for some so long.
func (o *openLoop) listen(events []unix.EpollEvent, rest time.Duration) error {
	wait := 0 // milliseconds
	if rest > 0 {
		wait = 1000 // at most, to see whether the measurement was ended
		// What the timer told before is gone by this.
		if err := unix.TimerfdSettime(o.timer, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(rest.Nanoseconds())}, nil); err != nil {
			return os.NewSyscallError("timerfd_settime", err)
		}
	}
	count, err := unix.EpollWait(o.epoll, events, wait)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return os.NewSyscallError("epoll_wait", err)
	}
	for _, e := range events[:max(0, count)] {
		if w := o.wires[int(e.Fd)]; w != nil {
			if err := o.read(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask makes a request, or has it wait for a connection.
func (o *openLoop) ask(q query) error {
	switch {
	case len(o.free) > 0 || len(o.wires) < o.most:
		return o.send(q)
	case len(o.queue) < o.most:
		o.queue = append(o.queue, q)
	default:
		o.seen.missed++
	}
	return nil
}

func (o *openLoop) send(q query) error {
	if len(o.free) == 0 {
		if err := o.connect(); err != nil {
			return err
		}
	}
	w := o.free[len(o.free)-1]
	o.free = o.free[:len(o.free)-1]
	w.asked, w.query, w.answer = true, q, w.answer[:0]
	o.waiting++
	n, err := unix.Write(w.fd, q.text)
	if err == nil && n < len(q.text) {
		err = fmt.Errorf("%d bytes of a request of %d were sent", n, len(q.text))
	}
	if err != nil {
		return o.ended(w, err)
	}
	return nil
}

func (o *openLoop) connect() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	w := &wire{fd: fd, answer: make([]byte, 0, mostAnswer)}
	o.wires[fd] = w
	if err := unix.Connect(fd, &o.address); err != nil {
		return os.NewSyscallError("connect", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	o.free = append(o.free, w)
	return o.watch(fd)
}

// read takes what there is of an answer.
func (o *openLoop) read(w *wire) error {
	n, err := unix.Read(w.fd, w.answer[len(w.answer):cap(w.answer)])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return nil
	case err != nil || n == 0:
		return o.ended(w, err)
	case !w.asked:
		return fmt.Errorf("%d bytes came that nobody asked for", n)
	}
	w.answer = w.answer[:len(w.answer)+n]
	whole, bad := answered(w.answer)
	switch {
	case whole:
		w.asked, w.used = false, true
		o.free = append(o.free, w)
		return o.took(w.query, bad)
	case bad != nil || len(w.answer) == cap(w.answer):
		return o.ended(w, errors.Join(bad, errors.New("an answer without an end")))
	}
	return nil
}

// took counts an answer, and asks for the one that has waited longest.
func (o *openLoop) took(q query, bad error) error {
	o.waiting--
	o.seen.add(time.Since(q.due), bad)
	if len(o.queue) == 0 {
		return nil
	}
	next := o.queue[0]
	o.queue = slices.Delete(o.queue, 0, 1)
	return o.send(next)
}

// ended closes a connection. A server may have closed it where nothing was asked for a while:
// what was asked of it just then is asked again, as net/http does.
func (o *openLoop) ended(w *wire, why error) error {
	delete(o.wires, w.fd)
	if err := unix.Close(w.fd); err != nil {
		return errors.Join(why, os.NewSyscallError("close", err))
	}
	switch {
	case !w.asked:
		o.free = slices.DeleteFunc(o.free, func(free *wire) bool { return free == w })
		return nil
	case w.used && len(w.answer) == 0:
		o.waiting--
		return o.send(w.query)
	}
	return o.took(w.query, errors.Join(fmt.Errorf("a connection ended after %d bytes of an answer", len(w.answer)), why))
}

// answered tells whether an answer is there as a whole, and what is wrong with it. One that
// does not tell its length has no end.
func answered(answer []byte) (whole bool, bad error) {
	head, body, ok := bytes.Cut(answer, []byte("\r\n\r\n"))
	if !ok {
		return false, nil
	}
	_, rest, _ := bytes.Cut(head, []byte("\r\nContent-Length: "))
	digits, _, _ := bytes.Cut(rest, []byte("\r\n"))
	length, err := strconv.ParseUint(string(digits), 10, 32)
	if err != nil {
		return false, fmt.Errorf("length of an answer: %w", err)
	}
	if uint64(len(body)) < length {
		return false, nil
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		return true, fmt.Errorf("GET /me: %s", answer)
	}
	return true, nil
}
