package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/doctor"
)

// healthWait is how long the server may think about how it is.
const healthWait = 3 * time.Second

type healthCommand struct {
	JSON bool `name:"json" help:"Answer in JSON."`
}

// condition is how the server is, for programs.
type condition struct {
	Healthy bool   `json:"healthy"`
	Status  string `json:"status,omitempty"` // as the server tells it
	Reason  string `json:"reason,omitempty"` // why it is not healthy
}

// Help says what it is for.
func (healthCommand) Help() string {
	return "It asks the address FLOWXI_ADDR, and is for the health checks of containers."
}

// Failure tells when it exits with 1.
func (healthCommand) Failure() string { return "the server does not answer, or is not well" }

// Examples of its use.
func (healthCommand) Examples() []example {
	return []example{
		{"flowxi health", "Print ok, or fail within three seconds."},
		{"flowxi health --json", "For a script; the reason is there, too, where it fails."},
	}
}

// Run asks once.
func (c *healthCommand) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return errors.Join(err, c.print(w, "", err))
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthWait)
	defer cancel()
	says, err := askHealth(ctx, cfg)
	if err := c.print(w, says.Status, err); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("not healthy: %w", err)
	}
	return nil
}

func (c *healthCommand) print(w *world, status string, failed error) error {
	switch {
	case c.JSON && failed != nil:
		return printJSON(w.stdout, condition{Reason: oneLine(failed)})
	case c.JSON:
		return printJSON(w.stdout, condition{Healthy: true, Status: status})
	case failed == nil:
		printf(w.stdout, "%s\n", status)
	}
	return nil
}

// askHealth asks the server of this machine how it is, and of what environment.
func askHealth(ctx context.Context, cfg config.Config) (says doctor.Answer, err error) {
	client, base, err := localClient(cfg)
	if err != nil {
		return says, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v1/health", nil)
	if err != nil {
		return says, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return says, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	var answer struct {
		Code string        `json:"code"`
		Data doctor.Answer `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&answer); err != nil {
		return says, fmt.Errorf("%s is not Flowxi", base)
	}
	if resp.StatusCode != http.StatusOK || answer.Code != "HEALTH_OK" {
		return says, fmt.Errorf("the server answers %d %s", resp.StatusCode, answer.Code)
	}
	return answer.Data, nil
}

// localClient speaks to the server of this machine. By TLS it trusts the certificate
// that the server was told to show, and nothing else.
func localClient(cfg config.Config) (*http.Client, string, error) {
	addr, err := localAddr(cfg.Addr)
	if err != nil || cfg.TLSCert == "" {
		return &http.Client{Transport: &http.Transport{}}, "http://" + addr, err
	}
	chain, err := os.ReadFile(cfg.TLSCert)
	if err != nil {
		return nil, "", err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(chain) {
		return nil, "", errors.New("FLOWXI_TLS_CERT holds no certificate")
	}
	trust := &tls.Config{RootCAs: roots, ServerName: cfg.PublicURL.Hostname(), MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: trust}}, "https://" + addr, nil
}

// localAddr is where a listener on addr is found from the same machine.
func localAddr(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port), nil
}
