package node

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// secured runs a node that serves TLS with a certificate that is a minute old.
func secured(t *testing.T, log io.Writer) (addr, dir string) {
	t.Helper()
	dir = t.TempDir()
	cert, key := writeCertificate(t, dir, 1, time.Now().Add(-time.Minute))
	cfg := newConfig(t, "FLOWXI_PUBLIC_URL=https://localhost", "FLOWXI_TLS_CERT="+cert, "FLOWXI_TLS_KEY="+key)
	n, err := New(t.Context(), cfg, Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	addr, stop, ended := serving(t, n)
	t.Cleanup(func() { stop(); awaitEnd(t, ended) })
	return addr, dir
}

// agree begins TLS with a server as such a client would, and asks for its health.
func agree(addr string, client *tls.Config) (tls.ConnectionState, error) {
	client.InsecureSkipVerify = true
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", addr, client)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	return conn.ConnectionState(), askHealth(conn, bufio.NewReader(conn))
}

func askHealth(conn net.Conn, answers *bufio.Reader) error {
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s: %w", resp.Status, err)
	}
	return nil
}

// Every suite that Go knows is offered alone: by what it is, not by a list, follows
// whether it may be taken.
func TestTLSIsSpokenWithGoodSuitesAlone(t *testing.T) {
	t.Parallel()
	addr, _ := secured(t, io.Discard)
	taken := 0
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) || strings.Contains(suite.Name, "_RSA_") && strings.Contains(suite.Name, "ECDHE") {
			continue // TLS 1.3 lets nobody choose, and the certificate is one of ECDSA
		}
		good := strings.HasPrefix(suite.Name, "TLS_ECDHE_") && (strings.Contains(suite.Name, "GCM") || strings.Contains(suite.Name, "POLY1305"))
		state, err := agree(addr, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
		if (err == nil) != good || good && state.CipherSuite != suite.ID {
			t.Errorf("with %s: %v", suite.Name, err)
		}
		if good {
			taken++
		}
	}
	if taken != 3 {
		t.Errorf("%d suites are taken, want 3", taken)
	}
	for _, suite := range suites() {
		if name := tls.CipherSuiteName(suite); !strings.HasPrefix(name, "TLS_ECDHE_") || strings.Contains(name, "CBC") {
			t.Errorf("%s is on the list", name)
		}
	}
}

func TestTLSIsOfTwoVersionsAlone(t *testing.T) {
	t.Parallel()
	addr, _ := secured(t, io.Discard)
	for version, good := range map[uint16]bool{
		tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true,
	} {
		state, err := agree(addr, &tls.Config{MinVersion: version, MaxVersion: version})
		if (err == nil) != good || good && state.Version != version {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if !good && !strings.Contains(err.Error(), "protocol version") {
			t.Errorf("%s fails for another reason: %v", tls.VersionName(version), err)
		}
	}
}

func TestTLSAgreesOnKeysWithStrongCurves(t *testing.T) {
	t.Parallel()
	addr, _ := secured(t, io.Discard)
	if state, err := agree(addr, &tls.Config{}); err != nil || state.CurveID != tls.X25519MLKEM768 || state.Version != tls.VersionTLS13 {
		t.Errorf("a client of today gets %s with %s: %v", tls.VersionName(state.Version), state.CurveID, err)
	}
	for _, curve := range []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521} {
		if state, err := agree(addr, &tls.Config{CurvePreferences: []tls.CurveID{curve}}); err != nil || state.CurveID != curve {
			t.Errorf("%s: %s, %v", curve, state.CurveID, err)
		}
	}
	const secp224r1 tls.CurveID = 21 // of 112 bits
	if state, err := agree(addr, &tls.Config{CurvePreferences: []tls.CurveID{secp224r1}}); err == nil {
		t.Errorf("a weak curve is taken: %s", state.CurveID)
	}
}

// lines is a log that many write to.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all that was written.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// kept are connections of both protocols that stay open.
type kept struct {
	one   *tls.Conn
	read  *bufio.Reader
	two   *http.Client
	url   string
	opens int // how often the second has begun TLS
}

func keep(t *testing.T, addr string) *kept {
	t.Helper()
	one, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{one: one, read: bufio.NewReader(one), url: "https://" + addr + "/api/v1/health"}
	k.two = &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error { k.opens++; return nil },
	}}}
	t.Cleanup(func() { _ = one.Close(); k.two.CloseIdleConnections() })
	k.expectAlive(t)
	return k
}

func (k *kept) expectAlive(t *testing.T) {
	t.Helper()
	if err := askHealth(k.one, k.read); err != nil {
		t.Errorf("HTTP/1.1: %v", err)
	}
	resp, err := k.two.Get(k.url)
	if err != nil {
		t.Fatalf("HTTP/2: %v", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK || k.opens != 1 {
		t.Errorf("HTTP/2: %s by %s over %d connections, %v", resp.Status, resp.Proto, k.opens, err)
	}
}

func TestConnectionsOutliveRenewalsOfTheCertificate(t *testing.T) {
	t.Parallel()
	var log lines
	addr, dir := secured(t, &log)
	open := keep(t, addr)
	if err := os.WriteFile(dir+"/cert.pem", []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	const complaint = "cannot reload the TLS certificate"
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(log.String(), complaint); time.Sleep(50 * time.Millisecond) {
		if got := serial(t, addr); got != 1 || time.Now().After(deadline) {
			t.Fatalf("it shows certificate %d and says %q", got, log.String())
		}
	}
	open.expectAlive(t)
	if got := serial(t, addr); got != 1 || strings.Count(log.String(), complaint) != 1 {
		t.Errorf("with a broken file it shows certificate %d and says %q", got, log.String())
	}
	writeCertificate(t, dir, 2, time.Now().Add(time.Second))
	for deadline := time.Now().Add(10 * time.Second); serial(t, addr) != 2; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it goes on showing the old certificate")
		}
	}
	open.expectAlive(t)
	if strings.Contains(log.String(), "PRIVATE KEY") {
		t.Error("the log has the key")
	}
}
