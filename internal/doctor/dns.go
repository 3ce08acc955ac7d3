package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/mail"
)

// dnsWithin is for all questions together.
const dnsWithin = 3 * time.Second

// dns asks for the records by which others judge the mail of the sender's domain.
func (p *patient) dns(ctx context.Context) []Finding {
	domain := mail.SenderHost(p.cfg.MailFrom)
	if !p.cfg.SendsMail() || !public(domain) {
		return skip("no mail leaves for the world from a domain of it")
	}
	ctx, cancel := context.WithTimeout(ctx, dnsWithin)
	defer cancel()
	var list []Finding
	for _, record := range p.records(domain) {
		there, err := record.ask(ctx)
		if err != nil {
			return append(list, skip("the resolver of this machine does not tell of the %s record of %s: %s", record.kind, domain, unanswered(err))...)
		}
		if !there {
			list = append(list, warn(fmt.Sprintf("%s has no %s record: %s", domain, record.kind, record.lacks), record.do)...)
		}
	}
	return or(list, "%s has MX, SPF and DMARC records", domain)
}

type record struct {
	kind, lacks, do string
	ask             func(ctx context.Context) (there bool, err error)
}

func (p *patient) records(domain string) []record {
	text := func(name, prefix string) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) {
			texts, err := p.Resolver.LookupTXT(ctx, absolute(name))
			for _, t := range texts {
				if strings.HasPrefix(strings.ToLower(t), prefix) {
					return true, nil
				}
			}
			return false, answered(err)
		}
	}
	return []record{
		{"MX", "nobody can answer, and some servers refuse such mail", "Add an MX record, or send from a domain that takes mail.",
			func(ctx context.Context) (bool, error) {
				list, err := p.Resolver.LookupMX(ctx, absolute(domain))
				return len(list) > 0, answered(err)
			}},
		{"SPF", "mail may be taken for spam", fmt.Sprintf("Add a TXT record to %s with the servers that send for it: v=spf1 … -all.", domain), text(domain, "v=spf1")},
		{"DMARC", "large providers refuse such mail in numbers", fmt.Sprintf("Add a TXT record to _dmarc.%s: v=DMARC1; p=none; rua=mailto:….", domain), p.dmarc(domain, text)},
	}
}

// dmarc asks for the record of the domain, and for those of the domains above it, which
// hold for it too (RFC 7489 section 6.6.3).
func (p *patient) dmarc(domain string, text func(name, prefix string) func(context.Context) (bool, error)) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		for above := domain; public(above); _, above, _ = strings.Cut(above, ".") {
			if there, err := text("_dmarc."+above, "v=dmarc1")(ctx); there || err != nil {
				return there, err
			}
		}
		return false, nil
	}
}

// answered takes an answer that there is nothing for an answer.
func answered(err error) error {
	var failed *net.DNSError
	if errors.As(err, &failed) && failed.IsNotFound {
		return nil
	}
	return err
}

// unanswered leaves out which server was asked.
func unanswered(err error) string {
	var failed *net.DNSError
	switch {
	case !errors.As(err, &failed):
		return err.Error()
	case failed.IsTimeout:
		return "it does not answer"
	}
	return failed.Err
}

// absolute keeps the domains that this machine searches out of it.
func absolute(name string) string { return strings.TrimSuffix(name, ".") + "." }

// public tells whether a domain can be one of the world.
func public(domain string) bool {
	if _, err := netip.ParseAddr(strings.Trim(domain, "[]")); err == nil {
		return false
	}
	return strings.Contains(strings.Trim(domain, "."), ".")
}
