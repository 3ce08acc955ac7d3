package config

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// faults gathers all that is wrong with the settings, so that whoever mends them need not
// start once for each. What follows from a fault is none of its own: a rule is asked only
// where nothing that it looks at is in doubt.
type faults struct {
	fields  []field
	told    []*Error
	doubted map[string]bool // settings that are wrong, or that an unknown name stands for
}

func (f *faults) tell(wrong *Error) {
	f.told = append(f.told, wrong)
	f.doubted[wrong.Name] = true
}

// unknown tells of names that are no settings, in the order of the alphabet.
func (f *faults) unknown(given map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if f.at(name) >= 0 {
			continue
		}
		meant := nearest(name, f.fields)
		f.tell(&Error{Name: printable(name), Unknown: true, Allowed: meant})
		if given[meant] == "" {
			f.doubted[meant] = true
		}
	}
}

// unfit tells of values that are wrong by themselves, whatever the others are. It takes
// out what is no text and cannot be read.
func (f *faults) unfit(given map[string]string) {
	for _, of := range f.fields {
		if value := given[of.env()]; value != "" && !of.takes(value) {
			f.tell(of.refuse(value))
			if of.Type.Kind() != reflect.String {
				given[of.env()] = ""
			}
		}
	}
}

// broken tells of the rules that the settings do not keep together.
func (f *faults) broken(rules []rule) {
	for _, r := range rules {
		if slices.ContainsFunc(r.of, func(name string) bool { return f.doubted[name] }) {
			continue
		}
		if wrong := r.check(); wrong != nil {
			f.tell(wrong)
		}
	}
}

// err has the unknown names first, and then the settings in their order.
func (f *faults) err() error {
	slices.SortStableFunc(f.told, func(a, b *Error) int { return cmp.Compare(f.at(a.Name), f.at(b.Name)) })
	return Join(f.told)
}

// at is where a setting stands in the table, -1 for one that is none.
func (f *faults) at(name string) int {
	return slices.IndexFunc(f.fields, func(of field) bool { return of.env() == name })
}

// takes tells whether a value is fine by itself.
func (f field) takes(value string) bool {
	if words := f.words(); len(words) > 0 && !slices.Contains(words, value) {
		return false
	}
	if fits := forms()[f.env()]; fits != nil && !fits(value) {
		return false
	}
	c, err := parse(map[string]string{f.env(): value})
	if err != nil {
		return false
	}
	n := reflect.ValueOf(c).FieldByIndex(f.Index)
	return !n.CanInt() || n.Int() >= f.bound("min") && n.Int() <= f.bound("max")
}

// bound reads a limit off a tag, as the number that the field itself would hold.
func (f field) bound(tag string) int64 {
	text := f.Tag.Get(tag)
	if d, err := time.ParseDuration(text); err == nil {
		return int64(d)
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// forms are what a text has to look like, where a setting does not take every one.
func forms() map[string]func(string) bool {
	return map[string]func(string) bool{
		"FLOWXI_ADDR":           validAddr,
		"FLOWXI_DATA_DIR":       func(text string) bool { return !strings.ContainsRune(text, 0) },
		"FLOWXI_DATABASE_URL":   hasDatabase,
		"FLOWXI_REDIS_URL":      func(text string) bool { return hasHost(text, "redis", "rediss") },
		"FLOWXI_STORAGE_URL":    func(text string) bool { return strings.HasPrefix(text, "s3://") }, // whose secret key may hold what no other URL may
		"FLOWXI_SMTP_URL":       func(text string) bool { return hasHost(text, "smtp", "smtps") },
		"FLOWXI_MAIL_FROM":      validSender,
		"FLOWXI_MAGIC_LINK_URL": validMagicLink,
		"FLOWXI_OPS_ADDR":       validAddr,
		"FLOWXI_TRACES_URL":     func(text string) bool { return hasHost(text, "http", "https") },
	}
}
