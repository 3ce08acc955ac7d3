package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"flowxi.app/flowxi/internal/config"
)

// proxies are the networks whose word is taken on where a request came from
// (contract section 12). None means that nobody's is.
type proxies []netip.Prefix

// origin is where a request came from.
type origin struct {
	addr netip.Addr // unmapped, without a zone; zero where the transport has none
	tls  bool
}

// originOf finds the client behind trusted proxies.
//
// X-Forwarded-For and X-Forwarded-Proto are believed, and Forwarded (RFC 7239)
// where the former is absent: a proxy in front that speaks Forwarded alone must
// remove X-Forwarded-For. X-Real-IP and its like are not looked at. Addresses are
// walked from the right, each named by the one after it, to the first that is not
// trusted; what is no address ends the walk. Of several protocols the right-most
// counts, since the nearest proxy wrote it.
func (p proxies) originOf(r *http.Request) origin {
	from := origin{addr: peer(r.RemoteAddr), tls: r.TLS != nil}
	if !p.trust(from.addr) {
		return from
	}
	hops, proto := forwarded(r.Header)
	from.tls = from.tls || strings.EqualFold(proto, "https")
	for _, hop := range slices.Backward(hops) {
		addr, ok := parseNode(hop)
		if !ok {
			break
		}
		if from.addr = addr; !p.trust(addr) {
			break
		}
	}
	return from
}

func (p proxies) trust(addr netip.Addr) bool { return config.Networks(p).Contain(addr) }

func peer(remote string) netip.Addr {
	addr, _ := parseNode(remote)
	return addr
}

// parseNode reads an address with or without a port or brackets.
func parseNode(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	withPort, err := netip.ParseAddrPort(text) // as peers are called
	addr := withPort.Addr()
	if err != nil {
		addr, err = netip.ParseAddr(text)
	}
	if err != nil && strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		addr, err = netip.ParseAddr(text[1 : len(text)-1])
	}
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.WithZone("").Unmap(), true
}

// forwarded returns what the headers of a trusted proxy say: addresses, the
// farthest first, and the protocol that the nearest proxy was asked by.
func forwarded(h http.Header) (hops []string, proto string) {
	elements := parseForwarded(strings.Join(h.Values("Forwarded"), ","))
	if lines := h.Values("X-Forwarded-For"); len(lines) > 0 {
		hops = strings.Split(strings.Join(lines, ","), ",")
	} else {
		for _, e := range elements {
			hops = append(hops, e["for"])
		}
	}
	if lines := h.Values("X-Forwarded-Proto"); len(lines) > 0 {
		all := strings.Split(lines[len(lines)-1], ",")
		return hops, strings.TrimSpace(all[len(all)-1])
	}
	if len(elements) > 0 {
		proto = elements[len(elements)-1]["proto"]
	}
	return hops, proto
}

// parseForwarded reads the header Forwarded (RFC 7239 section 4). A fault anywhere
// spoils all of it: a client's open quotation mark could otherwise swallow what
// the proxy has added.
func parseForwarded(text string) []map[string]string {
	var elements []map[string]string
	element := make(map[string]string)
	for rest := text; ; {
		name, value, after, ok := parsePair(rest)
		if _, twice := element[name]; !ok || twice {
			return nil
		}
		element[name] = value
		if after == "" {
			return append(elements, element)
		}
		if after[0] == ',' {
			elements = append(elements, element)
			element = make(map[string]string)
		}
		rest = after[1:]
	}
}

// parsePair reads name=value, and what is left of text from the next comma or
// semicolon on.
func parsePair(text string) (name, value, rest string, ok bool) {
	name, rest, ok = strings.Cut(text, "=")
	name = strings.ToLower(strings.TrimSpace(name))
	if !ok || name == "" || strings.ContainsAny(name, "\",; \t") {
		return "", "", "", false
	}
	if strings.HasPrefix(rest, `"`) {
		value, rest, ok = strings.Cut(rest[1:], `"`)
		rest = strings.TrimLeft(rest, " \t")
		ok = ok && !strings.Contains(value, `\`) && (rest == "" || rest[0] == ',' || rest[0] == ';')
		return name, value, rest, ok
	}
	end := strings.IndexAny(rest, ",;")
	if end < 0 {
		end = len(rest)
	}
	value, rest = strings.TrimSpace(rest[:end]), rest[end:]
	return name, value, rest, !strings.ContainsAny(value, "\" \t")
}
