package config_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/ratelimit"
)

func load(t *testing.T, environ ...string) config.Config {
	t.Helper()
	c, err := config.Load(environ)
	if err != nil {
		t.Fatalf("Load(%q): %v", environ, err)
	}
	return c
}

func TestWithoutSettingsItRunsOnThisMachine(t *testing.T) {
	t.Parallel()
	c := load(t, "PATH=/bin", "HOME=/root", "FLOWXIX=1")
	if c.Addr != "127.0.0.1:8080" || c.PublicURL.String() != "http://localhost:8080" || c.DataDir != "./flowxi-data" {
		t.Errorf("it listens on %s, is reached by %s and keeps its data in %s", c.Addr, c.PublicURL, c.DataDir)
	}
	if c.Sandbox() || c.StrictPrivacy() || !c.RateLimits || c.InsecureHTTP || !c.Loopback() || !c.DevInbox() || c.SendsMail() {
		t.Errorf("the switches stand wrong: %+v", c)
	}
	if want := "http://localhost:8080/register?token={token}&email={email}&lang={lang}"; c.MagicLinkURL != want {
		t.Errorf("the magic link is %s, want %s", c.MagicLinkURL, want)
	}
	if c.OTPTTL != 10*time.Minute || c.MagicLinkTTL != time.Hour || c.TokenTTL != 365*24*time.Hour || c.TokenIdleTTL != 30*24*time.Hour {
		t.Errorf("the times to live are wrong: %+v", c)
	}
	if w := c.Warnings(); len(w) > 0 {
		t.Errorf("it warns of %q", w)
	}
}

func TestTheLimitsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	m, h := time.Minute, time.Hour
	want := config.Limits{
		MailPerEmail:         ratelimit.Rates{{Limit: 1, Per: m}, {Limit: 5, Per: h}, {Limit: 10, Per: 24 * h}},
		MailPerNetwork:       ratelimit.Rates{{Limit: 30, Per: h}},
		CodePerEmail:         ratelimit.Rates{{Limit: 10, Per: 10 * m}},
		CodePerNetwork:       ratelimit.Rates{{Limit: 60, Per: 10 * m}},
		LoginPerEmailNetwork: ratelimit.Rates{{Limit: 5, Per: m}},
		LoginPerEmail:        ratelimit.Rates{{Limit: 10, Per: 10 * m}},
		LoginPerNetwork:      ratelimit.Rates{{Limit: 100, Per: 10 * m}},
		LoginPerDevice:       ratelimit.Rates{{Limit: 5, Per: m}, {Limit: 10, Per: 10 * m}},
		TwoFAPerPerson:       ratelimit.Rates{{Limit: 5, Per: m}, {Limit: 20, Per: h}},
		TwoFAPerNetwork:      ratelimit.Rates{{Limit: 100, Per: 10 * m}},
		PhotoPerPerson:       ratelimit.Rates{{Limit: 10, Per: h}},
		RequestsPerNetwork:   ratelimit.Rates{{Limit: 600, Per: m}},
		RequestsPerToken:     ratelimit.Rates{{Limit: 1200, Per: m}},
		CodeTries:            5,
		ChallengeTries:       5,
		DevicesPerPerson:     50,
	}
	if diff := cmp.Diff(want, load(t).Limits); diff != "" {
		t.Error(diff)
	}
}

