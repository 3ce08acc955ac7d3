// Package config reads the settings of Flowxi from the environment. Its one rule: a
// setting stands in one place, the struct Config, and everything that speaks of it
// (the reader, the help, the reference page) is derived from its tags.
//
// Load reads and checks all of them, or says of each that is wrong why, in a line. A Config does not
// change once it is loaded, and is passed on by value.
package config

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/ratelimit"
)

// Config is every setting of one node. The tags of a field are all there is to know:
// env is its name, envDefault what holds where it is not set, allowed what may be
// given (for a duration or a number min and max, for a word oneof), doc what it does.
type Config struct {
	Addr        string   `env:"FLOWXI_ADDR" envDefault:"127.0.0.1:8080" allowed:"host:port, such as 127.0.0.1:8080 or :8080" doc:"Address that the server listens on. No host, and 0.0.0.0 too, is every address of the machine, those of IPv6 as well."`
	DataDir     string   `env:"FLOWXI_DATA_DIR" envDefault:"./flowxi-data" allowed:"the path of a folder" doc:"Folder for everything that one server keeps: database, key ring, photos, inbox, counts of limits. Made at the first start, for its owner alone. A second server in the same folder refuses to start."`
	PublicURL   *url.URL `env:"FLOWXI_PUBLIC_URL" envDefault:"http://localhost:8080" allowed:"https://host or http://host, with a port or without, and nothing after it" doc:"Address by which clients reach Flowxi. Where FLOWXI_ADDR is another port of this machine, it is that port's. With https every request must come by TLS; http is for development on this machine."`
	Environment string   `env:"FLOWXI_ENVIRONMENT" envDefault:"production" oneof:"production,sandbox" doc:"Production and sandbox never accept each other's tokens, and a sandbox keeps all mail in its inbox."`

	InsecureHTTP bool `env:"FLOWXI_INSECURE_HTTP" envDefault:"refuse" oneof:"refuse,allow" doc:"DANGEROUS with allow: passwords and tokens then travel in clear over plain HTTP, for everybody on the way to read. For a closed test network only."`

	DatabaseURL account.Secret `env:"FLOWXI_DATABASE_URL" secret:"true" allowed:"postgres://user:password@host:port/name, or postgresql://…, or postgres://user@/name?host=/run/postgresql for a socket of this machine" doc:"PostgreSQL database. Without it the data is in an SQLite file in the data folder."`
	RedisURL    account.Secret `env:"FLOWXI_REDIS_URL" secret:"true" allowed:"redis://user:password@host:port/database, or rediss://… for TLS" doc:"Redis or Valkey, from version 6.2 on, that all servers share: limits and waiting logins. Without it they are in the memory of this server, which then must be the only one."`
	StorageURL  account.Secret `env:"FLOWXI_STORAGE_URL" secret:"true" allowed:"s3://KEYID:SECRET@host:port/bucket?region=…, KEYID:SECRET@ left out where AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have them, and tls=false or style=path|host where needed" doc:"S3 bucket of the photos: AWS, MinIO, B2, R2 or another. Clients read photos from it by presigned addresses, so they must reach its host. Without it photos are files in the data folder."`
	Keys        account.Secret `env:"FLOWXI_KEYS" secret:"true" allowed:"id:key[,id:key…], the first of them active; make one with: flowxi keys new" doc:"Key ring that seals second factors and waiting mail, and signs the URLs of photos. Without it the ring is a file in the data folder. Required with FLOWXI_DATABASE_URL."`

	SMTPURL  account.Secret `env:"FLOWXI_SMTP_URL" secret:"true" allowed:"smtps://user:password@host:port, or smtp://… for STARTTLS" doc:"Mail server. smtp:// to this machine itself speaks without TLS. Without it mail stays in the inbox, which this machine alone may read. Required in production for everything but this machine alone; never used by a sandbox."`
	MailFrom string         `env:"FLOWXI_MAIL_FROM" envDefault:"Flowxi <no-reply@localhost>" allowed:"a mail address, such as Flowxi <no-reply@example.org>" doc:"Sender of all mail."`

	MagicLinkURL    string         `env:"FLOWXI_MAGIC_LINK_URL" allowed:"an https or http address with {token} and {email} in its path, query or fragment, {lang} where the page is to know the language of the mail, and no other name in braces, such as https://app.example.org/register?token={token}&email={email}" doc:"Address that a registration mail links to. Without it: the page /register under FLOWXI_PUBLIC_URL."`
	FrontendOrigins []string       `env:"FLOWXI_FRONTEND_ORIGINS" allowed:"origins with commas between them, such as https://app.example.org,http://localhost:5173" doc:"Web pages of which origins may call the API from a browser (CORS)."`
	Portal          bool           `env:"FLOWXI_PORTAL" envDefault:"on" oneof:"on,off" doc:"The page /account, on which people register, log in and look after their account. Off where your own frontend does all of that."`
	TrustedProxies  []netip.Prefix `env:"FLOWXI_TRUSTED_PROXIES" allowed:"networks with commas between them, such as 10.0.0.0/8,fd00::/8" doc:"Networks of the proxies whose word on a client's address and on TLS is taken. None by default."`
	TLSCert         string         `env:"FLOWXI_TLS_CERT" allowed:"the path of a PEM file, together with FLOWXI_TLS_KEY" doc:"Certificate chain to serve TLS with. Read again when the file changes."`
	TLSKey          string         `env:"FLOWXI_TLS_KEY" allowed:"the path of a PEM file, together with FLOWXI_TLS_CERT" doc:"Private key of the certificate."`

	HSTS string `env:"FLOWXI_HSTS" envDefault:"subdomains" oneof:"subdomains,host" doc:"What browsers are told for a year once they came by TLS: to come by TLS alone to the host of FLOWXI_PUBLIC_URL and to every name under it, or to that host alone. Host is for a name under which something else still needs plain HTTP."`

	OTPTTL       time.Duration `env:"FLOWXI_OTP_TTL" envDefault:"10m" min:"1s" max:"1h" doc:"How long a registration code is good."`
	MagicLinkTTL time.Duration `env:"FLOWXI_MAGIC_LINK_TTL" envDefault:"60m" min:"1s" max:"168h" doc:"How long a registration link is good."`
	ChallengeTTL time.Duration `env:"FLOWXI_CHALLENGE_TTL" envDefault:"5m" min:"1s" max:"1h" doc:"How long a login waits for its second factor."`
	EnrollTTL    time.Duration `env:"FLOWXI_ENROLL_TTL" envDefault:"10m" min:"1s" max:"10m" doc:"How long a new second factor waits to be enabled."`
	AuditTTL     time.Duration `env:"FLOWXI_AUDIT_TTL" envDefault:"9600h" min:"24h" max:"87600h" doc:"How long events of the audit trail are kept."`
	TokenTTL     time.Duration `env:"FLOWXI_TOKEN_TTL" envDefault:"8760h" min:"1s" max:"43800h" doc:"How long a token is good, however busy it is."`
	TokenIdleTTL time.Duration `env:"FLOWXI_TOKEN_IDLE_TTL" envDefault:"720h" min:"1s" max:"43800h" doc:"How long a token is good that nobody uses."`
	PhotoURLTTL  time.Duration `env:"FLOWXI_PHOTO_URL_TTL" envDefault:"1h" min:"1s" max:"168h" doc:"How long the signed address of a photo is good."`

	RateLimits          bool   `env:"FLOWXI_RATE_LIMITS" envDefault:"on" oneof:"on,off" doc:"Off switches every limit off, for tests and benchmarks. Refused in production for everything but this machine alone."`
	RegistrationPrivacy string `env:"FLOWXI_REGISTRATION_PRIVACY" envDefault:"public" oneof:"public,strict" doc:"Strict answers a registration with a known e-mail address as one with an unknown address; the owner gets a mail."`
	LogLevel            string `env:"FLOWXI_LOG_LEVEL" envDefault:"info" oneof:"debug,info,warn,error" doc:"Least level that is logged."`
	LogFormat           string `env:"FLOWXI_LOG_FORMAT" envDefault:"auto" oneof:"auto,json,text" doc:"Auto is text on a terminal and JSON elsewhere."`

	OpsAddr    string        `env:"FLOWXI_OPS_ADDR" allowed:"host:port, such as 127.0.0.1:9090" doc:"Address of the operator's own listener, read as FLOWXI_ADDR is: /livez, /readyz, /metrics and /debug/pprof/, the last for requests to an IP address, to localhost and to this host alone. Plain HTTP and without a password, so it belongs on loopback or on a network of operators alone. Without it there is no such listener."`
	DrainDelay time.Duration `env:"FLOWXI_DRAIN_DELAY" envDefault:"3s" min:"0s" max:"60s" doc:"How long a server that is told to stop goes on taking requests while /readyz says no already, so that proxies hear of it: twice the time between two of their checks is enough. Only where FLOWXI_OPS_ADDR is set."`
	TracesURL  string        `env:"FLOWXI_TRACES_URL" allowed:"http://host:4318 or https://…, an OpenTelemetry collector that takes OTLP by HTTP" doc:"Where traces are sent. Without it none are made."`

	Passwords Passwords
	Limits    Limits
}

