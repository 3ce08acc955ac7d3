package authtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	validation "github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"
	"golang.org/x/text/unicode/norm"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/reference"
)

// documented is what the document says, ready to be looked up.
type documented struct {
	operations map[string]operation // by method and path
	refusals   map[string]refusal   // by code, those that are the same everywhere
	envelopes  schema_validation.SchemaValidator
}

// operation is one thing that the document says can be asked.
type operation struct {
	codes map[int]map[string]bool // by status
	texts map[string]bool         // members of the body, and whether they are taken as they are
}

type refusal struct {
	schema  *base.Schema
	headers []string // that it must have
}

func newJudge() (*judge, error) {
	cfg, err := config.Load(nil)
	if err != nil {
		return nil, err
	}
	catalogue, err := locale.New()
	if err != nil {
		return nil, err
	}
	text, _, err := reference.OpenAPI(cfg, catalogue, "test")
	if err != nil {
		return nil, err
	}
	parsed, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	model, err := parsed.BuildV3Model()
	if err != nil {
		return nil, err
	}
	strict := validation.WithFormatAssertions()
	return &judge{
		document:  read(&model.Model, schema_validation.NewSchemaValidator(strict)),
		validator: validator.NewValidatorFromV3Model(&model.Model, strict),
		seen:      make(map[string]int),
		fully:     fullChecks,
	}, nil
}

func read(m *v3.Document, envelopes schema_validation.SchemaValidator) documented {
	d := documented{operations: make(map[string]operation), refusals: make(map[string]refusal), envelopes: envelopes}
	for path, item := range m.Paths.PathItems.FromOldest() {
		for method, o := range item.GetOperations().FromOldest() {
			d.operations[strings.ToUpper(method)+" "+basePath+path] = readOperation(o)
		}
	}
	for _, response := range m.Components.Responses.FromOldest() {
		r := refusal{schema: schemaOf(response)}
		for name, h := range response.Headers.FromOldest() {
			if h.Required {
				r.headers = append(r.headers, name)
			}
		}
		for code := range codesOf(r.schema) {
			d.refusals[code] = r
		}
	}
	return d
}

func readOperation(o *v3.Operation) operation {
	read := operation{codes: make(map[int]map[string]bool), texts: make(map[string]bool)}
	for status, response := range o.Responses.Codes.FromOldest() {
		n, _ := strconv.Atoi(status) // the document is valid, as its own tests show
		read.codes[n] = codesOf(schemaOf(response))
	}
	if o.RequestBody == nil {
		return read
	}
	media, ok := lookUp(o.RequestBody.Content, "application/json")
	if !ok {
		return read
	}
	for name, property := range media.Schema.Schema().Properties.FromOldest() {
		read.texts[name] = property.Schema().Format == "password"
	}
	return read
}

// lookUp finds nothing in a map that the document leaves out.
func lookUp[V any](m *orderedmap.Map[string, V], name string) (V, bool) {
	if m == nil {
		return *new(V), false
	}
	return m.Get(name)
}

// schemaOf is nil for an answer without a body.
func schemaOf(r *v3.Response) *base.Schema {
	media, ok := lookUp(r.Content, "application/json")
	if !ok {
		return nil
	}
	return media.Schema.Schema()
}

// codesOf reads the codes off a schema: "code" is one of them, in one of its shapes.
func codesOf(s *base.Schema) map[string]bool {
	codes := make(map[string]bool)
	if s == nil {
		return codes
	}
	for _, choice := range s.OneOf {
		for code := range codesOf(choice.Schema()) {
			codes[code] = true
		}
	}
	property, ok := lookUp(s.Properties, "code")
	if !ok {
		return codes
	}
	code := property.Schema()
	if code.Const != nil {
		codes[code.Const.Value] = true
	}
	for _, n := range code.Enum {
		codes[n.Value] = true
	}
	return codes
}

// operation finds what the document says of a request. A path with escapes in it is
// another path.
func (d documented) operation(req *http.Request) (operation, bool) {
	o, ok := d.operations[req.Method+" "+req.URL.Path]
	return o, ok && req.URL.RawPath == ""
}

// asDocumented is a request that was answered with success, with the liberties taken
// out of its body that the document gives in words: white space around texts, empty
// texts for absent ones, forms of Unicode in passwords.
func (o operation) asDocumented(e exchanged) *http.Request {
	req := e.req.Clone(e.req.Context())
	payload := e.payload
	members := make(map[string]any)
	if len(o.texts) > 0 && json.Unmarshal(payload, &members) == nil {
		o.tidy(members)
		payload, _ = json.Marshal(members) // it has just been read
	}
	req.Body = io.NopCloser(bytes.NewReader(payload))
	req.ContentLength = int64(len(payload))
	return req
}

func (o operation) tidy(members map[string]any) {
	for name, verbatim := range o.texts {
		text, isText := members[name].(string)
		if verbatim {
			text = norm.NFKC.String(text)
		} else {
			text = strings.TrimSpace(text)
		}
		switch {
		case isText && text != "":
			members[name] = text
		case isText, members[name] == nil:
			delete(members, name)
		}
	}
}
