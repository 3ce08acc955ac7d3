package ratelimit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	maxLimit = 100_000
	minPer   = time.Second
	maxPer   = 7 * 24 * time.Hour

	off = "off"
)

// Allowed says which texts Rates are read from.
var Allowed = fmt.Sprintf("rates such as 5/1m,20/1h (at most 5 in a minute and 20 in an hour; up to %d, in whole seconds from %s to %s, each time once), or off",
	maxLimit, Rate{Per: minPer}.per(), Rate{Per: maxPer}.per())

// Rate admits Limit events in any span of Per. Its text is "5/1m".
type Rate struct {
	Limit int
	Per   time.Duration
}

// String returns the text that UnmarshalText reads, in the largest unit that
// needs no fraction.
func (r Rate) String() string { return string(r.append(nil)) }

func (r Rate) append(b []byte) []byte {
	b = append(strconv.AppendInt(b, int64(r.Limit), 10), '/')
	return append(b, r.per()...)
}

func (r Rate) per() string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if r.Per%unit.length == 0 {
			return strconv.FormatInt(int64(r.Per/unit.length), 10) + unit.name
		}
	}
	return r.Per.String()
}

// UnmarshalText reads a rate: a number from 1 to 100000, a slash, and a
// duration in whole seconds from 1s to 168h.
func (r *Rate) UnmarshalText(text []byte) error {
	limit, per, found := strings.Cut(string(text), "/")
	if !found {
		return fmt.Errorf(`%q is no rate: write it as in "5/1m"`, text)
	}
	n, err := strconv.ParseUint(limit, 10, 32)
	if err != nil || n < 1 || n > maxLimit {
		return fmt.Errorf("%q is no rate: before the slash stands a number from 1 to %d", text, maxLimit)
	}
	d, err := time.ParseDuration(per)
	if err != nil || d < minPer || d > maxPer || d%time.Second != 0 {
		return fmt.Errorf("%q is no rate: after the slash stands a duration in whole seconds from 1s to 168h", text)
	}
	*r = Rate{Limit: int(n), Per: d}
	return nil
}

// Rates hold all at once; none is no limit. The text is "1/1m,5/1h", or "off"
// where there is none.
type Rates []Rate

// String returns the text that UnmarshalText reads.
func (r Rates) String() string {
	if len(r) == 0 {
		return off
	}
	texts := make([]string, len(r))
	for i := range r {
		texts[i] = r[i].String()
	}
	return strings.Join(texts, ",")
}

// UnmarshalText reads "off", or rates with commas between them, no two of them
// for the same duration.
func (r *Rates) UnmarshalText(text []byte) error {
	if strings.TrimSpace(string(text)) == off {
		*r = nil
		return nil
	}
	var rates Rates
	for part := range strings.SplitSeq(string(text), ",") {
		var rate Rate
		if err := rate.UnmarshalText([]byte(strings.TrimSpace(part))); err != nil {
			return err
		}
		if rates.has(rate.Per) {
			return fmt.Errorf("%q gives two rates for the same duration", text)
		}
		rates = append(rates, rate)
	}
	*r = rates
	return nil
}

func (r Rates) has(per time.Duration) bool {
	for _, rate := range r {
		if rate.Per == per {
			return true
		}
	}
	return false
}
