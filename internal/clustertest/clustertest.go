// Package clustertest runs the scaled shape of Flowxi for tests: real nodes behind a real
// proxy, on the real services, each a process that a test may kill or pause. Its one
// rule: what runs is what scripts/cluster starts, and nothing of it outlives the test.
package clustertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/cache/redistest"
	"flowxi.app/flowxi/internal/mail"
)

// Options says what a cluster is made of.
type Options struct {
	Nodes   int      // two where it is zero
	Pooler  bool     // PgBouncer in transaction mode before PostgreSQL
	Standby bool     // a synchronous standby beside PostgreSQL
	Environ []string // settings of the nodes: "FLOWXI_RATE_LIMITS=off"
}

// Cluster is a running cluster. Any number of goroutines may use it.
type Cluster struct {
	URL string // of the proxy
	Dir string

	base    int
	nodes   int
	environ []string
}

// Start starts a cluster that ends with the test.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	ports, release, err := backing.Ports() // no fewer than scripts/cluster takes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	c := &Cluster{Dir: filepath.Join(t.TempDir(), "cluster"), base: ports, nodes: max(o.Nodes, 2)}
	c.URL = fmt.Sprintf("http://127.0.0.1:%d", c.base)
	c.environ = append(os.Environ(),
		fmt.Sprintf("FLOWXI_CLUSTER_PORT=%d", c.base), fmt.Sprintf("FLOWXI_CLUSTER_NODES=%d", c.nodes),
		"FLOWXI_CLUSTER_POOLER="+onOff(o.Pooler), "FLOWXI_CLUSTER_STANDBY="+onOff(o.Standby))
	c.environ = append(c.environ, o.Environ...)
	t.Cleanup(func() { c.down(t) })
	c.script(t, "up", c.Dir)
	return c
}

// down ends everything. After a failure it first shows what the nodes logged last.
func (c *Cluster) down(t testing.TB) {
	if t.Failed() {
		for n := 1; n <= c.nodes; n++ {
			t.Logf("the last words of node%d:\n%s", n, c.tail(fmt.Sprintf("node%d.log", n)))
		}
	}
	c.script(t, "down", c.Dir)
}

// tail is the last of what a part called an error.
func (c *Cluster) tail(name string) string {
	text, _ := os.ReadFile(filepath.Join(c.Dir, name))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return !strings.Contains(line, `"level":"ERROR"`) })
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func (c *Cluster) script(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(backing.Root(), "scripts", "cluster"), args...)
	cmd.Env = c.environ
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("scripts/cluster %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// NodeURL is the address of a node, counted from one, past the proxy.
func (c *Cluster) NodeURL(n int) string { return fmt.Sprintf("http://127.0.0.1:%d", c.base+n) }

// OpsURL is the address of a node's own listener for operators.
func (c *Cluster) OpsURL(n int) string { return fmt.Sprintf("http://127.0.0.1:%d", c.base+10+n) }

// Server is the cluster by its proxy, for the clients of authtest.
func (c *Cluster) Server(t testing.TB) *authtest.Server {
	return authtest.Remote(t, []string{c.URL}, c.Mails)
}

// Nodes is the cluster past its proxy: each request goes to the next node.
func (c *Cluster) Nodes(t testing.TB) *authtest.Server {
	urls := make([]string, c.nodes)
	for i := range urls {
		urls[i] = c.NodeURL(i + 1)
	}
	return authtest.Remote(t, urls, c.Mails)
}

// Node is one node, past the proxy.
func (c *Cluster) Node(t testing.TB, n int) *authtest.Server {
	return authtest.Remote(t, []string{c.NodeURL(n)}, c.Mails)
}

// Start starts parts that are down, as scripts/cluster names them.
func (c *Cluster) Start(t testing.TB, names ...string) {
	t.Helper()
	c.script(t, append([]string{"start", c.Dir}, names...)...)
}

// Stop stops parts in the orderly way and waits for their end.
func (c *Cluster) Stop(t testing.TB, names ...string) {
	t.Helper()
	c.script(t, append([]string{"stop", c.Dir}, names...)...)
}

// Kill ends a part by kill -9 and waits until it is gone.
func (c *Cluster) Kill(t testing.TB, name string) {
	t.Helper()
	pid := c.pid(t, name)
	c.signal(t, name, syscall.SIGKILL)
	for range 1000 {
		if ended(pid) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%s does not die", name)
}

// Pause stops a part in its tracks, with all that it has started: whoever talks to it
// hears nothing.
func (c *Cluster) Pause(t testing.TB, name string) { t.Helper(); c.signal(t, name, syscall.SIGSTOP) }

// Resume lets a part go on.
func (c *Cluster) Resume(t testing.TB, name string) { t.Helper(); c.signal(t, name, syscall.SIGCONT) }

// signal sends a signal to a part and to all that it has started.
func (c *Cluster) signal(t testing.TB, name string, s syscall.Signal) {
	t.Helper()
	pid := c.pid(t, name)
	for _, p := range append(children(pid), pid) {
		_ = syscall.Kill(p, s)
	}
}

// Signal sends a signal to the process of a part.
func (c *Cluster) Signal(t testing.TB, name string, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(c.pid(t, name), s); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func (c *Cluster) pid(t testing.TB, name string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.Dir, name+".pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatalf("%s.pid: %v", name, err)
	}
	return pid
}

// Processes are the process of a part and those that it has started.
func (c *Cluster) Processes(t testing.TB, name string) []int {
	t.Helper()
	pid := c.pid(t, name)
	return append([]int{pid}, children(pid)...)
}

// children lists the processes that a process has started.
func children(pid int) (list []int) {
	out, _ := exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output() // none is an error
	for _, line := range strings.Fields(string(out)) {
		if child, err := strconv.Atoi(line); err == nil {
			list = append(list, child)
		}
	}
	return list
}

// ended also holds for a process that nobody has buried yet.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(after, "Z")
}

// Running tells whether the process of a part is there.
func (c *Cluster) Running(t testing.TB, name string) bool { return !ended(c.pid(t, name)) }

// Mails lists the mails that have come for an address, or all of them, newest first.
func (c *Cluster) Mails(t authtest.TB, to string) []mail.Entry {
	t.Helper()
	list, err := c.TryMails(to)
	if err != nil {
		t.Fatalf("read mails: %v", err)
	}
	return list
}

// TryMails is Mails for a test that takes the mail server away.
func (c *Cluster) TryMails(to string) (list []mail.Entry, err error) {
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/inbox.json?to=%s", c.base+26, url.QueryEscape(to)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	var answer struct {
		Mails []mail.Entry `json:"mails"`
	}
	err = json.NewDecoder(resp.Body).Decode(&answer)
	return answer.Mails, err
}

