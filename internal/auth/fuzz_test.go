package auth

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
)

// FuzzNetwork holds what limits count and challenges are bound to: the network of an
// address holds the address, and every other address of it has the same.
func FuzzNetwork(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8:1:2:3:4:5:6", "fe80::1%eth0", "::", "::ffff:0:0%1"} {
		f.Add(seed, uint8(0xff))
	}
	f.Fuzz(func(t *testing.T, text string, other uint8) {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return
		}
		network := Network(ip)
		if !strings.Contains(network, "/") {
			if network != ip.Unmap().String() || !ip.Unmap().Is4() {
				t.Errorf("the network of %s is %s", ip, network)
			}
			return
		}
		prefix, err := netip.ParsePrefix(network)
		if err != nil || prefix.Bits() != 64 || !prefix.Contains(ip.Unmap().WithZone("")) {
			t.Fatalf("the network of %s is %s, %v", ip, network, err)
		}
		bytes := ip.As16()
		bytes[8+other%8] ^= other
		if neighbour := netip.AddrFrom16(bytes); Network(neighbour) != network {
			t.Errorf("%s is of another network than %s", neighbour, ip)
		}
	})
}

// FuzzAgent holds the name of a browser to what a challenge gives back of it.
func FuzzAgent(f *testing.F) {
	for _, seed := range []string{"Mozilla/5.0 (X11)", "un t\xe9l\xe9phone", "\xff\xfe", "é\u2028<&>", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		kept := agent(&Caller{UserAgent: name})
		if back := throughJSON(t, kept); back != kept {
			t.Errorf("%q is kept as %q and comes back as %q", name, kept, back)
		}
	})
}

func throughJSON(t *testing.T, name string) string {
	t.Helper()
	text, err := json.Marshal(account.Challenge{UserAgent: name})
	if err != nil {
		t.Fatal(err)
	}
	var c account.Challenge
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c.UserAgent
}
