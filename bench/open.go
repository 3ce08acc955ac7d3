package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
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
// It is one thread, whose requests are made beforehand, since it shares the cores with the
// server: clients of net/http took as much CPU as what they asked, and one in a thousand
// requests was made later by them than five times the median.
type openLoop struct {
	target   *target
	seen     *tally
	requests [][]byte // of each person of the sample
	most     int      // of connections
	address  unix.SockaddrInet4
	epoll    int
	timer    int             // wakes the thread when a request is due
	wires    map[int32]*wire // by their descriptor
	free     []*wire         // the last one that answered is asked next, as net/http does
	queue    []time.Time     // when those were due that wait for a connection
	waiting  int             // for an answer
}

// wire is a connection that has one request on its way at most.
type wire struct {
	fd     int
	used   bool // before
	due    time.Time
	answer []byte
}

const (
	// mostAnswer is more than the head and the body of an answer of /me take, in bytes.
	mostAnswer = 16 << 10
	// patience is how long answers may take once the last request was made.
	patience = time.Minute
)

// open has that many connections at most read profiles at that rate.
func (t *target) open(ctx context.Context, rate float64, connections int, d time.Duration) window {
	o := &openLoop{target: t, seen: newTally(), most: connections, epoll: -1, timer: -1, wires: map[int32]*wire{}}
	began := time.Now()
	err := o.prepare(rate)
	if err == nil {
		began = time.Now()
		err = o.run(ctx, began, rate, d)
	}
	w := o.seen.window(time.Since(began))
	if err = errors.Join(err, o.close()); err != nil {
		w.FirstError = errors.Join(w.FirstError, err)
	}
	return w
}

func (o *openLoop) prepare(rate float64) error {
	for i := range sample {
		req, err := http.NewRequest(http.MethodGet, o.target.url()+"/api/v1/me", nil) //nolint:noctx // is written down alone
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+o.target.people.token(o.target.people.person(i)))
		req.Header.Set("X-App-Locale", "en")
		var b bytes.Buffer
		if err := req.Write(&b); err != nil {
			return err
		}
		o.requests = append(o.requests, b.Bytes())
	}
	u, err := url.Parse(o.target.url())
	if err != nil {
		return err
	}
	at, err := net.ResolveTCPAddr("tcp4", u.Host)
	if err != nil {
		return err
	}
	o.address.Port = at.Port
	copy(o.address.Addr[:], at.IP.To4())
	if o.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if o.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		return err
	}
	every := unix.NsecToTimespec(max(1, int64(float64(time.Second)/rate)))
	if err := unix.TimerfdSettime(o.timer, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil); err != nil {
		return err
	}
	return o.watch(o.timer)
}

// watch has the thread woken by what comes.
func (o *openLoop) watch(fd int) error {
	return unix.EpollCtl(o.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}) //nolint:gosec // a descriptor is a small number
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

func (o *openLoop) run(ctx context.Context, began time.Time, rate float64, d time.Duration) error {
	due := func(n int) time.Time { return began.Add(time.Duration(float64(n) / rate * float64(time.Second))) }
	events := make([]unix.EpollEvent, 64)
	for n := 0; ; {
		now := time.Now()
		at := due(n)
		for ; !at.After(now) && at.Sub(began) < d; at = due(n) {
			n++
			if err := o.ask(at, now); err != nil {
				return err
			}
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case now.Sub(began) >= d && o.waiting == 0:
			return nil
		case now.Sub(began) > d+patience:
			return fmt.Errorf("%d requests have no answer after %v", o.waiting, patience)
		}
		count, err := unix.EpollWait(o.epoll, events, int(time.Second/time.Millisecond))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		for _, e := range events[:max(0, count)] {
			if w := o.wires[e.Fd]; w != nil {
				err = o.read(w)
			} else {
				err = o.tick()
			}
			if err != nil {
				return err
			}
		}
	}
}

// tick has the timer go on.
func (o *openLoop) tick() error {
	var times [8]byte
	if _, err := unix.Read(o.timer, times[:]); err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
		return err
	}
	return nil
}

// ask makes a request that was due then, or has it wait for a connection.
func (o *openLoop) ask(due, now time.Time) error {
	if len(o.free) == 0 && len(o.wires) == o.most {
		if len(o.queue) == o.most {
			o.seen.missed++
			return nil
		}
		o.queue = append(o.queue, due)
		return nil
	}
	o.seen.lateBy(now.Sub(due))
	return o.send(due)
}

func (o *openLoop) send(due time.Time) error {
	if len(o.free) == 0 {
		if err := o.connect(); err != nil {
			return err
		}
	}
	w := o.free[len(o.free)-1]
	o.free = o.free[:len(o.free)-1]
	w.due, w.answer = due, w.answer[:0]
	o.waiting++
	request := o.requests[int(o.target.next.Add(1)-1)%len(o.requests)]
	if n, err := unix.Write(w.fd, request); err != nil {
		return o.ended(w, err)
	} else if n < len(request) {
		return fmt.Errorf("%d bytes of a request of %d were sent", n, len(request))
	}
	return nil
}

func (o *openLoop) connect() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	w := &wire{fd: fd, answer: make([]byte, 0, mostAnswer)}
	o.wires[int32(fd)] = w //nolint:gosec // a descriptor is a small number
	o.free = append(o.free, w)
	if err := unix.Connect(fd, &o.address); err != nil {
		return err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
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
	}
	w.answer = w.answer[:len(w.answer)+n]
	whole, bad := answered(w.answer)
	if !whole {
		return nil
	}
	o.seen.add(time.Since(w.due), bad)
	w.used = true
	o.waiting--
	o.free = append(o.free, w)
	if len(o.queue) == 0 {
		return nil
	}
	due := o.queue[0]
	o.queue = slices.Delete(o.queue, 0, 1)
	return o.send(due)
}

// ended closes a connection that the server has closed, as it may where nothing was asked for
// a while. What was asked just then is asked again, as net/http does.
func (o *openLoop) ended(w *wire, why error) error {
	delete(o.wires, int32(w.fd)) //nolint:gosec // a descriptor is a small number
	if err := unix.Close(w.fd); err != nil {
		return err
	}
	if idle := slices.Index(o.free, w); idle >= 0 {
		o.free = slices.Delete(o.free, idle, idle+1)
		return nil
	}
	if !w.used || len(w.answer) > 0 {
		return errors.Join(fmt.Errorf("a connection ended after %d bytes of an answer", len(w.answer)), why)
	}
	o.waiting--
	return o.send(w.due)
}

// answered tells whether an answer is there as a whole, and what is wrong with it.
func answered(answer []byte) (whole bool, bad error) {
	head, body, ok := bytes.Cut(answer, []byte("\r\n\r\n"))
	if !ok {
		return false, nil
	}
	_, rest, _ := bytes.Cut(head, []byte("\r\nContent-Length: "))
	digits, _, _ := bytes.Cut(rest, []byte("\r\n"))
	length, err := strconv.Atoi(string(digits))
	if err != nil || len(head)+4+length > mostAnswer {
		return true, fmt.Errorf("an answer of no length that can be read: %s", head)
	}
	if len(body) < length {
		return false, nil
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		return true, fmt.Errorf("GET /me: %s", answer)
	}
	return true, nil
}
