package node

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/config"
)

// lookEvery is how often the files of the certificate are looked at, at most.
const lookEvery = time.Second

// certificate is a TLS certificate that is read again when its files change, so that it
// can be renewed without a restart.
type certificate struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	looked  time.Time
	written [2]time.Time // when the files were last written, as of the last look
}

// openCertificate comes before anybody is told that the node is ready, and before a new
// version changes the database.
func (n *Node) openCertificate() (err error) {
	if n.cfg.TLSCert == "" {
		return nil
	}
	n.certificate, err = loadCertificate(n.cfg, n.log)
	return err
}

func loadCertificate(cfg config.Config, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cfg.TLSCert, key: cfg.TLSKey, log: log, looked: time.Now()}
	c.written = c.times()
	if err := c.read(); err != nil {
		return nil, &config.Error{Name: "FLOWXI_TLS_CERT", Given: fmt.Sprintf("%q", cfg.TLSCert), Allowed: err.Error()}
	}
	return c, nil
}

// suites are those of TLS 1.2 that are served: forward secret and with authenticated
// encryption, all that RFC 9325 section 4.2 still recommends. Those of TLS 1.3 are all so.
func suites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}

// config leaves the curves to Go, which prefers X25519MLKEM768 and keeps up with what is
// recommended.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		CipherSuites:   suites(),
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}
}

func (c *certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookEvery {
		return c.current
	}
	c.looked = time.Now()
	written := c.times()
	if written == c.written {
		return c.current
	}
	c.written = written
	if err := c.read(); err != nil {
		// Perhaps the other file is not there yet; then that will be a change, too.
		c.log.Error("cannot reload the TLS certificate, going on with the one in memory", "error", err)
	}
	return c.current
}

func (c *certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.current = &pair
	return nil
}

func (c *certificate) times() (written [2]time.Time) {
	for i, path := range []string{c.cert, c.key} {
		if info, err := os.Stat(path); err == nil {
			written[i] = info.ModTime()
		}
	}
	return written
}
