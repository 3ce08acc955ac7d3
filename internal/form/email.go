package form

import (
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// Bounds of an address: RFC 5321 section 4.5.3.1 and RFC 1035 section 2.3.4.
const (
	maxEmail = 254
	maxLocal = 64
	maxLabel = 63
)

// Email is an e-mail address as the world uses them: ASCII, a dot-atom, and a
// domain name of two labels or more (RFC 5321 without quoted local parts and
// address literals). It is lowercased (contract section 4).
func Email() Rule {
	return Rule{
		Schema: Schema{
			Description: "E-mail address; spaces around it and upper case do not matter",
			Example:     "ada@example.com", Format: "email", MaxLength: maxEmail,
		},
		check: func(text string, _ time.Time) (string, []account.Problem) {
			if !isEmail(text) {
				return "", []account.Problem{{Rule: "email"}}
			}
			// Only ASCII comes this far, so that no Kelvin sign turns into a k.
			return strings.ToLower(text), nil
		},
	}
}

func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || len(s) > maxEmail {
		return false
	}
	return isLocal(s[:at]) && isDomain(s[at+1:])
}

func isLocal(s string) bool {
	if len(s) > maxLocal {
		return false
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtext(r) }) {
			return false
		}
	}
	return true
}

// isAtext follows RFC 5322 section 3.2.3.
func isAtext(r rune) bool {
	return isAlnum(r) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

func isAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func isDomain(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot < 0 || allDigits(s[dot+1:]) {
		return false // a lone host, or a number as in 192.0.2.1
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !isAlnum(r) && r != '-' })
}
