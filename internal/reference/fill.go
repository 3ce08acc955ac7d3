package reference

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/photo"
)

// Guide is what the guides in a language have from elsewhere, by the name that stands in
// two braces there: tables, and the settings and bounds of a server with these settings.
func Guide(cfg config.Config, catalogue *locale.Catalog, l account.Locale) map[string]string {
	all := (&document{cfg: cfg}).figures(l)
	all["errors"] = ErrorsIndex(catalogue, l)
	all["limits"] = LimitsTable(cfg, l)
	return all
}

// figures are the settings and the bounds of the server that texts name.
func (d *document) figures(l account.Locale) map[string]string {
	c := d.cfg
	say := sayer(l)
	return map[string]string{
		"otp_ttl": say.span(c.OTPTTL), "link_ttl": say.span(c.MagicLinkTTL), "challenge_ttl": say.span(c.ChallengeTTL),
		"enroll_ttl": say.span(c.EnrollTTL), "photo_ttl": say.span(c.PhotoURLTTL),
		"challenge_seconds": fmt.Sprint(int64(c.ChallengeTTL.Seconds())), "enroll_seconds": fmt.Sprint(int64(c.EnrollTTL.Seconds())),
		"token_ttl": say.span(c.TokenTTL), "idle_ttl": say.span(c.TokenIdleTTL),
		"code_tries": fmt.Sprint(c.Limits.CodeTries), "challenge_tries": fmt.Sprint(c.Limits.ChallengeTries),
		"devices":    fmt.Sprint(c.Limits.DevicesPerPerson),
		"twofa_rate": d.figureIn(c.Limits.TwoFAPerPerson, l), "photo_rate": d.figureIn(c.Limits.PhotoPerPerson, l),
		"body_size": say.size(api.MaxBody), "upload_size": say.size(api.MaxUpload),
		"body_depth": fmt.Sprint(api.MaxDepth), "language_size": say.size(locale.MaxHeader),
		"photo_size": say.size(photo.MaxBytes), "photo_pixels": say.megapixels(photo.MaxPixels), "photo_side": fmt.Sprint(photo.MaxSide),
		"password_min": fmt.Sprint(password.MinLength), "password_max": fmt.Sprint(password.MaxLength),
	}
}

// fill puts the settings and the bounds of the server into a text.
func (d *document) fill(text string) string {
	pairs := []string{"{address}", d.cfg.PublicURL.String()}
	for name, figure := range d.figures(english) {
		pairs = append(pairs, "{"+name+"}", figure)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// sayer says figures in a language.
type sayer account.Locale

// units are those of time, from the longest on.
var units = []struct {
	length          time.Duration
	english, french string
}{{24 * time.Hour, "day", "jour"}, {time.Hour, "hour", "heure"}, {time.Minute, "minute", "minute"}, {time.Second, "second", "seconde"}}

// span is a duration in words, in the largest unit that needs no fraction.
func (l sayer) span(d time.Duration) string {
	for _, unit := range units {
		if n := d / unit.length; d%unit.length == 0 && n > 0 {
			name := unit.english
			if l == sayer(french) {
				name = unit.french
			}
			if n > 1 {
				name += "s"
			}
			return fmt.Sprintf("%d %s", n, name)
		}
	}
	return d.String()
}

// size is a number of bytes in the largest unit that needs no fraction.
func (l sayer) size(bytes int) string {
	mega, kilo, unit := "MiB", "KiB", "bytes"
	if l == sayer(french) {
		mega, kilo, unit = "Mio", "Kio", "octets"
	}
	switch {
	case bytes%(1<<20) == 0:
		return fmt.Sprintf("%d %s", bytes>>20, mega)
	case bytes%(1<<10) == 0:
		return fmt.Sprintf("%d %s", bytes>>10, kilo)
	}
	return fmt.Sprintf("%d %s", bytes, unit)
}

func (l sayer) megapixels(pixels int) string {
	count := strconv.FormatFloat(float64(pixels)/1e6, 'f', -1, 64)
	if l == sayer(french) {
		return strings.Replace(count, ".", ",", 1) + " mégapixels"
	}
	return count + " megapixels"
}