// Passwords are the costs of the argon2id hashes that are made from now on.
type Passwords struct {
	MemoryKiB int `env:"FLOWXI_PASSWORD_MEMORY_KIB" envDefault:"19456" min:"7168" max:"1048576" doc:"Memory of one password hash (argon2id), in KiB. A server hashes as many passwords at once as it has processors but one, and one at the least. Give all servers the same costs. A hash of other costs is made anew at the next login of its owner. Raise costs rather than lower them: until then a person with a dearer hash is told from a stranger by the time of a login."`
	Passes    int `env:"FLOWXI_PASSWORD_PASSES" envDefault:"2" min:"1" max:"100" doc:"Passes over that memory. The less memory, the more passes are demanded: 1 from 47104 KiB on, 2 from 19456, 3 from 12288, 4 from 9216 and 5 below (OWASP Password Storage Cheat Sheet). Both multiplied may make 4 GiB."`
	Lanes     int `env:"FLOWXI_PASSWORD_LANES" envDefault:"1" min:"1" max:"16" doc:"Processors that work on one password hash. More of them than one make a single login faster, and a storm of logins no faster."`
}

// Params are the costs as package password takes them. The bounds of the settings are
// within its own.
func (p Passwords) Params() password.Params {
	return password.Params{MemoryKiB: uint32(p.MemoryKiB), Time: uint32(p.Passes), Threads: uint8(p.Lanes)} //nolint:gosec // see above
}

