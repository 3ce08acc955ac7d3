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

// LimitsTable is a Markdown table of every limit, in English or in French: what it counts,
// its value on a server with these settings, and what happens past it.
func LimitsTable(cfg config.Config, l account.Locale) string {
	d := &document{cfg: cfg}
	head := "| Counts | Limit | Past it | Setting |"
	if l == french {
		head = "| Ce qui est compté | Limite | Au-delà | Réglage |"
	}
	rows := []string{head, "|---|---|---|---|"}
	limits := reflect.ValueOf(cfg.Limits)
	for i := range limits.NumField() {
		f := limits.Type().Field(i)
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | `%s` |",
			countedBy(f, l), d.figureIn(limits.Field(i).Interface(), l), pastLimit(f.Name, l), f.Tag.Get("env")))
	}
	return strings.Join(rows, "\n") + "\n"
}

// countedBy tells what the limit of a setting counts.
func countedBy(f reflect.StructField, l account.Locale) string {
	if l == french {
		return limitsInFrench[f.Name]
	}
	return f.Tag.Get("doc")
}

// limitsInFrench tells in French what each limit counts, by its field of the settings, which
// say it in English.
var limitsInFrench = map[string]string{ //nolint:gosec // it tells of codes and tokens, and has none
	"MailPerEmail":         "Les e-mails d’inscription envoyés à une même adresse.",
	"MailPerNetwork":       "Les e-mails d’inscription demandés depuis un même réseau.",
	"CodePerEmail":         "Les vérifications de codes d’inscription pour une même adresse e-mail.",
	"CodePerNetwork":       "Les vérifications de codes d’inscription venant d’un même réseau.",
	"LoginPerEmailNetwork": "Les échecs de connexion pour une même adresse e-mail depuis un même réseau.",
	"LoginPerEmail":        "Les échecs de connexion pour une même adresse e-mail depuis des appareils que la personne n’a jamais utilisés.",
	"LoginPerNetwork":      "Les échecs de connexion venant d’un même réseau.",
	"LoginPerDevice":       "Les échecs de connexion sur l’un des appareils que la personne a déjà utilisés.",
	"TwoFAPerPerson":       "Les codes du second facteur pour une même personne.",
	"TwoFAPerNetwork":      "Les codes du second facteur venant d’un même réseau.",
	"PhotoPerPerson":       "Les photos envoyées par une même personne.",
	"RequestsPerNetwork":   "Les requêtes de toute sorte venant d’un même réseau.",
	"RequestsPerToken":     "Les requêtes de toute sorte faites avec un même jeton.",
	"CodeTries":            "Les essais erronés qui mettent fin à un code d’inscription.",
	"ChallengeTries":       "Les codes erronés qui mettent fin à une connexion en attente de son second facteur.",
	"DevicesPerPerson":     "Les appareils sur lesquels une même personne peut être connectée.",
}

// consequence is what becomes of a request that a limit is over for: the refusal, if it is
// refused, and what there is to say of it.
type consequence struct {
	refusal         account.Error
	english, french string
}

var consequences = map[string]consequence{
	"CodeTries":        {account.ErrOTPInvalid, ", for the right digits too: a new code is needed.", ", même pour les bons chiffres\u00a0: il faut un nouveau code."},
	"ChallengeTries":   {account.ErrTwoFAChallengeExpired, ": the login begins again.", "\u00a0: la connexion est à recommencer."},
	"DevicesPerPerson": {account.Error{}, "Nothing is refused: the device longest unused is logged out.", "Rien n’est refusé\u00a0: de tous les appareils, celui qui n’a pas servi depuis le plus longtemps est déconnecté."},
}

// pastLimit tells what becomes of a request that a limit is over for.
func pastLimit(limit string, l account.Locale) string {
	c, ok := consequences[limit]
	if !ok {
		c = consequence{account.ErrTooManyRequests, ", with `Retry-After`.", ", avec `Retry-After`."}
	}
	words := c.english
	if l == french {
		words = c.french
	}
	if c.refusal.Code == "" {
		return words
	}
	return linkedCode(c.refusal) + words
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

func (d *document) figure(setting any) string { return d.figureIn(setting, english) }

func (d *document) figureIn(setting any, l account.Locale) string {
	none := "no limit"
	if l == french {
		none = "aucune limite"
	}
	rates, ok := setting.(ratelimit.Rates)
	switch {
	case !ok:
		return fmt.Sprint(setting)
	case len(rates) == 0 || !d.cfg.RateLimits:
		return none
	}
	var all []string
	for _, r := range rates {
		all = append(all, fmt.Sprintf("%d %s", r.Limit, sayer(l).each(r.Per)))
	}
	return strings.Join(all, ", ")
}

// each says the span of a rate as people do.
func (l sayer) each(per time.Duration) string {
	said := l.span(per)
	one, isOne := strings.CutPrefix(said, "1 ")
	switch {
	case l == sayer(french) && isOne:
		return "par " + one
	case l == sayer(french):
		return "en " + said
	case one == "hour":
		return "an hour"
	case isOne:
		return "a " + one
	}
	return "in " + said
}
