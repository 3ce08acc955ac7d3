package api

import (
	"reflect"
	"slices"
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
)

func TestTheTableIsComplete(t *testing.T) {
	t.Parallel()
	operations, places := make(map[string]bool), make(map[string]bool)
	for _, r := range Routes() {
		place := r.Method + " " + r.Path
		if operations[r.Operation] || places[place] {
			t.Errorf("%s %s stands there twice", place, r.Operation)
		}
		operations[r.Operation], places[place] = true, true
		if r.Operation == "" || r.Tag == "" || r.Summary == "" || r.Access == 0 || len(r.Successes) == 0 || r.verb == nil || r.timeout == 0 {
			t.Errorf("%s lacks something: %+v", place, r)
		}
	}
	if len(places) < 21 {
		t.Errorf("only %d routes", len(places))
	}
}

func TestEveryOutcomeIsThatOfARoute(t *testing.T) {
	t.Parallel()
	var found []account.Outcome
	for _, r := range Routes() {
		for _, s := range r.Successes {
			found = append(found, s.Outcome)
		}
	}
	for _, o := range account.Outcomes() {
		if !slices.Contains(found, o) {
			t.Errorf("no route answers %s", o)
		}
	}
}

func TestEveryErrorIsThatOfARoute(t *testing.T) {
	t.Parallel()
	found := []account.Error{account.ErrNotFound, account.ErrMethodNotAllowed, account.ErrForbidden} // of no route in particular
	for _, r := range Routes() {
		found = append(found, r.AllErrors()...)
	}
	for _, e := range account.Errors() {
		if !slices.Contains(found, e) {
			t.Errorf("no route refuses with %s", e.Code)
		}
	}
}

func TestEveryLimitIsASetting(t *testing.T) {
	t.Parallel()
	settings := reflect.TypeFor[config.Limits]()
	met := make(map[Limit]bool)
	for _, r := range Routes() {
		for _, l := range r.AllLimits() {
			met[l] = true
			if _, ok := settings.FieldByName(string(l)); !ok {
				t.Errorf("%s is no setting", l)
			}
		}
	}
	for f := range settings.Fields() {
		if !met[Limit(f.Name)] {
			t.Errorf("no route meets the limit %s", f.Name)
		}
	}
}

func TestInputsDescribeTheirFields(t *testing.T) {
	t.Parallel()
	for _, r := range Routes() {
		if r.Body() == nil {
			continue
		}
		if r.Body() == r.Body() {
			t.Errorf("%s gives the same input twice", r.Operation)
		}
		for _, f := range r.Body().Fields() {
			if f.Name == "" || f.Rule.Schema.Description == "" {
				t.Errorf("%s: a field lacks a name or a description: %+v", r.Operation, f)
			}
		}
	}
}

// Every language has the keys of French: internal/locale sees to that.
func TestEveryFieldHasANameInSentences(t *testing.T) {
	t.Parallel()
	catalog, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	fields := []string{PhotoField}
	for _, r := range Routes() {
		if r.Body() == nil {
			continue
		}
		for _, f := range r.Body().Fields() {
			fields = append(fields, f.Name)
		}
	}
	for _, f := range fields {
		if key := "field." + f; catalog.Text(locale.Default, key, nil) == key {
			t.Errorf("%s is missing: a sentence would call the field by its name in the body", key)
		}
	}
}

func TestEveryBearerRouteRefusesStrangers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, r := range Routes() {
		if r.Access != Bearer {
			continue
		}
		w := ask(s, r.Method, Prefix+r.Path, "not even a body")
		expect(t, w, 401, "UNAUTHENTICATED")
		expectHeader(t, w, "WWW-Authenticate", "Bearer")
	}
}
