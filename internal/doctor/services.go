package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/node"
)

func (p *patient) inspectRedis(ctx context.Context) (cache.Facts, error) {
	return cache.Inspect(ctx, string(p.cfg.RedisURL))
}

// fullMemory is the part of its memory from which on a Redis is nearly full.
const fullMemory = 0.9

// redis looks at what the limits of many nodes rest on.
func (p *patient) redis(ctx context.Context) (list []Finding) {
	if p.cfg.RedisURL == "" {
		return skip("FLOWXI_REDIS_URL is not set: limits are in the memory of the server")
	}
	f, err := p.inspectRedis(ctx)
	if errors.Is(err, cache.ErrURL) {
		return noStart(node.Refused(err, "FLOWXI_REDIS_URL"), "Mend FLOWXI_REDIS_URL. Servers that run go on with the one that they have.")
	}
	if err != nil {
		return fail(err.Error(), "See that it runs and lets this machine in, and that FLOWXI_REDIS_URL leads to it. Until then logins and codes are refused.")
	}
	add := func(when bool, finding []Finding) {
		if when {
			list = append(list, finding...)
		}
	}
	add(f.TooOld(), fail(f.Name+" is too old", "Use Redis from "+cache.OldestRedis+" on, or Valkey."))
	add(f.Replica, fail("it is a replica, and takes no writes", "Have FLOWXI_REDIS_URL lead to the primary."))
	add(f.Failing, fail("it could not write its data to disk", "Make room on its disk, and read its log: it may refuse all writes."))
	add(f.Evicts != "", warn("it drops keys when its memory is full ("+f.Evicts+"), and limits and logins with them", "Set maxmemory-policy noeviction."))
	add(f.Most > 0 && float64(f.Used) > fullMemory*float64(f.Most), warn(fmt.Sprintf("%d of %d MB of its memory are used: past that, limits that guard refuse everybody", f.Used>>20, f.Most>>20),
		"Raise maxmemory (docs/operations/scaling.md)."))
	add(f.Unkept, warn("it keeps nothing on disk: waiting logins end with it", "Set appendonly yes."))
	return or(list, "%s, which drops no key and can be written to", f.Name)
}

// photos writes, reads and deletes an object.
func (p *patient) photos(ctx context.Context) []Finding {
	if p.cfg.StorageURL == "" {
		return p.photoFolder()
	}
	bucket, err := blob.NewS3(ctx, string(p.cfg.StorageURL))
	if err == nil {
		defer func() { _ = bucket.Close() }()
		limited, cancel := context.WithTimeout(ctx, patience-moment) // the rest is for taking it away again
		defer cancel()
		err = bucket.Check(limited)
	}
	if errors.Is(err, blob.ErrURL) {
		return noStart(node.Refused(err, "FLOWXI_STORAGE_URL"), "Mend FLOWXI_STORAGE_URL. Servers that run go on with the one that they have.")
	}
	if err != nil {
		return fail(err.Error(), "See that FLOWXI_STORAGE_URL has the host, bucket, region and key of it, and that the key may get, put and delete objects. On servers that run, everything but photos goes on.")
	}
	return well("an object was written, read, read by a signed address, and deleted")
}

func (p *patient) photoFolder() []Finding {
	dir := node.PhotoFolder(p.cfg)
	if !exists(dir) {
		return skip("there is no folder of photos yet: the first start makes it")
	}
	if err := blob.CheckFolder(dir); err != nil {
		return fail(err.Error(), "See that "+dir+" belongs to the user of the server, that this command runs as that user, and that the disk has room.")
	}
	return well("an object was written, read and deleted in %s", dir)
}

// CheckRecipient is an error where no test mail can be sent to an address.
func CheckRecipient(to string) error {
	if !mail.IsAddress(to) {
		return fmt.Errorf("%q is not an address such as you@example.org", to)
	}
	return nil
}

