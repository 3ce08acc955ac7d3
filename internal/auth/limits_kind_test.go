package auth

import (
	"testing"

	"flowxi.app/flowxi/internal/cache"
)

// kinds says of every rule whom it serves. Of Owners are those alone that
// count only for who has proved something; the others, strangers fill at will.
var kinds = map[string]cache.Kind{
	"login.device":        cache.Owners, // a device that the person has used
	"aloft.device":        cache.Owners,
	"2fa.person":          cache.Owners, // behind the right password or a token
	"2fa.network":         cache.Owners,
	"photo.person":        cache.Owners, // a token
	"mail.email":          cache.Mails,
	"mail.network":        cache.Mails,
	"code.email":          cache.Codes,
	"code.network":        cache.Codes,
	"login.email_network": cache.Logins,
	"login.email":         cache.Logins,
	"login.network":       cache.Logins,
	"aloft.email_network": cache.Logins,
	"aloft.email":         cache.Logins,
	"aloft.network":       cache.Logins,
	"all.network":         cache.Floods,
	"all.token":           cache.Floods,
}

func TestStrangersFillNoRoomOfOwners(t *testing.T) {
	t.Parallel()
	for name, want := range kinds {
		if got := KindOf(name + ":digest:5/1m"); got != want {
			t.Errorf("%s is of kind %v; want %v", name, got, want)
		}
	}
	for _, key := range []string{challengeKey("id"), challengeKey("id") + ":tries"} {
		if got := KindOf(key); got != cache.Owners {
			t.Errorf("%s is of kind %v; want owners", key, got)
		}
	}
}

// TestEveryRuleHasAKind reads the sources, so that no new rule has the room of owners
// before somebody has decided that it may.
func TestEveryRuleHasAKind(t *testing.T) {
	t.Parallel()
	found := namesOfRules(t)
	for name := range found {
		if _, decided := kinds[name]; !decided {
			t.Errorf("no kind is decided for the rule %s: put it in kinds, and in KindOf unless it is of owners", name)
		}
	}
	for name := range kinds {
		if !found[name] {
			t.Errorf("there is no rule %s any more: take it out of kinds and KindOf", name)
		}
	}
}
