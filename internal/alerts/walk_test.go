package alerts_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/clustertest"
)

// site is a cluster, one server that keeps everything itself, and a Prometheus.
type site struct {
	*clustertest.Cluster
	prometheus

	alone  string // the operators' address of the single server
	told   told
	token  string // of somebody who has registered
	unlock func() // what a walk has locked
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	await(t, "what fires is of the certificate and of backups alone", func() bool {
		now := s.firing(t)
		return len(now) == 3 && s.hasFired(t, "FlowxiBackupMissing") && s.hasFired(t, "FlowxiCertificateAges") && s.hasFired(t, "FlowxiCertificateEnds")
	})
	s.live(t)
	for _, w := range walks {
		if w.slow && os.Getenv("FLOWXI_TEST_ALERTS") != "all" {
			continue
		}
		t.Run(w.name, func(t *testing.T) { s.walk(t, w) })
	}
	t.Run("the dashboard and the rules name what servers tell", s.expectNames)
	t.Run("Prometheus understands each panel", s.expectQueries)
}

// newSite starts all of it.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Cluster: clustertest.Start(t, clustertest.Options{Environ: []string{"FLOWXI_DRAIN_DELAY=0s"}}), told: told{}}
	s.alone = s.startAlone(t)
	s.prometheus = startPrometheus(t, []string{s.ops(1), s.ops(2)}, s.alone)
	return s
}

func (s *site) ops(n int) string { return strings.TrimPrefix(s.OpsURL(n), "http://") }

// started is when the process of a node has started, by what Prometheus has seen last.
func (s *site) started(t *testing.T, n int) string {
	t.Helper()
	return s.value(t, fmt.Sprintf("process_start_time_seconds{instance=%q}", s.ops(n)))
}

// startAlone starts a server with a backup, and a certificate that is over in an hour.
func (s *site) startAlone(t *testing.T) (ops string) {
	t.Helper()
	port, release, err := backing.Ports()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	dir := t.TempDir()
	cert, key := certificate(t, dir)
	ops = fmt.Sprintf("127.0.0.1:%d", port+1)
	cmd := exec.Command(filepath.Join(s.Dir, "bin", "flowxi"), "serve")
	cmd.Env = []string{
		"FLOWXI_DATA_DIR=" + filepath.Join(dir, "data"), fmt.Sprintf("FLOWXI_ADDR=127.0.0.1:%d", port), "FLOWXI_PUBLIC_URL=https://localhost",
		"FLOWXI_ENVIRONMENT=sandbox", "FLOWXI_OPS_ADDR=" + ops, "FLOWXI_TLS_CERT=" + cert, "FLOWXI_TLS_KEY=" + key,
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the server alone said: %s", log.String())
		}
	})
	await(t, "the server alone is ready", func() bool {
		resp, err := http.Get("http://" + ops + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	backup := exec.Command(cmd.Path, "backup", filepath.Join(dir, "backup"))
	backup.Env = cmd.Env
	if out, err := backup.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return ops
}

func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: public}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// walk is the way of a runbook: something breaks, alerts fire, it is mended, they end.
type walk struct {
	name   string
	fires  string // alerts, all of which do
	slow   bool   // only where all is walked
	shows  string // words that their pages tell to look at, on the node that is named
	on     int    // the first where it is zero
	breaks func(*testing.T, *site)
	goesOn func(*site) // what people do meanwhile, again and again; may be nil
	mends  func(*testing.T, *site)
}

func (s *site) walk(t *testing.T, w walk) {
	began := time.Now()
	mend := sync.OnceFunc(func() { w.mends(t, s) })
	defer mend()
	node := max(w.on, 1)
	before := len(s.log(t, node))
	w.breaks(t, s)
	end := s.while(w.goesOn)
	defer end()
	for name := range strings.FieldsSeq(w.fires) {
		await(t, name+" fires", func() bool { return s.hasFired(t, name) })
	}
	fired := time.Since(began)
	if w.shows != "" {
		s.looks(t, w, node, before)
	}
	s.note(t)
	end()
	mend()
	for name := range strings.FieldsSeq(w.fires) {
		await(t, name+" ends", func() bool { return !s.hasFired(t, name) })
	}
	t.Logf("%s: fired after %.0f s, over after %.0f s", w.fires, fired.Seconds(), time.Since(began).Seconds())
}

// hasFired looks also at what it says.
func (s *site) hasFired(t *testing.T, name string) bool {
	t.Helper()
	a, is := s.firing(t)[name]
	for what, text := range a.Annotations {
		if strings.Contains(text, "<") || strings.Contains(text, "{{") {
			t.Errorf("the %s of %s is %q", what, name, text)
		}
	}
	return is
}

// while does something again and again, until the end.
func (s *site) while(do func(*site)) (end func()) {
	stop := make(chan struct{})
	var going sync.WaitGroup
	if do != nil {
		for range 2 {
			going.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(50 * time.Millisecond):
						do(s)
					}
				}
			})
		}
	}
	return sync.OnceFunc(func() {
		close(stop)
		going.Wait()
	})
}

