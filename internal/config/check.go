package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"

	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/ratelimit"
)

// rule is one that settings have to keep together.
type rule struct {
	check func() *Error
	of    []string // the settings that it looks at
}

// rules are all of them. That on plain HTTP is the last, since it judges two settings of
// which another rule may say more.
func (c *Config) rules() []rule {
	list := []rule{
		{c.checkKeys, []string{"FLOWXI_KEYS"}},
		{c.checkMail, alone("FLOWXI_SMTP_URL")},
		{c.checkLimits, alone("FLOWXI_RATE_LIMITS")},
		{c.checkOps, []string{"FLOWXI_OPS_ADDR", "FLOWXI_ADDR"}},
		{c.checkMagicLink, []string{"FLOWXI_MAGIC_LINK_URL", "FLOWXI_INSECURE_HTTP"}},
		{c.checkPasswords, []string{"FLOWXI_PASSWORD_PASSES", "FLOWXI_PASSWORD_MEMORY_KIB"}},
		{c.checkCertificate, []string{"FLOWXI_TLS_CERT", "FLOWXI_TLS_KEY"}},
		{c.checkTLS, []string{"FLOWXI_TLS_CERT", "FLOWXI_PUBLIC_URL"}},
		{c.checkPlainHTTP, []string{"FLOWXI_ADDR", "FLOWXI_PUBLIC_URL", "FLOWXI_INSECURE_HTTP"}},
	}
	for _, f := range fields() {
		if f.Type == reflect.TypeFor[ratelimit.Rates]() {
			list = append(list, rule{func() *Error { return c.checkLimit(f) }, alone(f.env())})
		}
	}
	return list
}

// alone are the settings of a rule that does not hold for a server of this machine alone,
// or for a sandbox.
func alone(name string) []string {
	return []string{name, "FLOWXI_ENVIRONMENT", "FLOWXI_ADDR", "FLOWXI_PUBLIC_URL"}
}

// checkPlainHTTP keeps passwords and tokens off every network that others may read
// (contract section 3).
func (c *Config) checkPlainHTTP() *Error {
	if c.PublicURL.Scheme == "https" || c.InsecureHTTP || c.private() {
		return nil
	}
	if !c.Loopback() {
		return wrong("FLOWXI_PUBLIC_URL", c.PublicURL.String(),
			"allowed: https://… (plain HTTP to another machine only with FLOWXI_INSECURE_HTTP=allow)")
	}
	return wrong("FLOWXI_ADDR", c.Addr,
		"allowed: a loopback address such as 127.0.0.1:8080, since FLOWXI_PUBLIC_URL is plain HTTP (set it to https://…, or FLOWXI_INSECURE_HTTP=allow)")
}

func (c *Config) checkCertificate() *Error {
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return missing("FLOWXI_TLS_KEY", "required together with FLOWXI_TLS_CERT")
	case c.TLSCert == "" && c.TLSKey != "":
		return missing("FLOWXI_TLS_CERT", "required together with FLOWXI_TLS_KEY")
	}
	return nil
}

func (c *Config) checkTLS() *Error {
	if c.TLSCert != "" && c.PublicURL.Scheme == "http" {
		return wrong("FLOWXI_PUBLIC_URL", c.PublicURL.String(), "allowed: https://…, since FLOWXI_TLS_CERT is set")
	}
	return nil
}

func (c *Config) checkKeys() *Error {
	if c.DatabaseURL != "" && c.Keys == "" {
		return missing("FLOWXI_KEYS", "required with FLOWXI_DATABASE_URL, so that all nodes share it; set FLOWXI_KEYS; make one with: flowxi keys new")
	}
	return nil
}

func (c *Config) checkOps() *Error {
	if c.OpsAddr != "" && c.OpsAddr == c.Addr {
		return wrong("FLOWXI_OPS_ADDR", c.OpsAddr, "allowed: an address that is not that of FLOWXI_ADDR")
	}
	return nil
}

func (c *Config) checkMail() *Error {
	if c.SMTPURL == "" && !c.Sandbox() && !c.private() {
		return missing("FLOWXI_SMTP_URL", "required in production, or mail would reach nobody; allowed: smtps://user:password@host:port or smtp://…")
	}
	return nil
}

func (c *Config) checkMagicLink() *Error {
	u, err := url.Parse(c.MagicLinkURL)
	if err == nil && u.Scheme == "http" && !IsLoopback(u.Hostname()) && !c.InsecureHTTP {
		return wrong("FLOWXI_MAGIC_LINK_URL", c.MagicLinkURL,
			"allowed: https://… (plain HTTP to another machine only with FLOWXI_INSECURE_HTTP=allow)")
	}
	return nil
}

const mostPasses = 100 // as the setting says, whatever the memory

// checkPasswords lets nobody choose costs that are too weak, or that no login bears.
func (c *Config) checkPasswords() *Error {
	p := c.Passwords.Params()
	least, most := password.Passes(p.MemoryKiB)
	most = min(most, mostPasses)
	if p.Time < least || p.Time > most {
		return wrong("FLOWXI_PASSWORD_PASSES", strconv.Itoa(c.Passwords.Passes),
			fmt.Sprintf("allowed: a number from %d to %d, since FLOWXI_PASSWORD_MEMORY_KIB is %d", least, most, p.MemoryKiB))
	}
	return nil
}

// where limits may be off, so that nobody runs in production without by accident.
const where = "off is for a sandbox, or where both FLOWXI_ADDR and FLOWXI_PUBLIC_URL are on this machine"

func (c *Config) checkLimits() *Error {
	if !c.RateLimits && !c.Sandbox() && !c.private() {
		return wrong("FLOWXI_RATE_LIMITS", "off", "allowed: on ("+where+")")
	}
	return nil
}

func (c *Config) checkLimit(f field) *Error {
	rates, ok := reflect.ValueOf(*c).FieldByIndex(f.Index).Interface().(ratelimit.Rates)
	if ok && len(rates) == 0 && !c.Sandbox() && !c.private() {
		return wrong(f.env(), rates.String(), "allowed: rates such as "+f.Tag.Get("envDefault")+" ("+where+")")
	}
	return nil
}

// wrong says that a value which is fine by itself does not go with the others.
func wrong(name, value, why string) *Error {
	return &Error{Name: name, Given: Show(value), Allowed: why}
}

func missing(name, why string) *Error { return &Error{Name: name, Allowed: why} }
