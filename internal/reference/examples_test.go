package reference

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	validator "github.com/pb33f/libopenapi-validator"
	validation "github.com/pb33f/libopenapi-validator/config"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/form"
	"flowxi.app/flowxi/internal/header"
)

// TestTheExamplesFitTheDocument plays each example as an exchange.
func TestTheExamplesFitTheDocument(t *testing.T) {
	t.Parallel()
	cfg, catalogue := usual(t)
	yaml, _ := openAPI(t)
	_, m := model(t, yaml)
	v := validator.NewValidatorFromV3Model(m, validation.WithFormatAssertions())
	d := newDocument(cfg, catalogue)
	for _, r := range api.Routes() {
		if r.Body() != nil {
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
					t.Errorf("the example of %s of %s, which shapes.go makes: %v", e.name, r.Operation, problems)
				}
			}
		}
	}
}

func exampleRequest(r api.Route, body []byte) *http.Request {
	req, _ := http.NewRequest(r.Method, "http://localhost:8080"+api.Prefix+r.Path, bytes.NewReader(body)) // both are ours
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
	header.Data.Set(h)
	for name, value := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Vary": "X-App-Locale", "Content-Language": "en", api.RequestIDHeader: "a",
		"WWW-Authenticate": "Bearer", "Retry-After": "1",
	} {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader(body))}
}

func TestTheExampleRequestsGoThrough(t *testing.T) {
	t.Parallel()
	for _, r := range api.Routes() {
		if r.Body() == nil {
			continue
		}
		body, err := toJSON(requestExample(r.Body()))
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]jsontext.Value
		if err := json.Unmarshal(body, &members); err != nil {
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
	cfg, _ := usual(t)
	s := newSchemas(cfg)
	for _, r := range api.Routes() {
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
				_, own := s.facts[schema.name+"."+property.name]
				if _, common := s.facts[property.name]; !common && !own && property.name != "data" {
					t.Errorf("facts.go knows nothing of %s.%s", schema.name, property.name)
				}
			}
		}
	}
}
