package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that a measurement has started, on loopback.
type process struct {
	URL string

	ops     string // URL of what operators see
	cmd     *exec.Cmd
	log     string // file of what it says
	ended   chan struct{}
	started time.Duration // until it answered for the first time
}

// startTimeout is how long a server may take until it answers.
const startTimeout = 2 * time.Minute

// start runs a program as a server and waits until the path answers 200. In environ, and
// in args, {addr} stands for the address that it is to listen on, and {ops} for that of
// its operators; {addr.port} and {ops.port} for the ports of these.
func start(ctx context.Context, path string, environ []string, program string, args ...string) (*process, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	ops, err := freeAddress()
	if err != nil {
		return nil, err
	}
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	fill := func(list []string) []string {
		filled := make([]string, len(list))
		for i, s := range list {
			filled[i] = strings.NewReplacer("{addr}", addr, "{ops}", ops, "{addr.port}", port(addr), "{ops.port}", port(ops)).Replace(s)
		}
		return filled
	}
	p := &process{URL: "http://" + addr, ops: "http://" + ops, ended: make(chan struct{})}
	p.cmd = exec.Command(program, fill(args)...) //nolint:gosec,noctx // a program of this measurement, which ends by Stop
	p.cmd.Env = fill(environ)
	said, err := os.CreateTemp("", "flowxi-bench-*.log")
	if err != nil {
		return nil, err
	}
	defer said.Close() //nolint:errcheck // the process has it
	p.log = said.Name()
	p.cmd.Stdout, p.cmd.Stderr = said, said
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	for time.Since(began) < startTimeout {
		select {
		case <-p.ended:
			return nil, fmt.Errorf("%s ended: see %s", program, p.log)
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.Stop())
		case <-time.After(time.Millisecond):
		}
		if answers(ctx, p.URL+path) {
			p.started = time.Since(began)
			return p, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s does not answer: see %s", program, p.log), p.Stop())
}

func get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}

func answers(ctx context.Context, url string) bool {
	resp, err := get(ctx, url)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// Stop ends the server as an operator does, and waits for its end.
func (p *process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = p.Resume() // one that is stopped would not end; it may have ended
	select {
	case <-p.ended:
		return os.Remove(p.log)
	case <-time.After(time.Minute):
		return errors.Join(errors.New("a server did not stop within a minute"), p.cmd.Process.Kill())
	}
}

// Pause has the server do nothing at all until Resume.
func (p *process) Pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (p *process) Resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// CPU is what the operating system has charged the process so far, user and system, in
// steps of ten milliseconds (proc_pid_stat(5)).
func (p *process) CPU() (time.Duration, error) { return cpuOf(p.cmd.Process.Pid) }

// Places in /proc/PID/stat, counted from the state, the third field.
const (
	statParent           = 1
	statUser, statSystem = 11, 12
	statEndedUser        = 13 // of children that have ended
	statEndedSystem      = 14
	statFields           = 15 // at least
)

func cpuOf(pid int, places ...int) (time.Duration, error) {
	fields, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, i := range append(places, statUser, statSystem) {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// tick is what the system charges in: USER_HZ is 100 on every architecture that Linux has.
const tick = time.Second / 100

// statOf is the fields of /proc/PID/stat behind the name of the program, which may have
// blanks in it.
func statOf(pid int) ([]string, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < statFields {
		return nil, fmt.Errorf("/proc/%d/stat is of another kind", pid)
	}
	return fields, nil
}

// cores is what all cores of the machine did, in ticks (proc_stat(5)).
type cores struct{ all, idle, stolen int64 }

// Places in the first line of /proc/stat, counted from its name. A core that waits for a disk
// is idle, too. What guests take is among what users do.
const statIdle, statWaits, statStolen = 4, 5, 8

func machine() (cores, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return cores{}, err
	}
	return coresIn(string(text))
}

func coresIn(stat string) (c cores, err error) {
	first, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(first)
	if len(fields) <= statStolen {
		return cores{}, errors.New("/proc/stat is of another kind")
	}
	for i := 1; i <= statStolen; i++ {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return cores{}, err
		}
		c.all += n
		switch i {
		case statIdle, statWaits:
			c.idle += n
		case statStolen:
			c.stolen = n
		}
	}
	return c, nil
}

// since is what the cores did after others were read.
func (c cores) since(before cores) cores {
	return cores{c.all - before.all, c.idle - before.idle, c.stolen - before.stolen}
}

func (c cores) plus(more cores) cores {
	return cores{c.all + more.all, c.idle + more.idle, c.stolen + more.stolen}
}

// String tells how much of the time they did something, and were kept from it by the host of
// a virtual machine.
func (c cores) String() string {
	percent := func(n int64) float64 { return 100 * float64(n) / float64(max(1, c.all)) }
	return fmt.Sprintf("%.0f %%, and %.1f %% taken by the host", percent(c.all-c.idle-c.stolen), percent(c.stolen))
}

// database is a PostgreSQL server whose processes are charged apart from its clients.
type database struct{ URL, dir string }

// CPU is that of all processes of the server, ended ones included.
func (d database) CPU() (total time.Duration, err error) {
	master, err := pidIn(filepath.Join(d.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	parent := strconv.Itoa(master)
	all, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, entry := range all {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		fields, err := statOf(pid)
		if err != nil || fields[statParent] != parent {
			continue // it has ended, or is another's
		}
		if used, err := cpuOf(pid); err == nil {
			total += used
		}
	}
	used, err := cpuOf(master, statEndedUser, statEndedSystem)
	return total + used, err
}

// redis is a Redis, which is one process.
type redis struct{ URL, dir string }

// CPU is that of the process.
func (r redis) CPU() (time.Duration, error) {
	pid, err := pidIn(filepath.Join(r.dir, "pid"))
	if err != nil {
		return 0, err
	}
	return cpuOf(pid)
}

// pidIn is the process that the first line of a file names.
func pidIn(file string) (int, error) {
	text, err := os.ReadFile(file) //nolint:gosec // of a server of this measurement
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

// memory is what /proc/PID/status says of the process.
type memory struct{ Now, Peak int64 } // bytes

// Memory is what is resident of the process now, and at most since the last ForgetPeak.
func (p *process) Memory() (m memory, err error) {
	f, err := os.Open(p.proc("status"))
	if err != nil {
		return memory{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			m.Now = kib << 10
		case "VmHWM":
			m.Peak = kib << 10
		}
	}
	return m, lines.Err()
}

// ForgetPeak has the next peak count from now (proc_pid_clear_refs(5)).
func (p *process) ForgetPeak() error {
	return os.WriteFile(p.proc("clear_refs"), []byte("5"), 0)
}

func (p *process) proc(file string) string {
	return filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), file)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // no other waits for it
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Profile writes what the process spends its CPU on to a file, for that long.
func (p *process) Profile(ctx context.Context, d time.Duration, file string) (err error) {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", p.ops, max(1, int(d.Seconds())))
	resp, err := get(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	f, err := os.Create(file) //nolint:gosec // named on the command line
	if err != nil {
		return err
	}
	_, err = io.Copy(f, resp.Body)
	return errors.Join(err, f.Close())
}
