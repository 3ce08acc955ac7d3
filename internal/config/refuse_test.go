package config_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/config"
)

func TestAWrongSettingIsOneLineThatHelps(t *testing.T) {
	t.Parallel()
	const https = "FLOWXI_PUBLIC_URL=https://a.example.org"
	for _, c := range []struct {
		environ []string
		want    string // how the line begins
	}{
		{[]string{"FLOWXI_OTP_TTL=5 minutes"}, `FLOWXI_OTP_TTL is "5 minutes"; allowed: a duration from 1s to 1h, such as 10m`},
		{[]string{"FLOWXI_OTP_TTL=0s"}, `FLOWXI_OTP_TTL is "0s"; allowed: a duration from 1s`},
		{[]string{"FLOWXI_ENROLL_TTL=11m"}, `FLOWXI_ENROLL_TTL is "11m"; allowed: a duration from 1s to 10m`},
		{[]string{"FLOWXI_LIMIT_CODE_TRIES=0"}, `FLOWXI_LIMIT_CODE_TRIES is "0"; allowed: a number from 1 to 10`},
		{[]string{"FLOWXI_LIMIT_CODE_TRIES=many"}, `FLOWXI_LIMIT_CODE_TRIES is "many"; allowed: a number`},
		{[]string{"FLOWXI_LIMIT_MAIL_PER_EMAIL=5"}, `FLOWXI_LIMIT_MAIL_PER_EMAIL is "5"; allowed: rates such as 5/1m`},
		{[]string{"FLOWXI_ENVIRONMENT=prod"}, `FLOWXI_ENVIRONMENT is "prod"; allowed: production or sandbox`},
		{[]string{"FLOWXI_RATE_LIMITS=false"}, `FLOWXI_RATE_LIMITS is "false"; allowed: on or off`},
		{[]string{"FLOWXI_ADDR=8080"}, `FLOWXI_ADDR is "8080"; allowed: host:port`},
		{[]string{"FLOWXI_ADDR=localhost:99999"}, `FLOWXI_ADDR is "localhost:99999"; allowed: host:port`},
		{[]string{"FLOWXI_DATA_DIR=a\x00b"}, `FLOWXI_DATA_DIR is "a\x00b"; allowed: the path`},
		{[]string{"FLOWXI_PUBLIC_URL=localhost:8080"}, `FLOWXI_PUBLIC_URL is "localhost:8080"; allowed: https://host`},
		{[]string{"FLOWXI_PUBLIC_URL=https://a.example.org/api"}, `FLOWXI_PUBLIC_URL is "https://a.example.org/api"; allowed`},
		{[]string{"FLOWXI_PUBLIC_URL=https://a.example.org?x"}, `FLOWXI_PUBLIC_URL is`},
		{[]string{"FLOWXI_PUBLIC_URL=https://joe:hunter2@a.example.org"}, `FLOWXI_PUBLIC_URL is "[secret]@a.example.org"; allowed`},
		{[]string{"FLOWXI_PUBLIC_URL=http://a.example.org"}, `FLOWXI_PUBLIC_URL is "http://a.example.org"; allowed: https://`},
		{[]string{"FLOWXI_ADDR=:8080"}, `FLOWXI_ADDR is ":8080"; allowed: a loopback address`},
		{[]string{"FLOWXI_ADDR=192.0.2.1:80"}, `FLOWXI_ADDR is "192.0.2.1:80"; allowed: a loopback address`},
		{[]string{"FLOWXI_TLS_CERT=c.pem", "FLOWXI_PUBLIC_URL=https://localhost"}, `FLOWXI_TLS_KEY is not set; required together with FLOWXI_TLS_CERT`},
		{[]string{"FLOWXI_TLS_KEY=k.pem"}, `FLOWXI_TLS_CERT is not set; required together with FLOWXI_TLS_KEY`},
		{[]string{"FLOWXI_TLS_KEY=k.pem", "FLOWXI_TLS_CERT=c.pem"}, `FLOWXI_PUBLIC_URL is "http://localhost:8080"; allowed: https`},
		{[]string{"FLOWXI_DATABASE_URL=mysql://joe:hunter2@h/d"}, `FLOWXI_DATABASE_URL is [secret]; allowed: postgres://`},
		{[]string{"FLOWXI_DATABASE_URL=postgres://joe:hunter2@h/d"}, `FLOWXI_KEYS is not set; required with FLOWXI_DATABASE_URL`},
		{[]string{"FLOWXI_REDIS_URL=http://joe:hunter2@h"}, `FLOWXI_REDIS_URL is [secret]; allowed: redis://`},
		{[]string{"FLOWXI_REDIS_URL=redis://"}, `FLOWXI_REDIS_URL is [secret]; allowed: redis://`},
		{[]string{"FLOWXI_STORAGE_URL=https://key:hunter2@h/b"}, `FLOWXI_STORAGE_URL is [secret]; allowed: s3://`},
		{[]string{"FLOWXI_OPS_ADDR=9090"}, `FLOWXI_OPS_ADDR is "9090"; allowed: host:port`},
		{[]string{"FLOWXI_OPS_ADDR=127.0.0.1:8080"}, `FLOWXI_OPS_ADDR is "127.0.0.1:8080"; allowed: an address that is not that of FLOWXI_ADDR`},
		{[]string{"FLOWXI_TRACES_URL=collector:4318"}, `FLOWXI_TRACES_URL is "collector:4318"; allowed: http://`},
		{[]string{"FLOWXI_SMTP_URL=http://joe:hunter2@h"}, `FLOWXI_SMTP_URL is [secret]; allowed: smtps://`},
		{[]string{"FLOWXI_SMTP_URL=smtp://"}, `FLOWXI_SMTP_URL is [secret]; allowed: smtps://`},
		{[]string{https}, `FLOWXI_SMTP_URL is not set; required in production`},
		{[]string{"FLOWXI_INSECURE_HTTP=allow", "FLOWXI_ADDR=:80"}, `FLOWXI_SMTP_URL is not set; required in production`},
		{[]string{"FLOWXI_MAIL_FROM=nobody"}, `FLOWXI_MAIL_FROM is "nobody"; allowed: a mail address`},
		{[]string{"FLOWXI_MAGIC_LINK_URL=https://a.example.org/?t={token}"}, `FLOWXI_MAGIC_LINK_URL is`},
		{[]string{"FLOWXI_MAGIC_LINK_URL=https://{token}.example.org/{email}"}, `FLOWXI_MAGIC_LINK_URL is`},
		{[]string{"FLOWXI_MAGIC_LINK_URL=javascript:alert('{token}{email}')"}, `FLOWXI_MAGIC_LINK_URL is`},
		{[]string{"FLOWXI_MAGIC_LINK_URL=DATA:text/html,{token}{email}"}, `FLOWXI_MAGIC_LINK_URL is`},
		{[]string{"FLOWXI_MAGIC_LINK_URL=https://a.example.org/{token}/{email}?x={foo}"}, `FLOWXI_MAGIC_LINK_URL is`},
		{[]string{"FLOWXI_MAGIC_LINK_URL=https://a.example.org/{token}/{email}?lang={LANG}"}, `FLOWXI_MAGIC_LINK_URL is`},
		{[]string{"FLOWXI_MAGIC_LINK_URL=/register/{token}/{email}"}, `FLOWXI_MAGIC_LINK_URL is`},
		{[]string{"FLOWXI_MAGIC_LINK_URL=http://a.example.org/{token}/{email}"}, `FLOWXI_MAGIC_LINK_URL is "http://a.example.org/{token}/{email}"; allowed: https`},
		{[]string{"FLOWXI_FRONTEND_ORIGINS=*"}, `FLOWXI_FRONTEND_ORIGINS is "*"; allowed: origins`},
		{[]string{"FLOWXI_FRONTEND_ORIGINS=https://*.example.org"}, `FLOWXI_FRONTEND_ORIGINS is`},
		{[]string{"FLOWXI_FRONTEND_ORIGINS=https://a.example.org/"}, `FLOWXI_FRONTEND_ORIGINS is`},
		{[]string{"FLOWXI_FRONTEND_ORIGINS=https://a.example.org,"}, `FLOWXI_FRONTEND_ORIGINS is`},
		{[]string{"FLOWXI_TRUSTED_PROXIES=10.0.0.0/40"}, `FLOWXI_TRUSTED_PROXIES is "10.0.0.0/40"; allowed: networks`},
		{[]string{"FLOWXI_TRUSTED_PROXIES=0.0.0.0/1,128.0.0.0/1"}, `FLOWXI_TRUSTED_PROXIES is "0.0.0.0/1,128.0.0.0/1"; allowed: networks`},
		{[]string{"FLOWXI_TRUSTED_PROXIES=2000::/3"}, `FLOWXI_TRUSTED_PROXIES is "2000::/3"; allowed: networks`},
		{[]string{"FLOWXI_TRUSTED_PROXIES=::ffff:0:0/96"}, `FLOWXI_TRUSTED_PROXIES is "::ffff:0:0/96"; allowed: networks`},
		{[]string{"FLOWXI_TRUSTED_PROXIES=0.0.0.0/0"}, `FLOWXI_TRUSTED_PROXIES is "0.0.0.0/0"; allowed: networks`},
		{[]string{"FLOWXI_RATE_LIMITS=off", https, "FLOWXI_SMTP_URL=smtp://h"}, `FLOWXI_RATE_LIMITS is "off"; allowed: on`},
		{[]string{"FLOWXI_RATE_LIMITS=off", "FLOWXI_ADDR=:8080", "FLOWXI_PUBLIC_URL=https://localhost", "FLOWXI_SMTP_URL=smtp://h"}, `FLOWXI_RATE_LIMITS is "off"; allowed: on`},
		{[]string{"FLOWXI_LIMIT_LOGIN_PER_EMAIL=off", https, "FLOWXI_SMTP_URL=smtp://h"}, `FLOWXI_LIMIT_LOGIN_PER_EMAIL is "off"; allowed: rates such as 10/10m`},
		{[]string{"FLOWXI_PASSWORD_MEMORY_KIB=7167"}, `FLOWXI_PASSWORD_MEMORY_KIB is "7167"; allowed: a number from 7168 to 1048576`},
		{[]string{"FLOWXI_PASSWORD_PASSES=1"}, `FLOWXI_PASSWORD_PASSES is "1"; allowed: a number from 2 to 100, since FLOWXI_PASSWORD_MEMORY_KIB is 19456`},
		{[]string{"FLOWXI_PASSWORD_MEMORY_KIB=19455"}, `FLOWXI_PASSWORD_PASSES is "2"; allowed: a number from 3 to 100, since FLOWXI_PASSWORD_MEMORY_KIB is 19455`},
		{[]string{"FLOWXI_PASSWORD_MEMORY_KIB=1048576", "FLOWXI_PASSWORD_PASSES=5"}, `FLOWXI_PASSWORD_PASSES is "5"; allowed: a number from 1 to 4`},
		{[]string{"FLOWXI_PASSWORD_LANES=17"}, `FLOWXI_PASSWORD_LANES is "17"; allowed: a number from 1 to 16`},
		{[]string{"FLOWXI_PASSWORD_LANES=0"}, `FLOWXI_PASSWORD_LANES is "0"; allowed: a number from 1 to 16`},
		{[]string{"FLOWXI_addr=:1"}, `FLOWXI_addr is not a setting; did you mean FLOWXI_ADDR?`},
		{[]string{"FLOWXI_QQQQ=1"}, `FLOWXI_QQQQ is not a setting; flowxi serve --help`},
		{[]string{"FLOWXI_ADR=:1"}, `FLOWXI_ADR is not a setting; did you mean FLOWXI_ADDR?`},
		{[]string{"FLOWXI_OTP_TLL=1m"}, `FLOWXI_OTP_TLL is not a setting; did you mean FLOWXI_OTP_TTL?`},
		{[]string{"FLOWXI_SMTP=smtp://a"}, `FLOWXI_SMTP is not a setting; did you mean FLOWXI_SMTP_URL?`},
		{[]string{"FLOWXI_SOMETHING_ELSE=hunter2"}, `FLOWXI_SOMETHING_ELSE is not a setting; flowxi serve --help`},
		{[]string{"FLOWXI_\n=1"}, `FLOWXI_\n is not a setting`},
	} {
		_, err := config.Load(c.environ)
		if err == nil {
			t.Errorf("%q was accepted", c.environ)
			continue
		}
		if got := err.Error(); !strings.HasPrefix(got, c.want) || strings.Contains(got, "hunter2") || !eachOneLine(err) {
			t.Errorf("%q:\n got %s\nwant %s", c.environ, got, c.want)
		}
	}
}

