package reference

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/photo"
)

// fill puts the settings and the bounds of the server into a text.
func (d *document) fill(text string) string {
	c := d.cfg
	return strings.NewReplacer(
		"{otp_ttl}", span(c.OTPTTL), "{link_ttl}", span(c.MagicLinkTTL), "{challenge_ttl}", span(c.ChallengeTTL),
		"{enroll_ttl}", span(c.EnrollTTL), "{photo_ttl}", span(c.PhotoURLTTL),
		"{token_ttl}", span(c.TokenTTL), "{idle_ttl}", span(c.TokenIdleTTL),
		"{code_tries}", fmt.Sprint(c.Limits.CodeTries), "{challenge_tries}", fmt.Sprint(c.Limits.ChallengeTries),
		"{devices}", fmt.Sprint(c.Limits.DevicesPerPerson), "{address}", c.PublicURL.String(),
		"{body_size}", size(api.MaxBody), "{upload_size}", size(api.MaxUpload),
		"{photo_size}", size(photo.MaxBytes), "{photo_pixels}", megapixels(photo.MaxPixels), "{photo_side}", fmt.Sprint(photo.MaxSide),
		"{password_min}", fmt.Sprint(password.MinLength), "{password_max}", fmt.Sprint(password.MaxLength),
	).Replace(text)
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

// size is a number of bytes in the largest unit that needs no fraction.
func size(bytes int) string {
	switch {
	case bytes%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", bytes>>20)
	case bytes%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

func megapixels(pixels int) string {
	return strconv.FormatFloat(float64(pixels)/1e6, 'f', -1, 64) + " megapixels"
}
