package auth

import (
	"net/netip"

	"flowxi.app/flowxi/internal/account"
)

// askerOf is what a mail tells of the caller, by their request alone and whoever the mail
// is for. The address of an IPv6 caller is told as limits count it, by its /64.
func askerOf(c *Caller) *account.Asker {
	asker := &account.Asker{Agent: account.AgentOf(c.UserAgent)}
	if public(c.IP) {
		asker.Address = c.Network()
	}
	return asker
}

// shared is between carriers and their customers, and in some clouds between machines
// (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// public tells whether an address says something to a person. Any other is that of this
// machine, or of a proxy on a network of ours, which is not for strangers to know.
func public(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !shared.Contains(ip)
}
