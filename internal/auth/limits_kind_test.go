package auth

import (
	"maps"
	"net/netip"
	"testing"

	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/ratelimit"
)

func TestStrangersFillNoRoomOfOwners(t *testing.T) {
	t.Parallel()
	a, c := &Auth{cfg: config.Config{}}, &Caller{IP: netip.MustParseAddr("2001:db8::1")}
	rules := map[cache.Kind][]ratelimit.Rule{
		cache.Mails:  a.mailRules(c, "a@example.org"),
		cache.Codes:  a.codeRules(c, "a@example.org"),
		cache.Logins: a.loginRules(c, "a@example.org", "phone", false),
		cache.Owners: append(a.loginRules(c, "a@example.org", "phone", true), a.personRule(1), a.networkRule(c)),
	}
	for want, rules := range maps.All(rules) {
		for _, r := range rules {
			if got := KindOf(r.Name + ":digest:5/1m"); got != want {
				t.Errorf("%s is of kind %v; want %v", r.Name, got, want)
			}
		}
	}
	for _, key := range []string{challengeKey("id"), challengeKey("id") + ":tries"} {
		if got := KindOf(key); got != cache.Owners {
			t.Errorf("%s is of kind %v; want owners", key, got)
		}
	}
	for _, name := range []string{"all.network", "all.token"} {
		if got := KindOf(name + ":digest:600/1m"); got != cache.Floods {
			t.Errorf("%s is of kind %v; want floods", name, got)
		}
	}
}
