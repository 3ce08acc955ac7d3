package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/config"
)

// writeCertificate writes a certificate with that serial number, as if at a time.
func writeCertificate(t *testing.T, dir string, serial int64, at time.Time) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, cert, "CERTIFICATE", der, at)
	writePEM(t, key, "PRIVATE KEY", secret, at)
	return cert, key
}

func writePEM(t *testing.T, path, kind string, der []byte, at time.Time) {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := errors.Join(os.WriteFile(path, text, 0o600), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
}

// serial is the number of the certificate that a server shows.
func serial(t *testing.T, addr string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.ConnectionState().NegotiatedProtocol; got != "h2" {
		t.Errorf("it speaks %q", got)
	}
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestACertificateIsRenewedWithoutARestart(t *testing.T) {
	t.Parallel()
	dir, past := t.TempDir(), time.Now().Add(-time.Minute)
	cert, key := writeCertificate(t, dir, 1, past)
	n := newNode(t, "FLOWXI_PUBLIC_URL=https://localhost", "FLOWXI_TLS_CERT="+cert, "FLOWXI_TLS_KEY="+key)
	addr, stop, ended := serving(t, n)
	if got := serial(t, addr); got != 1 {
		t.Errorf("it shows certificate %d", got)
	}
	writeCertificate(t, dir, 2, past.Add(time.Second))
	for deadline := time.Now().Add(10 * time.Second); serial(t, addr) != 2; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it goes on showing the old certificate")
		}
	}
	if left := time.Until(n.certificateEnd()); left < 30*time.Minute || left > time.Hour {
		t.Errorf("the certificate is over in %s, want an hour", left)
	}
	stop()
	awaitEnd(t, ended)
}

func TestPlainHTTPOnTheTLSPortIsAnswered(t *testing.T) {
	t.Parallel()
	cert, key := writeCertificate(t, t.TempDir(), 1, time.Now().Add(-time.Minute))
	n := newNode(t, "FLOWXI_PUBLIC_URL=https://localhost", "FLOWXI_TLS_CERT="+cert, "FLOWXI_TLS_KEY="+key)
	addr, stop, ended := serving(t, n)
	silent, err := net.Dial("tcp", addr) // holds up nobody
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
	}}
	for _, call := range []struct {
		url           string
		status, major int
	}{
		{"http://" + addr + "/api/v1/me", 403, 1},
		{"http://" + addr + "/api/v1/health", 200, 1},
		{"https://" + addr + "/api/v1/me", 401, 2},
		{"https://" + addr + "/api/v1/health", 200, 2},
	} {
		resp, err := client.Get(call.url)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != call.status || resp.ProtoMajor != call.major {
			t.Errorf("%s answers %s by %s", call.url, resp.Status, resp.Proto)
		}
	}
	stop()
	awaitEnd(t, ended)
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("the silent connection is kept after the end")
	}
}

func TestABrokenRenewalIsNotTakenUp(t *testing.T) {
	t.Parallel()
	dir, past := t.TempDir(), time.Now().Add(-time.Minute)
	cert, key := writeCertificate(t, dir, 1, past)
	c, err := loadCertificate(config.Config{TLSCert: cert, TLSKey: key}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	first := c.get()
	if err := os.WriteFile(cert, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.looked = past
	if c.get() != first {
		t.Error("the certificate is gone")
	}
	writeCertificate(t, dir, 2, past.Add(time.Second))
	c.looked = past
	if c.get() == first {
		t.Error("the good certificate after the broken one is not taken up")
	}
}

func TestAServerWithoutItsCertificateDoesNotStart(t *testing.T) {
	t.Parallel()
	cfg := newConfig(t, "FLOWXI_PUBLIC_URL=https://localhost", "FLOWXI_TLS_CERT=/nowhere/cert.pem", "FLOWXI_TLS_KEY=/nowhere/key.pem")
	_, err := New(t.Context(), cfg, Options{})
	if wrong, is := errors.AsType[*config.Error](err); !is || wrong.Name != "FLOWXI_TLS_CERT" {
		t.Errorf("New: %v", err)
	}
	if there(dataDir(cfg.DataDir).database()) {
		t.Error("the database was made all the same")
	}
}
