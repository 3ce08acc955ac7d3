package reference

import (
	"slices"
	"strconv"
	"strings"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
)

// answers are all answers of a route that have one status.
type answers struct {
	status    int
	successes []api.Success
	errors    []account.Error
}

func (s answers) text() string { return strconv.Itoa(s.status) }

// describe lists the codes, each with when it is answered.
func (s answers) describe() string {
	var lines []string
	for _, o := range s.successes {
		lines = append(lines, "`"+string(o.Outcome)+"`: "+outcomeMeaning(o.Outcome))
	}
	for _, e := range s.errors {
		lines = append(lines, "`"+e.Code+"`: "+meaningOf(e).when)
	}
	if len(lines) == 1 {
		return lines[0]
	}
	return "- " + strings.Join(lines, "\n- ")
}

// statusesOf sorts the answers of a route by status.
func statusesOf(r api.Route) []answers {
	byStatus := map[int]*answers{statusOK: {status: statusOK, successes: r.Successes}}
	for _, e := range r.AllErrors() {
		status := api.StatusOf(e.Kind)
		if byStatus[status] == nil {
			byStatus[status] = &answers{status: status}
		}
		byStatus[status].errors = append(byStatus[status].errors, e)
	}
	var all []answers
	for _, a := range byStatus {
		all = append(all, *a)
	}
	slices.SortFunc(all, func(a, b answers) int { return a.status - b.status })
	return all
}

func (d *document) responses(r api.Route) (object, error) {
	var all object
	for _, a := range statusesOf(r) {
		response, err := d.response(r, a)
		if err != nil {
			return nil, err
		}
		all = append(all, member{a.text(), response})
	}
	return all, nil
}

// response describes all answers of one status. What is the same wherever it is
// answered stands among the components.
func (d *document) response(r api.Route, a answers) (object, error) {
	if a.isCommon(r) {
		return d.share(r, a.errors[0])
	}
	return d.spell(r, a)
}

// isCommon tells whether an answer is the same on all routes that have it.
func (s answers) isCommon(r api.Route) bool {
	return len(s.errors) == 1 && !r.IsFree() &&
		s.errors[0] != account.ErrValidationFailed && !slices.Contains(r.Errors, s.errors[0])
}

func (d *document) share(r api.Route, e account.Error) (object, error) {
	name := camel(e.Code)
	if !d.has[name] {
		response, err := d.spell(r, answers{status: api.StatusOf(e.Kind), errors: []account.Error{e}})
		if err != nil {
			return nil, err
		}
		d.has[name] = true
		d.shared = append(d.shared, member{name, response})
	}
	return ref("responses", name), nil
}

// addStrays describes what no route answers: unknown paths and methods.
func (d *document) addStrays() error {
	for _, e := range []account.Error{account.ErrNotFound, account.ErrMethodNotAllowed, account.ErrForbidden} {
		if _, err := d.share(api.Route{}, e); err != nil {
			return err
		}
	}
	return nil
}

// camel turns TOO_MANY_REQUESTS into TooManyRequests.
func camel(code string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(strings.ToLower(code), "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func (d *document) spell(r api.Route, a answers) (object, error) {
	examples, err := d.exampleObject(r, a)
	if err != nil {
		return nil, err
	}
	return object{
		{"description", a.describe()},
		{"headers", responseHeaders(a.status, r.IsFree())},
		{"content", object{{"application/json", object{
			{"schema", d.answerSchema(a)},
			{"examples", examples},
		}}}},
	}, nil
}

// answerSchema narrows the schemas of the answers to the codes that they carry here.
func (d *document) answerSchema(a answers) object {
	if len(a.errors) > 0 {
		return d.refusalSchema(a.errors)
	}
	if len(a.successes) == 1 {
		return d.successSchema(a.successes[0])
	}
	return d.variants(a.successes)
}

func (d *document) successSchema(s api.Success) object {
	return coded(d.schemas.answer(s.Answer), string(s.Outcome))
}

// variants tells answers apart by their codes. A discriminator can only name components, and
// without one what is generated from the document takes any answer for the first variant.
func (d *document) variants(successes []api.Success) object {
	var choices list
	var mapping object
	for _, s := range successes {
		name := camel(string(s.Outcome))
		choices = append(choices, d.schemas.add(name, func() object { return d.successSchema(s) }))
		mapping = append(mapping, member{string(s.Outcome), pointer("schemas", name)})
	}
	return object{{"oneOf", choices}, {"discriminator", object{{"propertyName", "code"}, {"mapping", mapping}}}}
}

func (d *document) refusalSchema(errors []account.Error) object {
	var codes []string
	for _, e := range errors {
		codes = append(codes, e.Code)
	}
	schema := coded(d.schemas.answer(&api.Refused{}), codes...)
	return schema.when(errors[0] == account.ErrValidationFailed, "required", list{"errors"})
}

// coded is a schema whose code is one of a few.
func coded(schema object, codes ...string) object {
	var all list
	for _, c := range codes {
		all = append(all, c)
	}
	code := object{{"type", "string"}, {"enum", all}} // without a type it is anything to who generates from it
	if len(codes) == 1 {
		code = object{{"type", "string"}, {"const", codes[0]}}
	}
	return object{{"allOf", list{schema}}, {"properties", object{{"code", code}}}}
}

// exampleObject has an example of each code, and of each error that people are to
// read one in French.
func (d *document) exampleObject(r api.Route, a answers) (object, error) {
	examples, err := d.examples.all(r, a, english, french)
	if err != nil {
		return nil, err
	}
	var all object
	for _, e := range examples {
		all = append(all, e.member())
	}
	return all, nil
}

func (n named) member() member {
	return member{n.name, object{}.when(n.summary != "", "summary", n.summary).and(member{"value", n.value})}
}
