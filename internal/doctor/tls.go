package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"

	"flowxi.app/flowxi/internal/config"
)

// tls looks at the certificate that a server here shows.
func (p *patient) tls(context.Context) []Finding {
	if p.cfg.TLSCert == "" && p.cfg.PublicURL.Scheme == "https" {
		return skip("TLS ends at the proxy")
	}
	if p.cfg.TLSCert == "" {
		return skip("FLOWXI_PUBLIC_URL is http")
	}
	const files = "Put the chain, the certificate of the host first, into FLOWXI_TLS_CERT and its key into FLOWXI_TLS_KEY. A running server takes both up by itself."
	pair, err := tls.LoadX509KeyPair(p.cfg.TLSCert, p.cfg.TLSKey)
	if err != nil {
		return noStart(&config.Error{Name: "FLOWXI_TLS_CERT", Given: strconv.Quote(p.cfg.TLSCert), Allowed: err.Error()}, files)
	}
	chain, err := parse(pair)
	if err != nil {
		return fail("the chain cannot be read: "+err.Error(), files)
	}
	leaf, host := chain[0], p.cfg.PublicURL.Hostname()
	if err := leaf.VerifyHostname(host); err != nil {
		return fail(fmt.Sprintf("the certificate is not for %s but for %s", host, hosts(leaf)), files)
	}
	if leaf.NotBefore.After(p.Now()) {
		return fail(fmt.Sprintf("the certificate is good only from %s on", leaf.NotBefore.UTC().Format("2006-01-02 15:04:05Z")), "Mend the clock, or use the certificate from before.")
	}
	var list []Finding
	for _, c := range chain {
		list = append(list, p.expiring("the certificate of "+holder(c), c.NotAfter, "Renew it: a running server takes the new files up by itself.")...)
	}
	if len(list) > 0 {
		return list
	}
	if err := p.trusted(chain); err != nil {
		return warn("this machine does not trust the certificate: "+err.Error(), "Put every certificate between that of the host and its authority into FLOWXI_TLS_CERT, unless all clients trust its issuer.")
	}
	return well("for %s until %s", host, leaf.NotAfter.UTC().Format("2006-01-02"))
}

func parse(pair tls.Certificate) (chain []*x509.Certificate, err error) {
	for _, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// trusted verifies the chain as a client does.
func (p *patient) trusted(chain []*x509.Certificate) error {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: p.Roots, Intermediates: between, CurrentTime: p.Now()})
	return err
}

// holder is the name in a certificate, which that of a host need not have.
func holder(c *x509.Certificate) string { return cmp.Or(c.Subject.CommonName, hosts(c)) }

// hosts are those that a certificate is for.
func hosts(c *x509.Certificate) string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no host"
	}
	return strings.Join(names, ", ")
}
