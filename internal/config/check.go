package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/ratelimit"
)

// check is the rules that a value must keep by itself or together with others. It fills
// in what follows from other settings.
func (c *Config) check() error {
	checks := []func() error{
		c.checkListener, c.checkPlainHTTP, c.checkTLS, c.checkDatabase, c.checkCache, c.checkStorage, c.checkMail, c.checkOps, c.checkMagicLink, c.checkPasswords, c.checkLimits,
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkListener() error {
	if !validAddr(c.Addr) {
		return refuse("FLOWXI_ADDR", c.Addr)
	}
	if strings.ContainsRune(c.DataDir, 0) {
		return refuse("FLOWXI_DATA_DIR", c.DataDir)
	}
	return nil
}

// checkPlainHTTP keeps passwords and tokens off every network that others may read
// (contract section 3).
func (c *Config) checkPlainHTTP() error {
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

func (c *Config) checkTLS() error {
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return missing("FLOWXI_TLS_KEY", "required together with FLOWXI_TLS_CERT")
	case c.TLSCert == "" && c.TLSKey != "":
		return missing("FLOWXI_TLS_CERT", "required together with FLOWXI_TLS_KEY")
	case c.TLSCert != "" && c.PublicURL.Scheme == "http":
		return wrong("FLOWXI_PUBLIC_URL", c.PublicURL.String(), "allowed: https://…, since FLOWXI_TLS_CERT is set")
	}
	return nil
}

func (c *Config) checkDatabase() error {
	if c.DatabaseURL == "" {
		return nil
	}
	if !hasDatabase(string(c.DatabaseURL)) {
		return refuse("FLOWXI_DATABASE_URL", string(c.DatabaseURL))
	}
	if c.Keys == "" {
		return missing("FLOWXI_KEYS", "required with FLOWXI_DATABASE_URL, so that all nodes share it; set FLOWXI_KEYS; make one with: flowxi keys new")
	}
	return nil
}

func (c *Config) checkCache() error {
	if c.RedisURL != "" && !hasHost(string(c.RedisURL), "redis", "rediss") {
		return refuse("FLOWXI_REDIS_URL", string(c.RedisURL))
	}
	return nil
}

// checkStorage leaves the rest of the address to whoever opens the bucket, for a secret
// key may hold what no other URL may.
func (c *Config) checkStorage() error {
	if c.StorageURL != "" && !strings.HasPrefix(string(c.StorageURL), "s3://") {
		return refuse("FLOWXI_STORAGE_URL", string(c.StorageURL))
	}
	return nil
}

func (c *Config) checkOps() error {
	if c.OpsAddr != "" && !validAddr(c.OpsAddr) {
		return refuse("FLOWXI_OPS_ADDR", c.OpsAddr)
	}
	if c.OpsAddr != "" && c.OpsAddr == c.Addr {
		return wrong("FLOWXI_OPS_ADDR", c.OpsAddr, "allowed: an address that is not that of FLOWXI_ADDR")
	}
	if c.TracesURL != "" && !hasHost(c.TracesURL, "http", "https") {
		return refuse("FLOWXI_TRACES_URL", c.TracesURL)
	}
	return nil
}

// hasDatabase looks at the scheme alone, since the host may be left to the query.
func hasDatabase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && strings.Contains(text, "://")
}

func (c *Config) checkMail() error {
	if c.SMTPURL != "" && !hasHost(string(c.SMTPURL), "smtp", "smtps") {
		return refuse("FLOWXI_SMTP_URL", string(c.SMTPURL))
	}
	if c.SMTPURL == "" && !c.Sandbox() && !c.private() {
		return missing("FLOWXI_SMTP_URL", "required in production, or mail would reach nobody; allowed: smtps://user:password@host:port or smtp://…")
	}
	if !validSender(c.MailFrom) {
		return refuse("FLOWXI_MAIL_FROM", c.MailFrom)
	}
	return nil
}

func (c *Config) checkMagicLink() error {
	if c.MagicLinkURL == "" {
		c.MagicLinkURL = c.PublicURL.String() + "/register?token={token}&email={email}"
		return nil
	}
	if !validMagicLink(c.MagicLinkURL) {
		return refuse("FLOWXI_MAGIC_LINK_URL", c.MagicLinkURL)
	}
	u, err := url.Parse(c.MagicLinkURL)
	if err == nil && u.Scheme == "http" && !IsLoopback(u.Hostname()) && !c.InsecureHTTP {
		return wrong("FLOWXI_MAGIC_LINK_URL", c.MagicLinkURL,
			"allowed: https://… (plain HTTP to another machine only with FLOWXI_INSECURE_HTTP=allow)")
	}
	return nil
}

// checkPasswords lets nobody choose costs that are too weak, or that no login bears.
func (c *Config) checkPasswords() error {
	p := c.Passwords.Params()
	least, most := password.Passes(p.MemoryKiB)
	if p.Time < least || p.Time > most {
		return wrong("FLOWXI_PASSWORD_PASSES", strconv.Itoa(c.Passwords.Passes),
			fmt.Sprintf("allowed: a number from %d to %d, since FLOWXI_PASSWORD_MEMORY_KIB is %d", least, most, p.MemoryKiB))
	}
	return nil
}

// checkLimits lets nobody run in production without limits by accident.
func (c *Config) checkLimits() error {
	if c.Sandbox() || c.private() {
		return nil
	}
	const where = "off is for a sandbox, or where both FLOWXI_ADDR and FLOWXI_PUBLIC_URL are on this machine"
	if !c.RateLimits {
		return wrong("FLOWXI_RATE_LIMITS", "off", "allowed: on ("+where+")")
	}
	for _, f := range fields() {
		rates, ok := reflect.ValueOf(*c).FieldByIndex(f.Index).Interface().(ratelimit.Rates)
		if ok && len(rates) == 0 {
			return wrong(f.env(), rates.String(), "allowed: rates such as "+f.Tag.Get("envDefault")+" ("+where+")")
		}
	}
	return nil
}

// refuse says that the value is not what the setting allows.
func refuse(name, value string) error {
	for _, f := range fields() {
		if f.env() == name {
			return f.refuse(value)
		}
	}
	return wrong(name, value, "not allowed")
}

// wrong says that a value which is fine by itself does not go with the others.
func wrong(name, value, why string) error {
	return &Error{Name: name, Given: Show(value), Allowed: why}
}

func missing(name, why string) error { return &Error{Name: name, Allowed: why} }
