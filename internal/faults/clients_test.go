package faults_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	slowClients = 1000

	// What is resident at the most, in KiB: with slow clients alone, and with people too,
	// whose passwords take 19 MiB each to hash.
	mostWithClients = 80 << 10
	mostWithPeople  = 250 << 10
)

// slowness is how a client wastes a connection.
var slowness = []struct {
	first string // sent at once
	drip  string // then byte by byte, a second apart
}{
	{"", ""}, // nothing at all
	{"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", ""},
	{"", "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + strings.Repeat("a", 1000)},
	{"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", strings.Repeat(" ", 1000)},
	{"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", "3e8\r\n" + strings.Repeat(" ", 1000)},
}

// TestSlowClientsHoldUpNobody has a thousand of them come back each time that they are
// thrown out, while people go about their business.
func TestSlowClientsHoldUpNobody(t *testing.T) {
	s := newSingle(t, t.TempDir())
	s.start(t)
	before, alone := s.descriptors(t), s.status(t, "VmHWM:")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var open atomic.Int64
	var crowd sync.WaitGroup
	for i := range slowClients {
		crowd.Go(func() { waste(ctx, s.addr, i%len(slowness), &open) })
	}
	eventually(t, "all of them are connected", func() bool { return open.Load() > slowClients*9/10 })
	crowded := s.status(t, "VmHWM:")
	l := newTally("embedded: 1000 slow clients", seed(t))
	people := newStorm(s, l)
	people.blow()
	most := 0
	for range 80 {
		time.Sleep(100 * time.Millisecond)
		most = max(most, s.descriptors(t))
	}
	people.calm()
	people.verify(t)
	l.judge(t)
	if l.slowest > 10*time.Second || l.statuses[0]+l.statuses[503] > 0 {
		t.Errorf("people are held up: %s", l)
	}
	memory := s.status(t, "VmHWM:")
	t.Logf("%d MiB of memory at first, %d with all of them, %d with people too, and %d descriptors at the most", alone>>10, crowded>>10, memory>>10, most)
	if crowded > mostWithClients || memory > mostWithPeople {
		t.Errorf("it takes %d KiB of memory for slow clients, and %d with people", crowded, memory)
	}
	if most > before+slowClients+100 {
		t.Errorf("it has %d descriptors open, and had %d", most, before)
	}
	cancel()
	crowd.Wait()
	eventually(t, "the descriptors are given back", func() bool { return s.descriptors(t) < before+50 })
}

// waste connects again and again, and keeps each connection for as long as it is let.
func waste(ctx context.Context, addr string, kind int, open *atomic.Int64) {
	for ctx.Err() == nil {
		c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", addr)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		open.Add(1)
		drip(ctx, c, slowness[kind].first, slowness[kind].drip)
		open.Add(-1)
		_ = c.Close()
	}
}

// drip returns when the server has hung up, or the test ends.
func drip(ctx context.Context, c net.Conn, first, rest string) {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for buffer := make([]byte, 512); ; {
			if _, err := c.Read(buffer); err != nil {
				return
			}
		}
	}()
	_, _ = c.Write([]byte(first)) // whoever has hung up is heard of by reading
	for i := 0; ; i++ {
		select {
		case <-gone:
			return
		case <-time.After(time.Second):
		}
		if i < len(rest) {
			_, _ = c.Write([]byte(rest[i : i+1]))
		}
	}
}

func (s *single) descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.pid()))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// status reads a figure that the system keeps of the process.
func (s *single) status(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), name)
	n, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
