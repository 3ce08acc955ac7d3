package authtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Answer is what the server said. Its methods fail the test, at the test's line,
// with the request and the whole answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte

	t       TB
	request string
}

const shownBody = 2000 // bytes of a body that a failure shows

func describe(req *http.Request, payload []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", req.Method, req.URL)
	_ = req.Header.Write(&b)
	fmt.Fprintf(&b, "\n%s", short(payload))
	return b.String()
}

func short(body []byte) string {
	switch {
	case !utf8.Valid(body):
		return fmt.Sprintf("(%d bytes that are no text)", len(body))
	case len(body) > shownBody:
		return fmt.Sprintf("%s… (%d bytes)", body[:shownBody], len(body))
	}
	return string(body)
}

// String shows the request and the answer.
func (a *Answer) String() string {
	var b strings.Builder
	_ = a.Header.Write(&b)
	return fmt.Sprintf("--- request\n%s\n--- answer\n%d\n%s\n%s", a.request, a.Status, b.String(), short(a.Body))
}

// Fail ends the test with a sentence and the exchange.
func (a *Answer) Fail(format string, args ...any) {
	a.t.Helper()
	a.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), a)
}

// Expect demands a status, a code, and a message for people.
func (a *Answer) Expect(status int, code string) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.Fail("got status %d, want %d %s", a.Status, status, code)
	}
	if got := a.Code(); got != code {
		a.Fail("got code %q, want %q", got, code)
	}
	if a.Message() == "" {
		a.Fail("the message is empty")
	}
	return a
}

// Invalid demands a 422 that finds fault with exactly the named fields.
func (a *Answer) Invalid(fields ...string) *Answer {
	a.t.Helper()
	a.Expect(http.StatusUnprocessableEntity, "VALIDATION_FAILED")
	problems := map[string][]string{}
	if err := json.Unmarshal(a.marshal("errors"), &problems); err != nil {
		a.Fail("errors is not an object of lists of sentences: %v", err)
	}
	if got := slices.Sorted(maps.Keys(problems)); !slices.Equal(got, slices.Sorted(slices.Values(fields))) {
		a.Fail("got errors on %v, want them on %v", got, fields)
	}
	for field, sentences := range problems {
		if len(sentences) == 0 || slices.Contains(sentences, "") {
			a.Fail("the errors of %q lack a sentence", field)
		}
	}
	return a
}

// ExpectHeader demands the value of a header.
func (a *Answer) ExpectHeader(name, want string) *Answer {
	a.t.Helper()
	if got := a.Header.Get(name); got != want {
		a.Fail("%s is %q, want %q", name, got, want)
	}
	return a
}

// ExpectMessage demands the sentence for people.
func (a *Answer) ExpectMessage(want string) *Answer {
	a.t.Helper()
	if got := a.Message(); got != want {
		a.Fail("the message is %q, want %q", got, want)
	}
	return a
}

// Code is the stable code of the answer.
func (a *Answer) Code() string {
	a.t.Helper()
	return a.Text("code")
}

// Message is the sentence of the answer.
func (a *Answer) Message() string {
	a.t.Helper()
	return a.Text("message")
}

// Value is what stands at a path such as "data.devices.0.ip"; numbers are
// json.Number. It fails the test where nothing stands there.
func (a *Answer) Value(path string) any {
	a.t.Helper()
	value, ok := a.lookup(path)
	if !ok {
		a.Fail("nothing stands at %q", path)
	}
	return value
}

// Has tells whether anything, be it null, stands at a path.
func (a *Answer) Has(path string) bool {
	a.t.Helper()
	_, ok := a.lookup(path)
	return ok
}

// Text is the string at a path.
func (a *Answer) Text(path string) string {
	a.t.Helper()
	text, ok := a.Value(path).(string)
	if !ok {
		a.Fail("%q is not a string", path)
	}
	return text
}

// Int is the whole number at a path.
func (a *Answer) Int(path string) int64 {
	a.t.Helper()
	number, _ := a.Value(path).(json.Number)
	n, err := number.Int64()
	if err != nil {
		a.Fail("%q is not a whole number", path)
	}
	return n
}

// Len is the length of the list at a path.
func (a *Answer) Len(path string) int {
	a.t.Helper()
	list, ok := a.Value(path).([]any)
	if !ok {
		a.Fail("%q is not a list", path)
	}
	return len(list)
}

// Time is the time at a path, which must be in the form of the contract.
func (a *Answer) Time(path string) time.Time {
	a.t.Helper()
	at, err := time.Parse(timeLayout, a.Text(path))
	if err != nil {
		a.Fail("%q is not a time: %v", path, err)
	}
	return at
}

const timeLayout = "2006-01-02T15:04:05.000000Z"

// RetryAfter is the header of that name, which must hold whole seconds above zero.
func (a *Answer) RetryAfter() time.Duration {
	a.t.Helper()
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		a.Fail("Retry-After is %q, want seconds", a.Header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second
}

func (a *Answer) lookup(path string) (any, bool) {
	a.t.Helper()
	value, err := decode(a.Body)
	if err != nil {
		a.Fail("the answer is not JSON: %v", err)
	}
	for step := range strings.SplitSeq(path, ".") {
		var ok bool
		if value, ok = child(value, step); !ok {
			return nil, false
		}
	}
	return value, true
}

func child(parent any, step string) (any, bool) {
	switch p := parent.(type) {
	case map[string]any:
		value, ok := p[step]
		return value, ok
	case []any:
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(p) {
			return nil, false
		}
		return p[i], true
	}
	return nil, false
}

func (a *Answer) marshal(path string) []byte {
	a.t.Helper()
	text, err := json.Marshal(a.Value(path))
	if err != nil {
		a.Fail("encode %q: %v", path, err)
	}
	return text
}

func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	err := d.Decode(&value)
	return value, err
}
