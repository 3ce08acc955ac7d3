package authtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	validator "github.com/pb33f/libopenapi-validator"
	failures "github.com/pb33f/libopenapi-validator/errors"
)

// judge holds what servers answer against the description of the API: the contract
// that clients are given. Any number of goroutines may use it.
type judge struct {
	document  documented
	validator validator.Validator

	mu    sync.Mutex // over all that follows, and over the validator
	seen  map[string]int
	fully int // how many alike are held against their schema
}

// theJudge is made once, since reading the document takes longer than many a test.
var theJudge = sync.OnceValues(newJudge)

// fullChecks is how many answers of one operation, status and code are held against
// their schema. The rest are as many as a race sends, and told apart by their code.
const fullChecks = 5

// holdToDocument returns a function for Server.OnExchange, which fails t where the
// document does not say what happens.
func holdToDocument(t testing.TB) func(*http.Request, []byte, *http.Response, []byte) {
	t.Helper()
	j, err := theJudge()
	if err != nil {
		t.Fatalf("read the OpenAPI document: %v", err)
	}
	return func(req *http.Request, payload []byte, resp *http.Response, body []byte) {
		t.Helper()
		e := exchanged{req, payload, resp, body}
		if !e.isAPI() {
			return
		}
		if err := j.check(e); err != nil {
			t.Errorf("%s %s → %d is not as documented: %v\n%s", req.Method, req.URL.Path, resp.StatusCode, err, short(body))
		}
	}
}

// exchanged is a request and its answer.
type exchanged struct {
	req     *http.Request
	payload []byte
	resp    *http.Response
	body    []byte
}

// isAPI leaves out pages, and what browsers ask before they ask (CORS).
func (e exchanged) isAPI() bool {
	first, _, _ := strings.Cut(strings.TrimLeft(e.req.URL.Path, "/"), "/")
	return strings.EqualFold(first, "api") && e.resp.StatusCode != http.StatusNoContent
}

func (e exchanged) code() string {
	var envelope struct{ Code string }
	if json.Unmarshal(e.body, &envelope) != nil {
		return ""
	}
	return envelope.Code
}

// again is the answer once more, to be read by somebody else.
func (e exchanged) again() *http.Response {
	resp := *e.resp
	resp.Body = io.NopCloser(bytes.NewReader(e.body))
	return &resp
}

func (j *judge) check(e exchanged) error {
	operation, known := j.document.operation(e.req)
	if !known {
		return j.checkStray(e)
	}
	codes, ok := operation.codes[e.resp.StatusCode]
	if !ok {
		return fmt.Errorf("the operation has no such status")
	}
	if code := e.code(); e.req.Method != http.MethodHead && !codes[code] {
		return fmt.Errorf("the operation has no code %q with this status", code)
	}
	if !j.isFirst(e) {
		return nil
	}
	return j.checkFully(e, operation)
}

func (j *judge) isFirst(e exchanged) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	key := fmt.Sprintln(e.req.Method, e.req.URL.Path, e.resp.StatusCode, e.code())
	j.seen[key]++
	return j.seen[key] <= j.fully
}

func (j *judge) checkFully(e exchanged, operation operation) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if ok, problems := j.validator.ValidateHttpResponse(e.req, e.again()); !ok {
		return told("answer", problems)
	}
	if e.resp.StatusCode >= http.StatusMultipleChoices {
		return nil
	}
	if ok, problems := j.validator.ValidateHttpRequestSync(operation.asDocumented(e)); !ok {
		return told("request", problems)
	}
	return nil
}

// checkStray judges the answer to what the document does not name: the same refusals
// as anywhere, or that there is no such path or method.
func (j *judge) checkStray(e exchanged) error {
	if e.req.Method == http.MethodHead {
		return nil // its answer has no body to judge
	}
	refusal, ok := j.document.refusals[e.code()]
	if !ok {
		return fmt.Errorf("the document has no operation here, and no refusal %q for all paths", e.code())
	}
	for _, name := range refusal.headers {
		if e.resp.Header.Get(name) == "" {
			return fmt.Errorf("the header %s is missing", name)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if ok, problems := j.document.envelopes.ValidateSchemaBytes(refusal.schema, e.body); !ok {
		return told("answer", problems)
	}
	return nil
}

// told writes down what the validator found, one line for each thing.
func told(what string, problems []*failures.ValidationError) error {
	var all []string
	for _, p := range problems {
		line := p.Message + ": " + p.Reason
		for _, s := range p.SchemaValidationErrors {
			line += fmt.Sprintf(" [%s %s]", strings.Join(s.InstancePath, "."), s.Reason)
		}
		all = append(all, line)
	}
	return fmt.Errorf("the %s does not fit: %s", what, strings.Join(all, "\n"))
}
