package client

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options are what a [Client] works with. The zero value is fit for use.
type Options struct {
	HTTPClient *http.Client // nil: one that gives every call a minute
	Locale     string       // language of answers and mails, "fr" or "en"; empty: the server chooses
	Device     DeviceInput  // for every login and registration that names no other
	Tokens     TokenStore   // nil: [MemoryTokens]
	UserAgent  string       // empty: "flowxi-go"; the two steps of a login must have the same

	// Retries is how often a call is made again that the server had no room for, and that
	// can be made again without doing a thing twice: every one after a 429, and of those
	// after a 503 the ones that only read, change or delete. 0: twice; negative: never.
	Retries int

	// MaxWait is the longest Retry-After that a call waits for. Past it the call returns the
	// [*Error] at once, which tells a person how long. 0: five seconds.
	MaxWait time.Duration

	// InsecureHTTP allows plain HTTP to another machine. Passwords and tokens then travel in
	// clear.
	InsecureHTTP bool
}

const (
	usualTimeout = time.Minute
	usualRetries = 2
	usualMaxWait = 5 * time.Second
	usualAgent   = "flowxi-go"
	basePath     = "/api/v1"
)

// Client calls one server, for one person on one device. It is safe for concurrent use.
type Client struct {
	base    string // with the base path
	http    *http.Client
	options Options
}

// New returns a client of the server at baseURL, such as "https://id.example.org". A path
// there is kept in front of the API's own. Plain HTTP is for servers on this machine.
func New(baseURL string, o Options) (*Client, error) {
	base, err := parseBase(baseURL, o.InsecureHTTP)
	if err != nil {
		return nil, err
	}
	if o.Tokens == nil {
		o.Tokens = new(MemoryTokens)
	}
	o.UserAgent = cmp.Or(o.UserAgent, usualAgent)
	o.Retries = max(0, cmp.Or(o.Retries, usualRetries))
	o.MaxWait = cmp.Or(o.MaxWait, usualMaxWait)
	return &Client{base: base, http: staysAtHome(o.HTTPClient), options: o}, nil
}

// WithToken returns a client that calls on behalf of whoever holds that token, and keeps it
// in memory: for a program that serves many people. With an empty token it is nobody's.
func (c *Client) WithToken(token Secret) *Client {
	other := *c
	other.options.Tokens = &MemoryTokens{token: seal(token)}
	return &other
}

// WithLocale returns a client that speaks another language and shares all else.
func (c *Client) WithLocale(locale string) *Client {
	other := *c
	other.options.Locale = locale
	return &other
}

// String names the server.
func (c *Client) String() string { return "client of " + c.base }

// NewDeviceID returns a new name for a device. Keep it for as long as the app is installed:
// whoever logs in again on a device by another name has one device more.
func NewDeviceID() string { return rand.Text() }

// parseBase tells nothing of what it refuses, which may hold a password.
func parseBase(text string, insecure bool) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("flowxi: the address of the server is no URL such as https://id.example.org")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "", errors.New("flowxi: the address of the server has more than a host and a path")
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return "", fmt.Errorf("flowxi: plain HTTP to %s would send passwords and tokens in clear: use https", u.Hostname())
	}
	return strings.TrimSuffix(strings.TrimRight(u.String(), "/"), basePath) + basePath, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// staysAtHome returns a client that follows no redirect: the API gives none, and whoever
// gives one must not get the token, or the password of a login, for another address.
func staysAtHome(given *http.Client) *http.Client {
	made := http.Client{Timeout: usualTimeout}
	if given != nil {
		made = *given
	}
	made.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &made
}