// live has a person do what people do, and a stranger go on until a limit is met.
func (s *site) live(t *testing.T) {
	t.Helper()
	c := s.Node(t, 1).Client(t)
	person := c.Register("someone@example.com").LoginOn("phone")
	person.Get("/me").Expect(200, "ME_OK")
	person.Upload(photo(t, 8)).Expect(200, "ME_PHOTO_UPDATED")
	s.token = person.Bearer()
	login := wrongLogin()
	for range 100 {
		if s.post("192.0.2.1", "/auth/login", login) == http.StatusTooManyRequests {
			return
		}
	}
	t.Fatal("no limit is met")
}

// post asks a node from an address, and returns the status; 0 for no answer.
func (s *site) post(from, path string, body map[string]string) int {
	payload, _ := json.Marshal(body)
	return s.send(from, http.MethodPost, path, payload)
}

func (s *site) send(from, method, path string, payload []byte) int {
	return s.sendTo(1, from, method, path, payload)
}

func (s *site) sendTo(node int, from, method, path string, payload []byte) int {
	req, err := http.NewRequest(method, s.NodeURL(node)+"/api/v1"+path, bytes.NewReader(payload))
	if err != nil {
		return 0
	}
	req.Header.Set("X-Forwarded-For", from)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.token)
	client := http.Client{Timeout: 20 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// note remembers what all servers tell now, of those that answer.
func (s *site) note(t *testing.T) {
	t.Helper()
	for _, addr := range []string{s.ops(1), s.ops(2), s.alone} {
		client := http.Client{Timeout: 5 * time.Second} // one may hang
		resp, err := client.Get("http://" + addr + "/metrics")
		if err != nil {
			continue
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		s.told.add(families)
	}
}

// expectNames holds the files to what was told in all walks, and the other way round.
func (s *site) expectNames(t *testing.T) {
	s.note(t)
	recorded, used := map[string]bool{}, map[string]bool{}
	for _, r := range rules(t) {
		recorded[r.Record] = true
	}
	say := func(where, expr string) {
		for _, wrong := range s.told.wrong(expr, recorded) {
			t.Errorf("%s: %s", where, wrong)
		}
		for _, name := range selectors(expr) {
			used[name.name] = true
		}
	}
	for _, r := range rules(t) {
		say(r.Alert+r.Record, r.Expr)
	}
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			say(p.Title, filled(target.Expr))
		}
	}
	for name := range s.told {
		// A histogram is shown by its buckets or by its mean.
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if strings.HasPrefix(name, "flowxi_") && !used[name] && !used[base+"_bucket"] {
			t.Errorf("neither a rule nor a panel uses %s", name)
		}
	}
}

// expectQueries has Prometheus answer each panel. Most have something to show by now.
func (s *site) expectQueries(t *testing.T) {
	empty := 0
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			n, err := s.series(t, filled(target.Expr))
			if err != nil {
				t.Errorf("%s: %s: %v", p.Title, target.Expr, err)
			}
			if n == 0 {
				t.Logf("%s is empty: %s", p.Title, target.Expr)
				empty++
			}
		}
	}
	if empty > 3 {
		t.Errorf("%d panels show nothing, of servers that have seen much", empty)
	}
}
