package api

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

var behindProxies = proxies{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("127.0.0.1/32"),
}

// arriving is a request from a peer with headers given as name, value, name, value.
func arriving(peer string, headers ...string) *http.Request {
	r := &http.Request{RemoteAddr: peer, Header: http.Header{}}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestTheClientIsFoundBehindTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	const xff, fwd = "X-Forwarded-For", "Forwarded"
	for _, tt := range []struct {
		name    string
		peer    string
		headers []string
		want    string
	}{
		{"direct", "192.0.2.1:1234", nil, "192.0.2.1"},
		{"direct by IPv6", "[2001:db8::1]:1234", nil, "2001:db8::1"},
		{"zone", "[fe80::1%eth0]:1234", nil, "fe80::1"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:1234", nil, "192.0.2.1"},
		{"a stranger's word", "192.0.2.1:1", []string{xff, "198.51.100.7", fwd, "for=198.51.100.7"}, "192.0.2.1"},
		{"no header", "10.0.0.1:1", nil, "10.0.0.1"},
		{"one proxy", "10.0.0.1:1", []string{xff, "198.51.100.7"}, "198.51.100.7"},
		{"a proxy by IPv4 in IPv6", "[::ffff:10.0.0.1]:1", []string{xff, "198.51.100.7"}, "198.51.100.7"},
		{"two proxies", "10.0.0.1:1", []string{xff, "198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"a forged one before the client", "10.0.0.1:1", []string{xff, "203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		{"a forged proxy before the client", "10.0.0.1:1", []string{xff, "203.0.113.9, 10.0.0.9, 198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"two lines", "10.0.0.1:1", []string{xff, "203.0.113.9", xff, "198.51.100.7"}, "198.51.100.7"},
		{"nobody but proxies", "10.0.0.1:1", []string{xff, "10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		{"a port", "10.0.0.1:1", []string{xff, "198.51.100.7:4711"}, "198.51.100.7"},
		{"IPv6", "10.0.0.1:1", []string{xff, "2001:db8::7"}, "2001:db8::7"},
		{"IPv6 in brackets", "10.0.0.1:1", []string{xff, "[2001:db8::7]"}, "2001:db8::7"},
		{"IPv6 with a port", "10.0.0.1:1", []string{xff, "[2001:db8::7]:4711"}, "2001:db8::7"},
		{"mapped in the header", "10.0.0.1:1", []string{xff, "::ffff:198.51.100.7"}, "198.51.100.7"},
		{"garbage", "10.0.0.1:1", []string{xff, "garbage"}, "10.0.0.1"},
		{"garbage behind a proxy", "10.0.0.1:1", []string{xff, "198.51.100.7, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"empty", "10.0.0.1:1", []string{xff, ""}, "10.0.0.1"},
		{"a comma at the end", "10.0.0.1:1", []string{xff, "198.51.100.7,"}, "10.0.0.1"},
		{"X-Real-IP", "10.0.0.1:1", []string{"X-Real-IP", "198.51.100.7", "True-Client-IP", "198.51.100.7"}, "10.0.0.1"},
		{"Forwarded", "10.0.0.1:1", []string{fwd, "for=198.51.100.7;proto=https;by=10.0.0.1"}, "198.51.100.7"},
		{"Forwarded, quoted", "10.0.0.1:1", []string{fwd, `For="[2001:db8::7]:4711"`}, "2001:db8::7"},
		{"Forwarded, two proxies", "10.0.0.1:1", []string{fwd, "for=203.0.113.9, for=198.51.100.7", fwd, "for=10.0.0.2"}, "198.51.100.7"},
		{"Forwarded, hidden", "10.0.0.1:1", []string{fwd, "for=198.51.100.7, for=_hidden"}, "10.0.0.1"},
		{"Forwarded, no for", "10.0.0.1:1", []string{fwd, "for=198.51.100.7, proto=https"}, "10.0.0.1"},
		{"Forwarded, open quotation mark", "10.0.0.1:1", []string{fwd, `for=203.0.113.9;x="`, fwd, "for=198.51.100.7"}, "10.0.0.1"},
		{"Forwarded, swallowing", "10.0.0.1:1", []string{fwd, `for=203.0.113.9;x="`, fwd, `for="[2001:db8::7]"`}, "10.0.0.1"},
		{"Forwarded, for twice", "10.0.0.1:1", []string{fwd, "for=198.51.100.7;for=203.0.113.9"}, "10.0.0.1"},
		{"Forwarded, garbage", "10.0.0.1:1", []string{fwd, "198.51.100.7"}, "10.0.0.1"},
		{"both headers", "10.0.0.1:1", []string{fwd, "for=203.0.113.9", xff, "198.51.100.7"}, "198.51.100.7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := behindProxies.originOf(arriving(tt.peer, tt.headers...)).addr; got.String() != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTLSIsSeenOrToldByATrustedProxy(t *testing.T) {
	t.Parallel()
	const proto, fwd = "X-Forwarded-Proto", "Forwarded"
	for _, tt := range []struct {
		name    string
		peer    string
		headers []string
		want    bool
	}{
		{"plain", "192.0.2.1:1", nil, false},
		{"a stranger's word", "192.0.2.1:1", []string{proto, "https", fwd, "proto=https"}, false},
		{"a proxy's word", "10.0.0.1:1", []string{proto, "https"}, true},
		{"in capitals", "10.0.0.1:1", []string{proto, "HTTPS"}, true},
		{"a proxy that says http", "10.0.0.1:1", []string{proto, "http"}, false},
		{"forged before the proxy's", "10.0.0.1:1", []string{proto, "https, http"}, false},
		{"forged on a line before", "10.0.0.1:1", []string{proto, "https", proto, "http"}, false},
		{"the nearest proxy counts", "10.0.0.1:1", []string{proto, "http,https"}, true},
		{"Forwarded", "10.0.0.1:1", []string{fwd, "for=192.0.2.1;proto=https"}, true},
		{"Forwarded, forged before", "10.0.0.1:1", []string{fwd, "proto=https, for=192.0.2.1"}, false},
		{"both", "10.0.0.1:1", []string{fwd, "proto=https", proto, "http"}, false},
		{"others", "10.0.0.1:1", []string{"X-Forwarded-Ssl", "on", "Front-End-Https", "on"}, false},
	} {
		if got := behindProxies.originOf(arriving(tt.peer, tt.headers...)).tls; got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
	direct := arriving("192.0.2.1:1")
	direct.TLS = &tls.ConnectionState{}
	if !behindProxies.originOf(direct).tls {
		t.Error("its own TLS was not seen")
	}
}

func FuzzOrigin(f *testing.F) {
	for _, seed := range [][3]string{
		{"10.0.0.1:1", "198.51.100.7, 10.0.0.2", ""}, {"10.0.0.1:1", "", `for="[2001:db8::7]:1";proto=https`},
		{"192.0.2.1:1", "198.51.100.7", "for=_x"}, {"", ",", `for="`}, {"[fe80::1%e]:1", "::ffff:10.0.0.1", "a=b,,;="},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, remote, xff, forwarded string) {
		headers := []string{"Forwarded", forwarded}
		if xff != "" {
			headers = append(headers, "X-Forwarded-For", xff)
		}
		from := behindProxies.originOf(arriving(remote, headers...))
		if from.addr.Is4In6() || from.addr.Zone() != "" {
			t.Errorf("%s is not in its plain form", from.addr)
		}
		direct := proxies(nil).originOf(arriving(remote, headers...))
		if direct.tls || !behindProxies.trust(direct.addr) && from != direct {
			t.Errorf("a stranger's headers made %v of %v", from, direct)
		}
		if xff == "" {
			expectAppended(t, forwarded)
		}
	})
}

// expectAppended demands that nothing a client puts before it hides what the proxy
// has appended.
func expectAppended(t *testing.T, forged string) {
	t.Helper()
	for _, appended := range []string{"for=198.51.100.7", `for="[2001:db8::7]:80"`} {
		got := behindProxies.originOf(arriving("10.0.0.1:1", "Forwarded", forged, "Forwarded", appended)).addr.String()
		if got != "10.0.0.1" && !strings.Contains(appended, got) {
			t.Errorf("after %q the client seems to be %s", forged, got)
		}
	}
}
