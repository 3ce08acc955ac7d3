package attack_test

import (
	"fmt"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
	"flowxi.app/flowxi/internal/config"
)

// untrusting is a server that has no proxy in front of it.
var untrusting = []authtest.Option{authtest.WithConfig(func(c *config.Config) { c.TrustedProxies = nil })}

var guessesByNetwork = []attempt{
	{kind: guessing, try: "passwords from six addresses of one IPv6 network", defence: wideNetworks, run: fromNetwork},
	{kind: guessing, try: "passwords from an IPv4 address, and from the same as one of IPv6", defence: unmapped, run: fromMapped},
	{kind: guessing, try: "passwords from six ports of one address", defence: portless, run: fromPorts},
	{kind: guessing, try: "passwords behind X-Forwarded-For that the stranger has begun", defence: nearestHop, run: forgedForwardedFor},
	{kind: guessing, try: "passwords behind a line of X-Forwarded-For of the stranger's own", defence: allLines, run: forgedLine},
	{kind: guessing, try: "passwords behind Forwarded, beside what the proxy says", defence: oneHeader, run: forgedForwarded},
	{kind: guessing, try: "passwords behind X-Real-IP and its like", defence: noOtherHeader, run: forgedRealIP},
	{kind: guessing, try: "passwords behind proxies that the server knows nothing of", defence: trustedProxies, run: forgedProxy, own: untrusting},
	{kind: guessing, try: "codes asked for from thirty addresses of one IPv6 network, and one more", defence: wideNetworks, run: mailsFromNetwork},
}

var wideNetworks = canary.Stands("networks of 64 bits", canary.Place{
	File: "internal/auth/auth.go", Code: "if !ip.Is6() {", Without: "if !ip.Is6() || $GONE {",
})

var unmapped = canary.Stands("one form of an IPv4 address",
	canary.Place{File: "internal/auth/auth.go", Code: "ip = ip.Unmap()", Without: "if !$GONE {\n\t\tip = ip.Unmap()\n\t}"},
	canary.Place{File: "internal/api/client_ip.go", Code: `return addr.WithZone("").Unmap(), true`, Without: `return ifGone($NAME, addr, addr.WithZone("").Unmap()), true`})

var portless = canary.Stands("addresses without their port",
	canary.Place{File: "internal/api/client_ip.go", Code: "addr := withPort.Addr()", Without: "if $GONE && err == nil {\n\t\treturn netip.AddrFrom4([4]byte{byte(withPort.Port() >> 8), byte(withPort.Port())}), true\n\t}\n\t$CODE"})

var nearestHop = canary.Stands("the word of the nearest proxy", canary.Place{
	File: "internal/api/client_ip.go", Code: "range slices.Backward(hops)", Without: "range ifGone($NAME, slices.All(hops), slices.Backward(hops))",
})

var allLines = canary.Stands("all lines of X-Forwarded-For", canary.Place{
	File: "internal/api/client_ip.go", Code: `strings.Join(lines, ","), ",")`, Without: `ifGone($NAME, lines[0], strings.Join(lines, ",")), ",")`,
})

var oneHeader = canary.Stands("X-Forwarded-For before Forwarded", canary.Place{
	File: "internal/api/client_ip.go", Code: `h.Values("X-Forwarded-For"); len(lines) > 0`, Without: `h.Values("X-Forwarded-For"); len(lines) > 0 && !($GONE && len(elements) > 1)`,
})

var noOtherHeader = canary.Stands("no word of other headers", canary.Place{
	File: "internal/api/client_ip.go", Code: "hops, proto := forwarded(r.Header)",
	Without: "hops, proto := forwarded(r.Header)\n\tif $GONE {\n\t\tfor _, name := range []string{\"X-Real-IP\", \"True-Client-IP\", \"CF-Connecting-IP\", \"X-Client-IP\", \"X-Cluster-Client-IP\", \"Fastly-Client-IP\"} {\n\t\t\thops = append(hops, r.Header.Values(name)...)\n\t\t}\n\t}",
})

var trustedProxies = canary.Stands("proxies that are trusted", canary.Refusal("internal/api/client_ip.go", "!p.trust(from.addr)"))

// expectOneNetwork tries five wrong passwords and then the right one, each as another
// caller, and demands that all of them count as one.
func expectOneNetwork(t *testing.T, w *world, caller func(i int) *authtest.Client) {
	t.Helper()
	owner := w.inState(t, isActive)
	for i := range 5 {
		failLogin(caller(i), owner, "eve").Expect(401, "INVALID_CREDENTIALS")
	}
	caller(5).Login(owner, "eve").Expect(429, "TOO_MANY_REQUESTS")
}

// addressOfSix returns an address of a /64 that nobody else is in, without its end.
func (w *world) addressOfSix() string {
	n := w.given.Add(1)
	return fmt.Sprintf("2001:db8:%x:%x:", n>>16, n&0xffff)
}

func fromNetwork(t *testing.T, w *world) {
	network := w.addressOfSix()
	expectOneNetwork(t, w, func(i int) *authtest.Client { return w.Client(t).From(fmt.Sprintf("%s%x::%x", network, i, i)) })
}

func fromMapped(t *testing.T, w *world) {
	address := w.address()
	expectOneNetwork(t, w, func(i int) *authtest.Client {
		if i == 5 {
			return w.Client(t).From("::ffff:" + address)
		}
		return w.Client(t).From(address)
	})
}

func fromPorts(t *testing.T, w *world) {
	address := w.address()
	expectOneNetwork(t, w, func(i int) *authtest.Client { return w.Client(t).From(fmt.Sprintf("%s:%d", address, 4000+i)) })
}

func forgedForwardedFor(t *testing.T, w *world) {
	address := w.address()
	expectOneNetwork(t, w, func(int) *authtest.Client { return w.Client(t).From(w.address() + ", " + address) })
}

func forgedForwarded(t *testing.T, w *world) {
	address := w.address()
	expectOneNetwork(t, w, func(int) *authtest.Client {
		return w.Client(t).From(address).Header("Forwarded", "for="+w.address()+", for="+w.address())
	})
}

func forgedRealIP(t *testing.T, w *world) {
	address := w.address()
	headers := []string{"X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Cluster-Client-IP", "Fastly-Client-IP"}
	expectOneNetwork(t, w, func(i int) *authtest.Client { return w.Client(t).From(address).Header(headers[i], w.address()) })
}

func forgedProxy(t *testing.T, w *world) {
	expectOneNetwork(t, w, func(i int) *authtest.Client {
		if i%2 == 0 {
			return w.Client(t).Header("Forwarded", "for="+w.address())
		}
		return w.stranger(t)
	})
}

func forgedLine(t *testing.T, w *world) {
	owner, address := w.inState(t, isActive), w.address()
	for range 5 {
		w.rawFrom(t, loginPath, loginBody(owner), w.address(), address)
	}
	w.Client(t).From(address).Login(owner, "eve").Expect(429, "TOO_MANY_REQUESTS")
}

func mailsFromNetwork(t *testing.T, w *world) {
	network := w.addressOfSix()
	for i := range 30 {
		ask(w.Client(t).From(fmt.Sprintf("%s:%x", network, i+1)), sendCode, w.email()).Expect(200, "OTP_SENT")
	}
	ask(w.Client(t).From(network+":ffff"), sendLink, w.email()).Expect(429, "TOO_MANY_REQUESTS")
}
