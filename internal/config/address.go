package config

import (
	"errors"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// errAddress says that an address is not of the form that its setting allows, which the
// setting itself explains.
var errAddress = errors.New("not such an address")

// parsePublicURL reads the origin that clients use, as a URL with nothing but a scheme
// and a host.
func parsePublicURL(text string) (url.URL, error) {
	u, err := parseAuthority(text)
	if err != nil || !plainOrigin(u) || u.Scheme != "http" && u.Scheme != "https" {
		return url.URL{}, errAddress
	}
	return url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

// parseOrigin reads an origin as browsers send it (RFC 6454 section 6.2). Apps have
// schemes of their own, such as capacitor://localhost.
func parseOrigin(text string) (string, error) {
	u, err := parseAuthority(text)
	if err != nil || !plainOrigin(u) || strings.Contains(u.Host, "*") || strings.HasSuffix(text, "/") {
		return "", errAddress
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// parseAuthority reads a URL that has a host, and a port only if it is a real one.
func parseAuthority(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") {
		return nil, errAddress
	}
	if port := u.Port(); port != "" && !realPort(port, 1) {
		return nil, errAddress
	}
	return u, nil
}

// plainOrigin tells whether nothing stands before or after the host.
func plainOrigin(u *url.URL) bool {
	return u.User == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}

func realPort(text string, least uint64) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n >= least
}

// Networks are networks, such as those of the proxies that are trusted.
type Networks []netip.Prefix

// Contain tells whether an address is in one of them.
func (n Networks) Contain(addr netip.Addr) bool {
	return slices.ContainsFunc(n, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// leastProxyBits are those of the widest networks that belong to somebody: 10.0.0.0/8 and
// fc00::/7.
const leastProxyBits4, leastProxyBits6 = 8, 7

// parseProxies reads a network or the address of one proxy. A network of everything, or of
// much of it, is no network of proxies: it would let clients choose their own addresses. An
// IPv4 network is written as one.
func parseProxies(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	least := leastProxyBits6
	if p.Addr().Is4() {
		least = leastProxyBits4
	}
	if err != nil || p.Bits() < least || p.Addr().Is4In6() {
		return netip.Prefix{}, errAddress
	}
	return p.Masked(), nil
}

// hasDatabase looks at the scheme alone, since the host may be left to the query.
func hasDatabase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && strings.Contains(text, "://")
}

func validAddr(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && realPort(port, 0) && !strings.ContainsAny(host, "/@ \t")
}

func validSender(text string) bool {
	_, err := mail.ParseAddress(text)
	return err == nil && !strings.ContainsAny(text, "\r\n")
}

// hasHost tells whether text is a URL of one of the schemes, with a host.
func hasHost(text string, schemes ...string) bool {
	u, err := parseAuthority(text)
	return err == nil && slices.Contains(schemes, u.Scheme)
}

// validMagicLink tells whether text is a template that a mail may link to: an address
// that opens something, and cannot run anything in the reader's browser. The names
// stand after the host, since what stands in the host would choose who gets the token.
func validMagicLink(text string) bool {
	if !strings.Contains(text, "{token}") || !strings.Contains(text, "{email}") {
		return false
	}
	if strings.ContainsAny(strings.NewReplacer("{token}", "", "{email}", "", "{lang}", "").Replace(text), "{}") {
		return false // a name that nothing takes the place of
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || strings.Contains(u.Host, "{") || u.User != nil {
		return false
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return false // mail programs open nothing else; an app claims an https address
	}
	_, err = parseAuthority(text)
	return err == nil
}
