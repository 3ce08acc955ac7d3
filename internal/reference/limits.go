package reference

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/ratelimit"
)

// LimitsTable is a Markdown table of every limit: what it counts, its
// value on a server with these settings, and what happens past it.
func LimitsTable(cfg config.Config) string {
	d := &document{cfg: cfg}
	rows := []string{"| Counts | Limit | Past it | Setting |", "|---|---|---|---|"}
	limits := reflect.ValueOf(cfg.Limits)
	for i := range limits.NumField() {
		f := limits.Type().Field(i)
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | `%s` |",
			f.Tag.Get("doc"), d.figure(limits.Field(i).Interface()), pastLimit(f.Name), f.Tag.Get("env")))
	}
	return strings.Join(rows, "\n") + "\n"
}

// pastLimit tells what becomes of a request that a limit is over for.
func pastLimit(limit string) string {
	switch limit {
	case "CodeTries":
		return linkedCode(account.ErrOTPInvalid) + ", for the right digits too: a new code is needed."
	case "ChallengeTries":
		return linkedCode(account.ErrTwoFAChallengeExpired) + ": the login begins again."
	case "DevicesPerPerson":
		return "Nothing is refused: the device longest unused is logged out."
	}
	return linkedCode(account.ErrTooManyRequests) + ", with `Retry-After`."
}

// limits lists the limits of a route in words, as a list in Markdown.
func (d *document) limits(r api.Route) string {
	var lines []string
	for _, l := range r.AllLimits() {
		lines = append(lines, "- "+d.limit(l))
	}
	return strings.Join(lines, "\n")
}

// limit reads a limit off the settings: what it is about, its figure, and its name
// there.
func (d *document) limit(l api.Limit) string {
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
