package authtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Matches demands that the answer is the template, member for member. Where the
// template has one of the strings "$text", "$int", "$bool", "$time" and "$token",
// anything of that form will do.
func (a *Answer) Matches(template string) *Answer {
	a.t.Helper()
	want, err := decode([]byte(template))
	if err != nil {
		a.t.Fatalf("the template is not JSON: %v", err)
	}
	got, err := decode(a.Body)
	if err != nil {
		a.Fail("the answer is not JSON: %v", err)
	}
	if err := match("the answer", want, got); err != nil {
		a.Fail("%v", err)
	}
	return a
}

var forms = map[string]*regexp.Regexp{
	"$text":  regexp.MustCompile(`^".+"$`),
	"$int":   regexp.MustCompile(`^-?\d+$`),
	"$bool":  regexp.MustCompile(`^(true|false)$`),
	"$time":  regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"$`),
	"$token": regexp.MustCompile(`^"\d+\|fx[ps]_[0-9A-Za-z_-]{46,}"$`),
}

func match(path string, want, got any) error {
	switch w := want.(type) {
	case map[string]any:
		return matchObject(path, w, got)
	case []any:
		return matchList(path, w, got)
	case string:
		if form := forms[w]; form != nil {
			return matchForm(path, w, form, got)
		}
	}
	if want != got {
		return fmt.Errorf("%s is %#v, want %#v", path, got, want)
	}
	return nil
}

func matchForm(path, name string, form *regexp.Regexp, got any) error {
	text, err := json.Marshal(got)
	if err != nil {
		return err
	}
	if !form.Match(text) {
		return fmt.Errorf("%s is %s, want %s", path, text, name)
	}
	return nil
}

func matchObject(path string, want map[string]any, got any) error {
	object, ok := got.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is %#v, want an object", path, got)
	}
	names, wanted := slices.Sorted(maps.Keys(object)), slices.Sorted(maps.Keys(want))
	if !slices.Equal(names, wanted) {
		return fmt.Errorf("%s has the members %v, want %v", path, names, wanted)
	}
	for _, name := range names {
		if err := match(path+"."+name, want[name], object[name]); err != nil {
			return err
		}
	}
	return nil
}

func matchList(path string, want []any, got any) error {
	list, ok := got.([]any)
	if !ok || len(list) != len(want) {
		return fmt.Errorf("%s is %#v, want a list of %d", path, got, len(want))
	}
	for i := range list {
		if err := match(fmt.Sprintf("%s.%d", path, i), want[i], list[i]); err != nil {
			return err
		}
	}
	return nil
}