// eachOneLine tells whether an error says which settings are wrong, in a line for each.
func eachOneLine(err error) bool {
	all := config.Wrong(err)
	return len(all) > 0 && !slices.ContainsFunc(all, func(wrong *config.Error) bool { return strings.ContainsAny(wrong.Error(), "\n\r\x00") })
}

func TestAllWrongSettingsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{
		"FLOWXI_PASSWORD_PASSES=1", "FLOWXI_LOG_LEVEL=loud", "FLOWXI_OTP_TLL=5m", "FLOWXI_KEYZ=hunter2", "FLOWXI_OTP_TTL=soon", "FLOWXI_LIMIT_CODE_TRIES=0",
		"FLOWXI_SMTP_URL=http://joe:hunter2@h", "FLOWXI_DATABASE_URL=mysql://joe:hunter2@h/d", "FLOWXI_ADDR=8080", "FLOWXI_TRUSTED_PROXIES=10.0.0.0/40",
		"FLOWXI_TLS_KEY=k.pem",
	})
	want := []string{
		`FLOWXI_KEYZ is not a setting; did you mean FLOWXI_KEYS?`,
		`FLOWXI_OTP_TLL is not a setting; did you mean FLOWXI_OTP_TTL?`,
		`FLOWXI_ADDR is "8080"; allowed: host:port, such as 127.0.0.1:8080 or :8080`,
		`FLOWXI_DATABASE_URL is [secret]; allowed: postgres://user:password@host:port/name, or postgresql://…, or postgres://user@/name?host=/run/postgresql for a socket of this machine`,
		`FLOWXI_SMTP_URL is [secret]; allowed: smtps://user:password@host:port, or smtp://… for STARTTLS`,
		`FLOWXI_TRUSTED_PROXIES is "10.0.0.0/40"; allowed: networks with commas between them, such as 10.0.0.0/8,fd00::/8`,
		`FLOWXI_TLS_CERT is not set; required together with FLOWXI_TLS_KEY`,
		`FLOWXI_OTP_TTL is "soon"; allowed: a duration from 1s to 1h, such as 10m`,
		`FLOWXI_LOG_LEVEL is "loud"; allowed: debug or info or warn or error`,
		`FLOWXI_PASSWORD_PASSES is "1"; allowed: a number from 2 to 100, since FLOWXI_PASSWORD_MEMORY_KIB is 19456`,
		`FLOWXI_LIMIT_CODE_TRIES is "0"; allowed: a number from 1 to 10`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
	if wrong, is := errors.AsType[*config.Error](err); !is || wrong.Name != "FLOWXI_KEYZ" {
		t.Errorf("the first is %v", wrong)
	}
}

