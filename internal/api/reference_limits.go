package api

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/ratelimit"
)

// limits lists the limits of a route in words, as a list in Markdown.
func (d *document) limits(r Route) string {
	var lines []string
	for _, l := range r.AllLimits() {
		lines = append(lines, "- "+d.limit(l))
	}
	return strings.Join(lines, "\n")
}

// limit reads a limit off the settings: what it is about, its figure, and its name
// there.
func (d *document) limit(l Limit) string {
	limits := reflect.ValueOf(d.cfg.Limits)
	field, _ := limits.Type().FieldByName(string(l)) // a test holds the names against the settings
	return fmt.Sprintf("%s: %s (`%s`)",
		strings.TrimSuffix(field.Tag.Get("doc"), "."), d.figure(limits.FieldByIndex(field.Index).Interface()), field.Tag.Get("env"))
}

func (d *document) figure(setting any) string {
	rates, ok := setting.(ratelimit.Rates)
	switch {
	case !ok:
		return fmt.Sprint(setting)
	case len(rates) == 0 || !d.cfg.RateLimits:
		return "no limit"
	}
	var all []string
	for _, r := range rates {
		all = append(all, fmt.Sprintf("%d %s", r.Limit, each(r.Per)))
	}
	return strings.Join(all, ", ")
}

// each says a span as people do.
func each(per time.Duration) string {
	switch per {
	case time.Second:
		return "a second"
	case time.Minute:
		return "a minute"
	case time.Hour:
		return "an hour"
	case 24 * time.Hour:
		return "a day"
	}
	return "in " + span(per)
}

// span is a duration in words, in the largest unit that needs no fraction.
func span(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := d / unit.length; d%unit.length == 0 && n > 1 {
			return fmt.Sprintf("%d %ss", n, unit.name)
		} else if d == unit.length {
			return "1 " + unit.name
		}
	}
	return d.String()
}

// fill puts the settings of the server into a text.
func (d *document) fill(text string) string {
	c := d.cfg
	return strings.NewReplacer(
		"{otp_ttl}", span(c.OTPTTL), "{link_ttl}", span(c.MagicLinkTTL), "{challenge_ttl}", span(c.ChallengeTTL),
		"{enroll_ttl}", span(c.EnrollTTL), "{photo_ttl}", span(c.PhotoURLTTL),
		"{token_ttl}", span(c.TokenTTL), "{idle_ttl}", span(c.TokenIdleTTL),
		"{code_tries}", fmt.Sprint(c.Limits.CodeTries), "{challenge_tries}", fmt.Sprint(c.Limits.ChallengeTries),
		"{devices}", fmt.Sprint(c.Limits.DevicesPerPerson), "{address}", c.PublicURL.String(),
	).Replace(text)
}