// MailFault has the mail server fail in a way that it knows, or no more for "".
func (c *Cluster) MailFault(t testing.TB, mode string) {
	t.Helper()
	resp, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/fault?mode=%s", c.base+26, mode), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// KillPostgres ends PostgreSQL as a crash does, all of its processes at once.
func (c *Cluster) KillPostgres(t testing.TB) {
	t.Helper()
	for _, p := range children(c.pid(t, "postgres")) {
		_ = syscall.Kill(p, syscall.SIGKILL)
	}
	c.Kill(t, "postgres")
}

// Promote makes the standby the primary, once PostgreSQL is gone. It is not to come back.
func (c *Cluster) Promote(t testing.TB) {
	t.Helper()
	cmd := exec.Command(filepath.Join(backing.Root(), "scripts", "postgres"), "promote", filepath.Join(c.Dir, "standby"), strconv.Itoa(c.base+21))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("promote: %v\n%s", err, out)
	}
}

// CutPostgres ends every connection to PostgreSQL, again and again, a tenth of a second
// apart.
func (c *Cluster) CutPostgres(t testing.TB, times int) {
	t.Helper()
	for range times {
		c.query(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *Cluster) query(t testing.TB, sql string) {
	t.Helper()
	c.connect(t, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
}

// Number is what a query of PostgreSQL says, past the pooler.
func (c *Cluster) Number(t testing.TB, sql string, args ...any) (n int64) {
	t.Helper()
	c.connect(t, func(ctx context.Context, conn *pgx.Conn) error { return conn.QueryRow(ctx, sql, args...).Scan(&n) })
	return n
}

func (c *Cluster) connect(t testing.TB, do func(context.Context, *pgx.Conn) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", c.base+20))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := do(ctx, conn); err != nil {
		t.Fatal(err)
	}
}

// FlushRedis has Redis forget everything.
func (c *Cluster) FlushRedis(t testing.TB) {
	t.Helper()
	redistest.Do(t, fmt.Sprintf("redis://127.0.0.1:%d", c.base+23), "FLUSHALL")
}

// Operate runs the command flowxi beside the nodes, and returns what it prints.
func (c *Cluster) Operate(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(c.Dir, "bin", "flowxi"), args...)
	cmd.Env = c.Environ(t)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("flowxi %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Environ is the environment of a node that starts now.
func (c *Cluster) Environ(t testing.TB) []string {
	t.Helper()
	return append([]string{"PATH=" + os.Getenv("PATH")}, c.settings(t)...)
}

func (c *Cluster) settings(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.Dir, "node.env"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// Setting is a setting of the nodes, or nothing.
func (c *Cluster) Setting(t testing.TB, name string) string {
	t.Helper()
	for _, line := range c.settings(t) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

// Set changes a setting for every node that starts from now on.
func (c *Cluster) Set(t testing.TB, name, value string) {
	t.Helper()
	lines := slices.DeleteFunc(c.settings(t), func(line string) bool { return strings.HasPrefix(line, name+"=") })
	text := strings.Join(append(lines, name+"="+value), "\n") + "\n"
	if err := os.WriteFile(filepath.Join(c.Dir, "node.env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