func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()
	c := load(t,
		"FLOWXI_ADDR=[::]:443", "FLOWXI_DATA_DIR=/var/lib/flowxi", "FLOWXI_PUBLIC_URL=https://Auth.Example.org/",
		"FLOWXI_DATABASE_URL=postgres:///flowxi?host=/run", "FLOWXI_KEYS=a:b", "FLOWXI_SMTP_URL=smtps://u:p@mail.example.org",
		"FLOWXI_MAIL_FROM=no-reply@example.org", "FLOWXI_MAGIC_LINK_URL=https://app.example.org/register/{email}#{token}",
		"FLOWXI_FRONTEND_ORIGINS=https://App.example.org, capacitor://localhost", "FLOWXI_TRUSTED_PROXIES=10.1.2.3/8, ::1",
		"FLOWXI_OTP_TTL=90s", "FLOWXI_REGISTRATION_PRIVACY=strict", "FLOWXI_LOG_LEVEL=debug", "FLOWXI_LOG_FORMAT=json",
		"FLOWXI_LIMIT_CODE_TRIES=3", "FLOWXI_LIMIT_MAIL_PER_EMAIL=2/1m", "FLOWXI_LOG_LEVEL=", "FLOWXI_LOG_LEVEL=warn",
	)
	if c.PublicURL.String() != "https://auth.example.org" || c.Loopback() || c.DevInbox() || !c.SendsMail() || !c.StrictPrivacy() {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff([]string{"https://app.example.org", "capacitor://localhost"}, c.FrontendOrigins); diff != "" {
		t.Error(diff)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	if diff := cmp.Diff(proxies, c.TrustedProxies, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if c.OTPTTL != 90*time.Second || c.LogLevel != "warn" || c.Limits.CodeTries != 3 || c.Limits.MailPerEmail.String() != "2/1m" {
		t.Errorf("%+v", c)
	}
}

// The choices of OWASP for argon2id, and what is stronger than one of them.
func TestStrongCostsOfPasswordsAreTaken(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(password.Params{MemoryKiB: 19456, Time: 2, Threads: 1}, load(t).Passwords.Params()); diff != "" {
		t.Errorf("the default: %s", diff)
	}
	for _, p := range []password.Params{
		{MemoryKiB: 47104, Time: 1, Threads: 1}, {MemoryKiB: 12288, Time: 3, Threads: 1}, {MemoryKiB: 9216, Time: 4, Threads: 1},
		{MemoryKiB: 7168, Time: 5, Threads: 1}, {MemoryKiB: 65536, Time: 3, Threads: 4}, {MemoryKiB: 1048576, Time: 4, Threads: 16},
	} {
		c := load(t, fmt.Sprintf("FLOWXI_PASSWORD_MEMORY_KIB=%d", p.MemoryKiB), fmt.Sprintf("FLOWXI_PASSWORD_PASSES=%d", p.Time),
			fmt.Sprintf("FLOWXI_PASSWORD_LANES=%d", p.Threads))
		if diff := cmp.Diff(p, c.Passwords.Params()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestASandboxSendsNoMail(t *testing.T) {
	t.Parallel()
	c := load(t, "FLOWXI_ENVIRONMENT=sandbox", "FLOWXI_ADDR=:8080", "FLOWXI_PUBLIC_URL=https://sandbox.example.org",
		"FLOWXI_TRUSTED_PROXIES=10.0.0.0/8", "FLOWXI_SMTP_URL=smtp://mail.example.org", "FLOWXI_RATE_LIMITS=off", "FLOWXI_LIMIT_CODE_PER_EMAIL=off")
	if !c.Sandbox() || c.SendsMail() || c.DevInbox() || c.RateLimits {
		t.Errorf("%+v", c)
	}
	if w := c.Warnings(); len(w) != 2 {
		t.Errorf("it warns of %q, want the limits and the mail server", w)
	}
}

func TestTheInboxPageIsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environ []string
		want    bool
	}{
		{[]string{"FLOWXI_ADDR=127.0.0.5:0", "FLOWXI_PUBLIC_URL=http://[::1]:9000"}, true},
		{[]string{"FLOWXI_ADDR=localhost:80", "FLOWXI_ENVIRONMENT=sandbox"}, true},
		{[]string{"FLOWXI_SMTP_URL=smtp://localhost:2525"}, false},
		{[]string{"FLOWXI_PUBLIC_URL=https://a.example.org", "FLOWXI_ENVIRONMENT=sandbox"}, false},
		{[]string{"FLOWXI_ADDR=:8080", "FLOWXI_INSECURE_HTTP=allow", "FLOWXI_ENVIRONMENT=sandbox"}, false},
	} {
		if got := load(t, c.environ...).DevInbox(); got != c.want {
			t.Errorf("with %q the inbox page is there: %v", c.environ, got)
		}
	}
}

func TestWhatIsAllowedButDangerousIsSaid(t *testing.T) {
	t.Parallel()
	for name, environ := range map[string][]string{
		"IN CLEAR":         {"FLOWXI_INSECURE_HTTP=allow"},
		"EVERY LIMIT":      {"FLOWXI_RATE_LIMITS=off"},
		"one node":         {"FLOWXI_DATABASE_URL=postgres://localhost/d", "FLOWXI_KEYS=k"},
		"HTTPS_REQUIRED":   {"FLOWXI_PUBLIC_URL=https://localhost"},
		"FLOWXI_OPS_ADDR":  {"FLOWXI_OPS_ADDR=0.0.0.0:9090"},
		"FLOWXI_MAIL_FROM": {"FLOWXI_PUBLIC_URL=https://a.example.org", "FLOWXI_TRUSTED_PROXIES=::1", "FLOWXI_SMTP_URL=smtp://h"},
	} {
		if w := load(t, environ...).Warnings(); len(w) != 1 || !strings.Contains(w[0], name) {
			t.Errorf("with %q it warns of %q, want %s", environ, w, name)
		}
	}
}

func TestADatabaseThatCouldBeAnybodyIsNamed(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"postgres://u:p4ss@db/d?sslmode=require":                          true,
		"postgres:///d?host=127.0.0.1,db&sslmode=require":                 true,
		"postgres://u:p4ss@127.0.0.1/d?sslmode=require":                   false,
		"postgres://u:p4ss@db/d?sslmode=require&sslrootcert=/etc/ssl/our": false,
		"postgres://u:p4ss@db/d?sslmode=verify-full":                      false,
		"postgres://u:p4ss@db/d":                                          false, // in clear, which is said
	} {
		said := strings.Join(load(t, "FLOWXI_KEYS=k", "FLOWXI_DATABASE_URL="+url).Warnings(), "\n")
		if strings.Contains(said, "CAN BE THE DATABASE") != want || strings.Contains(said, "p4ss") {
			t.Errorf("%s: it warns of %q", url, said)
		}
	}
}

func TestServersThatAreSpokenToInClearAreNamed(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]bool{
		"FLOWXI_DATABASE_URL=postgres://u:p4ss@db/d":                        true,
		"FLOWXI_DATABASE_URL=postgres://u:p4ss@db/d?sslmode=disable":        true,
		"FLOWXI_DATABASE_URL=postgres://u:p4ss@db/d?sslmode=allow":          true,
		"FLOWXI_DATABASE_URL=postgresql://u:p4ss@10.0.0.1/d?sslmode=prefer": true,
		"FLOWXI_DATABASE_URL=postgres:///d?host=127.0.0.1,db":               true,
		"FLOWXI_DATABASE_URL=postgres://u:p4ss@db/d?sslmode=require":        false,
		"FLOWXI_DATABASE_URL=postgres://u:p4ss@db/d?sslmode=verify-full":    false,
		"FLOWXI_DATABASE_URL=postgres://u:p4ss@127.0.0.1/d":                 false,
		"FLOWXI_DATABASE_URL=postgres:///d?host=/var/run/postgresql":        false,
		"FLOWXI_REDIS_URL=redis://u:p4ss@cache:6379/1":                      true,
		"FLOWXI_REDIS_URL=rediss://u:p4ss@cache:6379/1":                     false,
		"FLOWXI_REDIS_URL=redis://[::1]:6379/1":                             false,
		"FLOWXI_STORAGE_URL=s3://id:p4s/s@x#@s3.test/bucket?tls=false":      true,
		"FLOWXI_STORAGE_URL=s3://id:p4s/s@x#@s3.test/bucket":                false,
		"FLOWXI_STORAGE_URL=s3://id:p4ss@localhost:9/bucket?tls=false":      false,
		"FLOWXI_TRACES_URL=http://u:p4ss@collector:4318":                    true,
		"FLOWXI_TRACES_URL=https://u:p4ss@collector:4318":                   false,
		"FLOWXI_TRACES_URL=http://localhost:4318":                           false,
		"FLOWXI_OPS_ADDR=127.0.0.1:9090":                                    false,
	} {
		name, _, _ := strings.Cut(given, "=")
		said := strings.Join(load(t, given, "FLOWXI_KEYS=k").Warnings(), "\n")
		if got := strings.Contains(said, "IN CLEAR"); got != want || got && !strings.Contains(said, name) {
			t.Errorf("with %s it warns of %q", given, said)
		}
		if strings.Contains(said, "p4s") {
			t.Errorf("with %s it tells the secret", given)
		}
	}
}

func TestTheTableTellsEverything(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range config.Table() {
		if seen[s.Name] || !strings.HasPrefix(s.Name, "FLOWXI_") || s.Allowed == "" || s.Doc == "" {
			t.Errorf("%+v stands there twice or lacks something", s)
		}
		seen[s.Name] = true
	}
	for _, name := range []string{"FLOWXI_ADDR", "FLOWXI_LOG_FORMAT", "FLOWXI_LIMIT_MAIL_PER_EMAIL", "FLOWXI_LIMIT_DEVICES_PER_PERSON"} {
		if !seen[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
}

func TestEveryDefaultIsAllowed(t *testing.T) {
	t.Parallel()
	for _, s := range config.Table() {
		if _, err := config.Load([]string{s.Name + "=" + s.Default}); err != nil {
			t.Errorf("the default of %s: %v", s.Name, err)
		}
	}
}

func TestThePublicURLFollowsThePortOfThisMachine(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:9000": "http://localhost:9000",
		"localhost:81":   "http://localhost:81",
		"[::1]:8443":     "http://localhost:8443",
		"127.0.0.1:0":    "http://localhost:8080",
	} {
		c, err := config.Load([]string{"FLOWXI_ADDR=" + addr})
		if err != nil || c.PublicURL.String() != want {
			t.Errorf("on %s the public URL is %v, %v; want %s", addr, c.PublicURL, err, want)
		}
	}
}
