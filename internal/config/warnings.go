package config

import (
	"net"
	"strings"
)

// Warnings are sentences about settings that are allowed and that somebody should know
// about, one line each. A node tells them at its start.
func (c Config) Warnings() []string {
	var list []string
	warn := func(when bool, text string) {
		if when {
			list = append(list, text)
		}
	}
	warn(c.InsecureHTTP, "FLOWXI_INSECURE_HTTP=allow: PASSWORDS AND TOKENS TRAVEL IN CLEAR OVER PLAIN HTTP")
	warn(!c.RateLimits, "FLOWXI_RATE_LIMITS=off: EVERY LIMIT IS OFF, passwords and codes can be guessed without end")
	warn(c.DatabaseURL != "" && c.RedisURL == "", "FLOWXI_REDIS_URL is not set: PostgreSQL with limits and login challenges in this node's memory: this serves one node only")
	warn(c.RedisURL != "" && c.DatabaseURL == "", "FLOWXI_REDIS_URL without FLOWXI_DATABASE_URL: the data is in this node's SQLite file, and this serves one node only")
	warn(c.DatabaseURL != "" && c.RedisURL != "" && c.StorageURL == "", "FLOWXI_STORAGE_URL is not set: photos are in this node's folder, and other nodes do not have them")
	warn(c.opsExposed(), "FLOWXI_OPS_ADDR is no loopback address: whoever reaches it reads metrics and profiles of this node")
	c.warnClear(warn)
	warn(c.noTLS(), "FLOWXI_PUBLIC_URL is https, but neither FLOWXI_TLS_CERT nor FLOWXI_TRUSTED_PROXIES is set: every request will be answered HTTPS_REQUIRED")
	warn(c.Sandbox() && c.SMTPURL != "", "FLOWXI_SMTP_URL is not used: a sandbox keeps its mail in the inbox")
	warn(c.SendsMail() && !c.Loopback() && strings.Contains(c.MailFrom, "@localhost"), "FLOWXI_MAIL_FROM is at localhost: other mail servers may refuse such mail")
	return list
}

// Shortcuts are what suits whoever tries Flowxi on a machine of their own, and no server
// that people rely on, in a few words each.
func (c Config) Shortcuts() []string {
	var list []string
	for _, s := range []struct {
		taken bool
		text  string
	}{
		{c.PublicURL.Scheme == "http", "plain HTTP"},
		{c.DevInbox(), "mail stays in an inbox that everybody on this machine can read"},
		{!c.RateLimits, "no limits"},
	} {
		if s.taken {
			list = append(list, s.text)
		}
	}
	return list
}

// noTLS tells whether no request can come by TLS, or be known to have.
func (c Config) noTLS() bool {
	return c.PublicURL.Scheme == "https" && c.TLSCert == "" && len(c.TrustedProxies) == 0
}

func (c Config) opsExposed() bool {
	host, _, err := net.SplitHostPort(c.OpsAddr)
	return err == nil && !IsLoopback(host)
}
