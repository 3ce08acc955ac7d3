package config_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/config"
)

// FuzzAddresses holds the settings that name others, which let them in, to one spelling:
// what is accepted is accepted again as it is written, and as the same.
func FuzzAddresses(f *testing.F) {
	f.Add("https://App.Example.org,capacitor://localhost", "10.0.0.7/8,::1,192.0.2.1", "https://api.example.org/")
	f.Add("https://*.example.org", "0.0.0.0/0", "https://joe:hunter2@a.example.org")
	f.Add("null", "::ffff:10.0.0.1/104", "HTTP://LOCALHOST:080")
	f.Add("https://a.example.org/,https://[::1]:8443", "fe80::1%eth0", "https://a.example.org?x")
	f.Add("https://a.example.org\thttps://b.example.org", "10.1.2.3/33", "https://a%2fb.example.org")
	f.Fuzz(func(t *testing.T, origins, proxies, public string) {
		c, err := loadAddresses(origins, proxies, public)
		if err != nil {
			if !eachOneLine(err) || strings.Contains(err.Error(), "hunter2") && strings.Contains(public, ":hunter2@") {
				t.Errorf("it says %q", err)
			}
			return
		}
		var networks []string
		for _, p := range c.TrustedProxies {
			if p.Bits() == 0 || p != p.Masked() || p.Addr().Zone() != "" {
				t.Errorf("%q trusts %s", proxies, p)
			}
			networks = append(networks, p.String())
		}
		for _, o := range c.FrontendOrigins {
			if strings.ContainsAny(o, "* \t\r\n,") || strings.Count(o, "/") != 2 || strings.Contains(o, "@") {
				t.Errorf("%q lets %q in", origins, o)
			}
		}
		if u := c.PublicURL; u.User != nil || u.Path != "" || u.RawQuery != "" || u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("%q is the public address %q", public, u)
		}
		again, err := loadAddresses(strings.Join(c.FrontendOrigins, ","), strings.Join(networks, ","), c.PublicURL.String())
		if err != nil {
			t.Fatalf("%q, %q, %q is not accepted again: %v", c.FrontendOrigins, networks, c.PublicURL, err)
		}
		if !slices.Equal(again.FrontendOrigins, c.FrontendOrigins) || *again.PublicURL != *c.PublicURL ||
			!slices.EqualFunc(again.TrustedProxies, c.TrustedProxies, func(a, b netip.Prefix) bool { return a == b }) {
			t.Errorf("%q became %q, %q became %v, %v became %v", c.FrontendOrigins, again.FrontendOrigins, c.TrustedProxies, again.TrustedProxies, c.PublicURL, again.PublicURL)
		}
	})
}

func loadAddresses(origins, proxies, public string) (config.Config, error) {
	return config.Load([]string{"FLOWXI_FRONTEND_ORIGINS=" + origins, "FLOWXI_TRUSTED_PROXIES=" + proxies, "FLOWXI_PUBLIC_URL=" + public})
}