// Limits are the limits of contract section 12.
type Limits struct {
	MailPerEmail         ratelimit.Rates `env:"FLOWXI_LIMIT_MAIL_PER_EMAIL" envDefault:"1/1m,5/1h,10/24h" doc:"Registration mails to one e-mail address."`
	MailPerNetwork       ratelimit.Rates `env:"FLOWXI_LIMIT_MAIL_PER_NETWORK" envDefault:"30/1h" doc:"Requests for registration mails from one network."`
	CodePerEmail         ratelimit.Rates `env:"FLOWXI_LIMIT_CODE_PER_EMAIL" envDefault:"10/10m" doc:"Checks of registration codes for one e-mail address."`
	CodePerNetwork       ratelimit.Rates `env:"FLOWXI_LIMIT_CODE_PER_NETWORK" envDefault:"60/10m" doc:"Checks of registration codes from one network."`
	LoginPerEmailNetwork ratelimit.Rates `env:"FLOWXI_LIMIT_LOGIN_PER_EMAIL_NETWORK" envDefault:"5/1m" doc:"Failed logins for one e-mail address from one network."`
	LoginPerEmail        ratelimit.Rates `env:"FLOWXI_LIMIT_LOGIN_PER_EMAIL" envDefault:"10/10m" doc:"Failed logins for one e-mail address from devices that the person never used."`
	LoginPerNetwork      ratelimit.Rates `env:"FLOWXI_LIMIT_LOGIN_PER_NETWORK" envDefault:"100/10m" doc:"Failed logins from one network."`
	LoginPerDevice       ratelimit.Rates `env:"FLOWXI_LIMIT_LOGIN_PER_DEVICE" envDefault:"5/1m,10/10m" doc:"Failed logins on one device that the person has used before."`
	TwoFAPerPerson       ratelimit.Rates `env:"FLOWXI_LIMIT_TWOFA_PER_PERSON" envDefault:"5/1m,20/1h" doc:"Codes of the second factor for one person."`
	TwoFAPerNetwork      ratelimit.Rates `env:"FLOWXI_LIMIT_TWOFA_PER_NETWORK" envDefault:"100/10m" doc:"Codes of the second factor from one network."`
	PhotoPerPerson       ratelimit.Rates `env:"FLOWXI_LIMIT_PHOTO_PER_PERSON" envDefault:"10/1h" doc:"Photos uploaded by one person."`
	RequestsPerNetwork   ratelimit.Rates `env:"FLOWXI_LIMIT_REQUESTS_PER_NETWORK" envDefault:"600/1m" doc:"Requests of every kind from one network."`
	RequestsPerToken     ratelimit.Rates `env:"FLOWXI_LIMIT_REQUESTS_PER_TOKEN" envDefault:"1200/1m" doc:"Requests of every kind with one token."`

	CodeTries        int `env:"FLOWXI_LIMIT_CODE_TRIES" envDefault:"5" min:"1" max:"10" doc:"Wrong tries that end a registration code."`
	ChallengeTries   int `env:"FLOWXI_LIMIT_CHALLENGE_TRIES" envDefault:"5" min:"1" max:"10" doc:"Wrong codes that end a login waiting for its second factor."`
	DevicesPerPerson int `env:"FLOWXI_LIMIT_DEVICES_PER_PERSON" envDefault:"50" min:"1" max:"1000" doc:"Devices that one person may be logged in on; past that the one longest unused is logged out."`
}

