package auth

import (
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/ratelimit"
)

// KindOf tells the cache whom a window serves, by the rule that it counts for. What
// strangers have made with a request alone is not to take the room of what owners need: a
// rule that is not named here is one for which a caller has proved something.
func KindOf(key string) cache.Kind {
	switch ratelimit.NameIn(key) {
	case "mail.email", "mail.network":
		return cache.Mails
	case "code.email", "code.network":
		return cache.Codes
	case "login.email_network", "login.email", "login.network", "aloft.email_network", "aloft.email", "aloft.network":
		return cache.Logins
	case "all.network", "all.token":
		return cache.Floods
	}
	return cache.Owners
}
