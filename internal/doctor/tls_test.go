package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const host = "id.flowxi.test"

// authority gives out certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(400 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	return authority{signed(t, template, template, &key.PublicKey, key), key}
}

func signed(t *testing.T, template, parent *x509.Certificate, public any, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// issue writes a certificate for a host, and its key.
func (a authority) issue(t *testing.T, host string, from, until time.Time) (cert, key string) {
	t.Helper()
	private := newKey(t)
	leaf := signed(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: from, NotAfter: until,
	}, a.cert, &private.PublicKey, a.key)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return written(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", leaf.Raw), written(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", der)
}

func written(t *testing.T, path, kind string, der []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestACertificateThatFailsClientsIsTold(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	good, stranger := newAuthority(t), newAuthority(t)
	now := time.Now()
	other, otherKey := good.issue(t, host, now.Add(-day), now.Add(90*day))
	for name, tt := range map[string]struct {
		by          authority
		host        string
		from, until time.Time
		cert, key   string // in the place of those that are issued
		want        []string
	}{
		"one that is good":                      {good, host, now.Add(-day), now.Add(90 * day), "", "", nil},
		"one for days":                          {good, host, now.Add(-day), now.Add(10*day + time.Hour), "", "", []string{"tls warning expires in 10 days"}},
		"one that has expired":                  {good, host, now.Add(-9 * day), now.Add(-day), "", "", []string{"tls failure has expired on"}},
		"one from the future":                   {good, host, now.Add(day), now.Add(90 * day), "", "", []string{"tls failure is good only from"}},
		"one for another host":                  {good, "www.flowxi.test", now.Add(-day), now.Add(90 * day), "", "", []string{"tls failure not for id.flowxi.test but for www.flowxi.test"}},
		"one of an authority that nobody knows": {stranger, host, now.Add(-day), now.Add(90 * day), "", "", []string{"tls warning does not trust"}},
		"the key of another":                    {good, host, now.Add(-day), now.Add(90 * day), "", otherKey, []string{"tls failure private key does not match"}},
		"a file that is not there":              {good, host, now.Add(-day), now.Add(90 * day), other + ".gone", "", []string{"tls failure no such file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cert, key := tt.by.issue(t, tt.host, tt.from, tt.until)
			if tt.cert != "" {
				cert = tt.cert
			}
			if tt.key != "" {
				key = tt.key
			}
			i := embedded(t, "FLOWXI_ADDR=127.0.0.1:8443", "FLOWXI_PUBLIC_URL=https://"+host, "FLOWXI_TLS_CERT="+cert, "FLOWXI_TLS_KEY="+key,
				"FLOWXI_SMTP_URL=smtp://"+(&post{}).listen(t))
			i.o.Roots = good.pool()
			i.expect(append([]string{"settings warning FLOWXI_MAIL_FROM is at localhost"}, tt.want...)...)
		})
	}
}

func TestAKeyOfTLSThatOthersMayReadIsTold(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cert, key := a.issue(t, host, time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour))
	i := embedded(t, "FLOWXI_PUBLIC_URL=https://"+host, "FLOWXI_TLS_CERT="+cert, "FLOWXI_TLS_KEY="+key, "FLOWXI_SMTP_URL=smtp://"+(&post{}).listen(t))
	i.o.Roots = a.pool()
	i.chmod(key, 0o640)
	i.expect("settings warning FLOWXI_MAIL_FROM")
	i.chmod(key, 0o644)
	i.expect("settings warning FLOWXI_MAIL_FROM", "permissions warning key.pem (mode 0644)")
}
