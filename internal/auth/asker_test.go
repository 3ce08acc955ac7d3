package auth

import (
	"net/netip"
	"testing"

	"flowxi.app/flowxi/internal/account"
)

func TestAMailTellsTheAddressOfItsAskerWhereThatSaysSomething(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"127.0.0.1": "", "::1": "", "10.1.2.3": "", "172.16.0.9": "", "192.168.1.1": "", "100.64.0.1": "", "169.254.1.1": "",
		"fe80::1%eth0": "", "fd00::1": "", "0.0.0.0": "", "::": "", "224.0.0.1": "",
	} {
		got := askerOf(&Caller{IP: netip.MustParseAddr(address), UserAgent: "Firefox/145.0 (X11; Linux)"})
		if *got != (account.Asker{Agent: account.Agent{Browser: "Firefox", System: "Linux"}, Address: want}) {
			t.Errorf("%s: it tells %+v, want the address %q", address, *got, want)
		}
	}
	if got := askerOf(&Caller{}); *got != (account.Asker{}) {
		t.Errorf("of nobody it tells %+v", *got)
	}
}