// Whoever mends one setting is not told of another that is wrong only for its sake.
func TestWhatFollowsFromAWrongSettingIsNotTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ environ, want []string }{
		{[]string{"FLOWXI_ADDR=8080"}, []string{"FLOWXI_ADDR"}},
		{[]string{"FLOWXI_PUBLIC_URL=a.example.org", "FLOWXI_ADDR=:8080"}, []string{"FLOWXI_PUBLIC_URL"}},
		{[]string{"FLOWXI_PUBLIC_URL=a.example.org", "FLOWXI_TLS_CERT=c.pem", "FLOWXI_TLS_KEY=k.pem"}, []string{"FLOWXI_PUBLIC_URL"}},
		{[]string{"FLOWXI_PUBLIC_URL=https://a.example.org", "FLOWXI_SMTP=smtp://h"}, []string{"FLOWXI_SMTP"}},
		{[]string{"FLOWXI_PUBLIC_URL=https://a.example.org", "FLOWXI_ENV=sandbox", "FLOWXI_RATE_LIMITS=off"}, []string{"FLOWXI_ENV"}},
		{[]string{"FLOWXI_DATABASE_URL=postgres://h/d", "FLOWXI_KEY=a:b"}, []string{"FLOWXI_KEY"}},
		{[]string{"FLOWXI_PASSWORD_MEMORY_KIB=1", "FLOWXI_PASSWORD_PASSES=1"}, []string{"FLOWXI_PASSWORD_MEMORY_KIB"}},
		{[]string{"FLOWXI_ADDR=:443", "FLOWXI_TLS_CERT=c.pem", "FLOWXI_TLS_KEY=k.pem"}, []string{"FLOWXI_PUBLIC_URL", "FLOWXI_SMTP_URL"}},
		// and this holds whatever becomes of the other
		{[]string{"FLOWXI_ADDR=:8080"}, []string{"FLOWXI_ADDR", "FLOWXI_SMTP_URL"}},
		{[]string{"FLOWXI_DATABASE_URL=mysql://h/d"}, []string{"FLOWXI_DATABASE_URL", "FLOWXI_KEYS"}},
	} {
		_, err := config.Load(c.environ)
		var got []string
		for _, wrong := range config.Wrong(err) {
			got = append(got, wrong.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.environ, diff)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range config.Table() {
		f.Add(s.Name, s.Default)
		f.Add(s.Name, "postgres://user:pass@host/,{token}{email}\n")
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		c, err := config.Load([]string{name + "=" + value})
		if err == nil {
			if c.PublicURL == nil || c.MagicLinkURL == "" || c.OTPTTL <= 0 {
				t.Errorf("%q=%q gives %+v", name, value, c)
			}
			return
		}
		if !eachOneLine(err) {
			t.Errorf("%q=%q: an error of type %T: %q", name, value, err, err)
		}
	})
}
