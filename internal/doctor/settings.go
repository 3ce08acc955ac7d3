package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/config"
)

// settings tells what the settings make of the instance. Those that no server would start
// with never come here.
func (p *patient) settings(context.Context) (list []Finding) {
	for _, text := range p.cfg.Warnings() {
		list = append(list, warn(text, "Change it, unless it is meant so: flowxi serve --help explains each setting.")...)
	}
	database, limits, photos := "SQLite", "this server's memory", "a folder"
	if p.cfg.DatabaseURL != "" {
		database = "PostgreSQL"
	}
	if p.cfg.RedisURL != "" {
		limits = "Redis"
	}
	if p.cfg.StorageURL != "" {
		photos = "S3"
	}
	return or(list, "%s at %s: data in %s, limits in %s, photos in %s", p.cfg.Environment, p.cfg.PublicURL, database, limits, photos)
}

// Unsettled tells which settings are wrong, where that is why there are none to look at
// anything with.
func Unsettled(err error) (list []Finding) {
	for _, wrong := range config.Wrong(err) {
		do := "Mend " + wrong.Name + "."
		switch {
		case wrong.Unknown:
			do = "Correct the name, or remove it."
		case wrong.Given == "":
			do = "Set " + wrong.Name + "."
		}
		list = append(list, noStart(wrong, do)...)
	}
	if len(list) == 0 {
		list = noStart(err, "Mend the settings.")
	}
	for i := range list {
		list[i].Check = "settings"
	}
	return list
}

// server asks the server of this machine.
func (p *patient) server(ctx context.Context) []Finding {
	if p.Server == nil {
		return skip("nobody is asked")
	}
	says, err := p.Server(ctx)
	if err != nil {
		return warn("no server answers on this machine that it is well: "+err.Error(),
			"Start it, or read its log. Where it runs on another machine, run flowxi doctor there too.")
	}
	if says.Environment != p.cfg.Environment {
		return warn(fmt.Sprintf("the one at %s is of the environment %s, and these settings are of %s", p.cfg.Addr, says.Environment, p.cfg.Environment),
			"Give flowxi doctor the settings of the server: flowxi-admin has those of the Debian package.")
	}
	return well("it answers %q at %s", says.Status, p.cfg.Addr)
}

// How far clocks may be apart. Codes of the second factor are of 30 seconds.
const (
	clockDrift = 3 * time.Second
	clockFalse = 30 * time.Second
)

const mendClock = "Have every machine take its time from NTP (timedatectl status), and let it be slewed, never stepped."

// clock compares the clock of this machine with those of the services. One that does not
// answer is told of by the check of its service.
func (p *patient) clock(ctx context.Context) (list []Finding) {
	var compared []string
	for _, c := range p.clocks(ctx) {
		before := p.Now()
		theirs, err := c.ask()
		if err != nil || theirs.IsZero() {
			continue
		}
		spent := p.Now().Sub(before)
		list = append(list, drifted(c.whose, theirs.Sub(before.Add(spent/2)).Abs()-spent/2)...)
		compared = append(compared, c.whose)
	}
	if newest := p.newestEvent(ctx); !newest.IsZero() {
		list = append(list, drifted("the newest event of the audit trail", newest.Sub(p.Now()))...)
		compared = append(compared, "the newest event")
	}
	if len(compared) == 0 {
		return skip("there is no other clock to compare with")
	}
	return or(list, "%s, in step with %s", p.Now().UTC().Format("2006-01-02 15:04:05Z"), strings.Join(compared, ", "))
}

// timepiece is the clock of a service.
type timepiece struct {
	whose string
	ask   func() (time.Time, error)
}

func (p *patient) clocks(ctx context.Context) (list []timepiece) {
	if p.database.err == nil {
		list = append(list, timepiece{"PostgreSQL", func() (time.Time, error) {
			f, err := p.database.it.Facts(ctx)
			return f.Now, err
		}})
	}
	if p.cfg.RedisURL != "" {
		list = append(list, timepiece{"Redis", func() (time.Time, error) {
			f, err := p.inspectRedis(ctx)
			return f.Now, err
		}})
	}
	return list
}

// newestEvent is when the audit trail was last written, which was not in the future.
func (p *patient) newestEvent(ctx context.Context) time.Time {
	if p.database.err != nil {
		return time.Time{}
	}
	newest, err := p.database.it.AuditLatest(ctx, 1)
	if err != nil || len(newest) == 0 {
		return time.Time{}
	}
	return newest[0].At
}

// drifted tells the distance in whole seconds, as the time of the question itself is in it.
func drifted(whose string, off time.Duration) []Finding {
	found := fmt.Sprintf("the clock here and that of %s are %s apart", whose, off.Round(time.Second))
	switch {
	case off > clockFalse:
		return fail(found+": codes of second factors are refused", mendClock)
	case off > clockDrift:
		return warn(found, mendClock)
	}
	return nil
}
