package mock

import (
	"encoding/base64"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"flowxi.app/flowxi/internal/config"
)

// taken are the settings that a mock takes. Every other is one of a server with people
// behind it, or one that a mock sets itself.
var taken = []string{"FLOWXI_MAGIC_LINK_URL", "FLOWXI_REGISTRATION_PRIVACY", "FLOWXI_LOG_LEVEL", "FLOWXI_LOG_FORMAT"}

const sandbox = "FLOWXI_ENVIRONMENT=sandbox"

// settings are those of the node. What is counted by network or token is not limited: all
// tests come from one machine, and where the clock stands no limit ends. What is counted by
// address or person is, since pages have to show it.
func settings(o Options) (config.Config, error) {
	given, err := ours(o.Environ)
	if err != nil {
		return config.Config{}, err
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Port() == "" {
		return config.Config{}, wrongURL(o, "an address with a port, such as http://localhost:8080")
	}
	if u.Scheme != "http" {
		return config.Config{}, wrongURL(o, "http://…, such as http://localhost:8080, since a mock speaks plain HTTP")
	}
	if !config.IsLoopback(u.Hostname()) && !o.Exposed {
		return config.Config{}, wrongURL(o, "an address of this machine, such as http://localhost:8080; with --expose any other")
	}
	key := make([]byte, 32)
	_, _ = stream("key").Read(key) // never fails
	given = append(given,
		sandbox, "FLOWXI_PUBLIC_URL="+o.URL, "FLOWXI_ADDR="+net.JoinHostPort("localhost", u.Port()),
		"FLOWXI_KEYS=mock:"+base64.StdEncoding.EncodeToString(key),
		"FLOWXI_LIMIT_MAIL_PER_NETWORK=off", "FLOWXI_LIMIT_CODE_PER_NETWORK=off", "FLOWXI_LIMIT_LOGIN_PER_NETWORK=off",
		"FLOWXI_LIMIT_TWOFA_PER_NETWORK=off", "FLOWXI_LIMIT_REQUESTS_PER_NETWORK=off", "FLOWXI_LIMIT_REQUESTS_PER_TOKEN=off",
	)
	if o.Exposed {
		given = append(given, "FLOWXI_INSECURE_HTTP=allow")
	}
	cfg, err := config.Load(given)
	return cfg, byURL(err, o.URL)
}

// wrongURL refuses the address by which a mock is reached.
func wrongURL(o Options, allowed string) error {
	return &config.Error{Name: "--url", Given: config.Show(o.URL), Allowed: "allowed: " + allowed}
}

// byURL names the address where the public one is wrong, which nobody has given. Its port
// is wrong where the listener is.
func byURL(err error, address string) error {
	all := slices.DeleteFunc(config.Wrong(err), func(wrong *config.Error) bool { return wrong.Name == "FLOWXI_ADDR" })
	for _, wrong := range all {
		if wrong.Name == "FLOWXI_PUBLIC_URL" {
			wrong.Name, wrong.Given = "--url", config.Show(address)
		}
	}
	if len(all) == 0 {
		return err
	}
	return config.Join(all)
}

// ours picks the settings that a mock takes, and refuses the others.
func ours(environ []string) (given []string, err error) {
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		switch {
		case !strings.HasPrefix(name, "FLOWXI_") || value == "" || line == sandbox:
		case slices.Contains(taken, name):
			given = append(given, line)
		default:
			return nil, &config.Error{Name: name, Given: "set", Allowed: "flowxi mock is a sandbox with known passwords and codes, and nothing of a server with people may be near it: " +
				"unset it, or run flowxi serve (it takes " + strings.Join(taken, ", ") + " alone)"}
		}
	}
	return given, nil
}

// CheckListen refuses an address by which others than this machine could call the mock.
func CheckListen(addr string, exposed bool) error {
	host, port, err := net.SplitHostPort(addr)
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil {
		return &config.Error{Name: "--listen", Given: config.Show(addr), Allowed: "allowed: host:port, such as 127.0.0.1:8080"}
	}
	if !exposed && !config.IsLoopback(host) {
		return &config.Error{Name: "--listen", Given: config.Show(addr), Allowed: "whoever reaches flowxi mock may log in as anybody there: " +
			"listen on a loopback address such as 127.0.0.1:8080, or give --expose to a network of tests"}
	}
	return nil
}
