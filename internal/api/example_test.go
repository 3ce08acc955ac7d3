package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	validator "github.com/pb33f/libopenapi-validator"
	validation "github.com/pb33f/libopenapi-validator/config"
	"go.yaml.in/yaml/v4"

	"flowxi.app/flowxi/internal/form"
	"flowxi.app/flowxi/internal/ratelimit"
)

// TestTheExamplesFitTheDocument plays each example as an exchange.
func TestTheExamplesFitTheDocument(t *testing.T) {
	t.Parallel()
	cfg, catalogue := usual(t)
	yaml, _ := openAPI(t)
	_, m := model(t, yaml)
	v := validator.NewValidatorFromV3Model(m, validation.WithFormatAssertions())
	d := newDocument(cfg, catalogue)
	for _, r := range Routes() {
		if r.body != nil {
			body, err := toJSON(requestExample(r.Body()))
			if err != nil {
				t.Fatal(err)
			}
			if ok, problems := v.ValidateHttpRequestSync(exampleRequest(r, body)); !ok {
				t.Errorf("the request of %s: %v", r.Operation, problems)
			}
		}
		for _, a := range statusesOf(r) {
			examples, err := d.exampleObject(r, a)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range examples {
				if ok, problems := v.ValidateHttpResponse(exampleRequest(r, nil), exampleResponse(t, a.status, e)); !ok {
					t.Errorf("%s of %s: %v", e.name, r.Operation, problems)
				}
			}
		}
	}
}

func exampleRequest(r Route, body []byte) *http.Request {
	req, _ := http.NewRequest(r.Method, "http://localhost:8080"+Prefix+r.Path, bytes.NewReader(body)) // both are ours
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+exampleToken)
	return req
}

func exampleResponse(t *testing.T, status int, example member) *http.Response {
	t.Helper()
	o := example.value.(object)
	body, err := toJSON(o[len(o)-1].value)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for name, value := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Content-Language": "en", requestIDHeader: "a",
		"WWW-Authenticate": "Bearer", "Retry-After": "1",
	} {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader(body))}
}

func TestTheExampleRequestsGoThrough(t *testing.T) {
	t.Parallel()
	for _, r := range Routes() {
		if r.Body() == nil {
			continue
		}
		body, err := toJSON(requestExample(r.Body()))
		if err != nil {
			t.Fatal(err)
		}
		members, err := parseObject(body)
		if err != nil {
			t.Fatal(err)
		}
		if problems := form.Decode(members, r.Body(), exampleTime()); len(problems) > 0 {
			t.Errorf("%s: %v", r.Operation, problems)
		}
		if len(wrongBody(r)) == 0 {
			t.Errorf("%s has no example of a wrong body", r.Operation)
		}
	}
}

func TestEveryMemberOfAnAnswerIsOfAKindThatTheDocumentKnows(t *testing.T) {
	t.Parallel()
	known := commonFacts
	s := newSchemas()
	for _, r := range Routes() {
		for _, success := range r.Successes {
			s.answer(success.Answer)
		}
	}
	for _, schema := range s.all {
		for _, part := range schema.value.(object) {
			if part.name != "properties" {
				continue
			}
			for _, property := range part.value.(object) {
				_, own := ownFacts[schema.name+"."+property.name]
				if _, common := known[property.name]; !common && !own && property.name != "data" {
					t.Errorf("nothing is known of %s.%s", schema.name, property.name)
				}
			}
		}
	}
}

func TestBothFormsOfATreeSayTheSame(t *testing.T) {
	t.Parallel()
	tree := object{
		{"z", list{1, true, nil, "two\nlines\n", object{}, list{}}},
		{"a", object{{"yes", "no"}, {"date", "2026-01-09"}, {"number", "0123"}, {"colon", "a: b # c"}, {"empty", ""}, {"html", "<é> & '\""}}},
	}
	fromJSON, err := toJSON(tree)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := toYAML(tree)
	if err != nil {
		t.Fatal(err)
	}
	var one, other any
	if err := json.Unmarshal(fromJSON, &one); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(asYAML, &other); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &other); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("%s\n%s", asYAML, diff)
	}
	if !strings.HasPrefix(string(asYAML), "z:") {
		t.Errorf("the order is lost:\n%s", asYAML)
	}
	again, err := parseTree(jsontext.NewDecoder(bytes.NewReader(fromJSON)))
	if diff := cmp.Diff(any(tree), again, cmp.AllowUnexported(member{})); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestATreeRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, wrong := range []any{1.5, object{{"a", struct{}{}}}, list{object{{"b", []int{1}}}}} {
		if text, err := toJSON(wrong); err == nil {
			t.Errorf("%#v became %s", wrong, text)
		}
	}
}

func TestFiguresReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	on, off := &document{}, &document{}
	on.cfg.RateLimits = true
	rates := ratelimit.Rates{{Limit: 1, Per: time.Minute}, {Limit: 5, Per: time.Hour}, {Limit: 10, Per: 24 * time.Hour}}
	for _, tt := range []struct {
		d       *document
		setting any
		want    string
	}{
		{on, rates, "1 a minute, 5 an hour, 10 a day"},
		{on, ratelimit.Rates{{Limit: 10, Per: 10 * time.Minute}}, "10 in 10 minutes"},
		{on, ratelimit.Rates{{Limit: 3, Per: 90 * time.Second}, {Limit: 4, Per: time.Second}}, "3 in 90 seconds, 4 a second"},
		{on, ratelimit.Rates{{Limit: 3, Per: 48 * time.Hour}}, "3 in 2 days"},
		{on, ratelimit.Rates(nil), "no limit"},
		{off, rates, "no limit"},
		{off, 5, "5"},
	} {
		if got := tt.d.figure(tt.setting); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
