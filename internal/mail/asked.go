package mail

import (
	"strconv"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// fact is one thing that a mail tells of the request behind it.
type fact struct{ Label, Value string }

// facts tell when, by which device and from where a mail was asked for. Where its reader
// is nobody knows, so the time is UTC and says so; and of an address nothing is guessed.
func (r *Renderer) facts(l account.Locale, asker *account.Asker, asked time.Time) []fact {
	label := func(key string) string { return r.catalog.Text(l, "mail.asked."+key, nil) }
	list := []fact{{label("date"), r.date(l, asked)}}
	if asker == nil {
		return list
	}
	list = append(list, fact{label("device"), r.device(l, asker.Agent)})
	if asker.Address != "" {
		list = append(list, fact{label("address"), asker.Address})
	}
	return list
}

// device names what somebody asked with, as "Safari on iPhone".
func (r *Renderer) device(l account.Locale, a account.Agent) string {
	switch {
	case a.Browser != "" && a.System != "":
		return r.catalog.Text(l, "mail.device.both", map[string]any{"Browser": a.Browser, "System": a.System})
	case a.Browser != "" || a.System != "":
		return a.Browser + a.System
	}
	return r.catalog.Text(l, "mail.device.unknown", nil)
}

// date writes a time as a day and a time of day in UTC.
func (r *Renderer) date(l account.Locale, t time.Time) string {
	t = t.UTC()
	return r.catalog.Text(l, "mail.date", map[string]any{
		"Day":   r.catalog.Text(l, "mail.day", map[string]any{"Count": t.Day()}),
		"Month": r.catalog.Text(l, "mail.month."+strconv.Itoa(int(t.Month())), nil),
		"Year":  t.Year(),
		"Time":  t.Format("15:04"),
	})
}