// noMail tells that mail stays here, and how it would leave where one is to.
func (p *patient) noMail() []Finding {
	const stays = "no mail leaves this instance: it stays in the inbox"
	if p.MailTo == "" {
		return skip(stays)
	}
	var set []string
	if p.cfg.SMTPURL == "" {
		set = append(set, "FLOWXI_SMTP_URL")
	}
	if p.cfg.Sandbox() {
		set = append(set, "FLOWXI_ENVIRONMENT to production")
	}
	return fail(stays, "Set "+strings.Join(set, ", and ")+".")
}

// mail speaks with the mail server as far as it goes without a mail, or sends one.
func (p *patient) mail(ctx context.Context) []Finding {
	if !p.cfg.SendsMail() {
		return p.noMail()
	}
	smtp, err := mail.NewSMTP(string(p.cfg.SMTPURL))
	if err != nil {
		return noStart(&config.Error{Name: "FLOWXI_SMTP_URL", Given: "[secret]", Allowed: err.Error()}, "Mend FLOWXI_SMTP_URL. Servers that run go on with the one that they have.")
	}
	h, err := smtp.Handshake(ctx, p.cfg.MailFrom)
	if errors.Is(err, mail.ErrSender) {
		return fail(err.Error(), "Have the mail server let the account of FLOWXI_SMTP_URL send as FLOWXI_MAIL_FROM.")
	}
	if err != nil {
		return fail(err.Error(), "See that FLOWXI_SMTP_URL has the host, port, user and password of the mail server, and that it is reached from here. Until then mails wait in the outbox. One that is only slow is waited for by servers for 30 seconds.")
	}
	list := p.expiring("the certificate of the mail server", h.Expires, "Tell whoever runs the mail server: after that no mail leaves.")
	if p.MailTo != "" {
		return append(list, p.trial(ctx, smtp)...)
	}
	if h.Refused != nil {
		list = append(list, warn("the mail server lets us in, but takes no mail for the sender itself: "+h.Refused.Error(),
			"Where nobody reads at FLOWXI_MAIL_FROM, it may be meant so. See that mail leaves: flowxi doctor --mail ADDRESS.")...)
	}
	return or(list, "the mail server lets us in and takes mail from %s", p.cfg.MailFrom)
}

// trial sends a mail.
func (p *patient) trial(ctx context.Context, smtp *mail.SMTP) []Finding {
	const do = "Look for the code of the answer in the log of the mail server."
	catalog, err := locale.New()
	if err != nil {
		return fail(err.Error(), do)
	}
	m, err := mail.Trial(catalog, p.cfg.MailFrom, p.MailTo, p.speaks(ctx, p.MailTo), p.Now())
	if err != nil {
		return fail(err.Error(), do)
	}
	if err := smtp.Send(ctx, m); err != nil {
		return fail(err.Error(), do)
	}
	return well("the mail server took a mail in %q to %s: see that it arrives, and not among spam", string(m.Locale), p.MailTo)
}

// speaks is the language of a person, or none where nobody has that address.
func (p *patient) speaks(ctx context.Context, email string) account.Locale {
	if p.database.err != nil {
		return ""
	}
	u, err := p.database.it.UserByEmail(ctx, strings.ToLower(email))
	if err != nil {
		return ""
	}
	return u.Locale
}

// soon is when somebody should have seen to a certificate that is to expire.
const soon = 21 * 24 * time.Hour

// expiring warns of a certificate. One that is never over, since there is none, is well.
func (p *patient) expiring(what string, at time.Time, do string) []Finding {
	left := at.Sub(p.Now())
	switch {
	case at.IsZero() || left >= soon:
		return nil
	case left < 0:
		return fail(fmt.Sprintf("%s has expired on %s", what, at.UTC().Format(time.DateOnly)), do)
	}
	return warn(fmt.Sprintf("%s expires in %d days, on %s", what, int(left.Hours()/24), at.UTC().Format(time.DateOnly)), do)
}