// Sandbox tells whether this is the environment for trying things out.
func (c Config) Sandbox() bool { return c.Environment == "sandbox" }

// TellsSubdomains tells whether browsers are to come by TLS to the names under the public
// one too.
func (c Config) TellsSubdomains() bool { return c.HSTS != "host" }

// StrictPrivacy tells whether a registration hides who has an account already.
func (c Config) StrictPrivacy() bool { return c.RegistrationPrivacy == "strict" }

// Loopback tells whether clients reach Flowxi on this machine only.
func (c Config) Loopback() bool { return IsLoopback(c.PublicURL.Hostname()) }

// SendsMail tells whether mail leaves for the world. Otherwise it goes to the inbox.
func (c Config) SendsMail() bool { return c.SMTPURL != "" && !c.Sandbox() }

// Stateless tells whether everything that must outlive the server is kept elsewhere, so
// that it needs no folder.
func (c Config) Stateless() bool {
	return c.DatabaseURL != "" && c.RedisURL != "" && c.StorageURL != "" && c.SendsMail()
}

// DevInbox tells whether the inbox may be read on a page: where mail stays here and
// nobody but this machine can ask.
func (c Config) DevInbox() bool { return !c.SendsMail() && c.private() }

// private tells whether neither the listener nor the public address leaves this machine.
func (c Config) private() bool {
	host, _, err := net.SplitHostPort(c.Addr)
	return err == nil && IsLoopback(host) && c.Loopback()
}

// IsLoopback tells whether a host, without its port, is this machine: by an address of its
// own, also in the form of IPv6, or by the name localhost.
func IsLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// IsLocalOrigin tells whether an Origin, as browsers send it, is a page of this machine.
func IsLocalOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && IsLoopback(u.Hostname()) && origin == u.Scheme+"://"+u.Host
}

// LongestSealed is how long what is not stored needs the key that it was made with: codes
// and second factors that wait, and signed addresses of photos.
func (c Config) LongestSealed() time.Duration {
	return max(c.OTPTTL, c.ChallengeTTL, c.EnrollTTL, c.PhotoURLTTL)
}
