package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/header"
	"flowxi.app/flowxi/internal/locale"
)

// Envelope is in every answer, whatever became of the request (contract section 1).
type Envelope struct {
	Message string `json:"message"` // a sentence in the language of the caller
	Code    string `json:"code"`    // stable, never localized
}

// Answer is a pointer to a struct of this package with an Envelope and what else there
// is to say.
type Answer interface {
	envelope() *Envelope
	textKey() string // of the message, once there is a code
}

func (e *Envelope) envelope() *Envelope { return e }

func (e *Envelope) textKey() string {
	if key, known := codeTexts[e.Code]; known {
		return key
	}
	return "code." + e.Code
}

// codeTexts are the keys of the messages by code, ready made.
var codeTexts = func() map[string]string {
	keys := make(map[string]string)
	for _, o := range account.Outcomes() {
		keys[string(o)] = "code." + string(o)
	}
	for _, e := range account.Errors() {
		keys[e.Code] = "code." + e.Code
	}
	return keys
}()

// BearerScheme is the one way to authenticate, and the type of all tokens (RFC 6750).
const BearerScheme = "Bearer"

// pause is when to come back where nobody knows better.
const pause = 5 * time.Second

// Complete gives the answer of a success its code, the usual one unless it has one
// of its own, and its message in language l.
func Complete(a Answer, usual account.Outcome, c *locale.Catalog, l account.Locale) {
	e := a.envelope()
	if e.Code == "" {
		e.Code = string(usual)
	}
	e.Message = c.Text(l, a.textKey(), nil)
}

// succeed answers that all went well, with that outcome unless the answer has one
// of its own.
func (x *exchange) succeed(a Answer, usual account.Outcome) {
	Complete(a, usual, x.Catalog, x.caller.Locale)
	x.write(http.StatusOK, a)
}

// refuse answers an error. What is not in the catalogue of errors is a fault of
// ours, of which the client learns nothing.
func (x *exchange) refuse(err error) {
	refusal, after, problems := x.explain(err)
	status := StatusOf(refusal.Kind)
	if status >= http.StatusInternalServerError {
		x.logFault(status, err)
	}
	h := x.writer.Header()
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", BearerScheme)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(max(1, Seconds(after))))
	}
	if x.showsPage(refusal) {
		x.setQuota()
		if x.Refused(x.writer, x.request, status, refusal) {
			x.code = refusal.Code
			return
		}
	}
	x.write(status, Refusal(refusal, problems, x.Catalog, x.caller.Locale))
}

// showsPage tells whether an error may be told by a page. That TLS is missing is told by
// the envelope: it comes before every limit, and has to cost little.
func (x *exchange) showsPage(e account.Error) bool {
	return x.Refused != nil && !x.panicked && e != account.ErrHTTPSRequired && !isAPI(cleaned(x.request.URL.Path))
}

func (x *exchange) explain(err error) (refusal account.Error, after time.Duration, problems account.Invalid) {
	after = pause
	var retry *account.Retry
	if errors.As(err, &retry) {
		after = retry.After
	}
	switch {
	case errors.As(err, &problems):
		refusal = account.ErrValidationFailed
	case errors.As(err, &refusal):
	case errors.Is(err, context.DeadlineExceeded): // something that we wait for is slow or gone
		refusal = account.ErrServiceUnavailable
	default:
		refusal = account.ErrServerError
	}
	return refusal, after, problems
}

// StatusOf gives the status of an error by contract section 1.
func StatusOf(k account.Kind) int {
	switch k {
	case account.Malformed:
		return http.StatusBadRequest
	case account.Unauthenticated:
		return http.StatusUnauthorized
	case account.Forbidden:
		return http.StatusForbidden
	case account.NotFound:
		return http.StatusNotFound
	case account.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case account.Conflict:
		return http.StatusConflict
	case account.Gone:
		return http.StatusGone
	case account.TooLarge:
		return http.StatusRequestEntityTooLarge
	case account.UnsupportedMedia:
		return http.StatusUnsupportedMediaType
	case account.Unprocessable:
		return http.StatusUnprocessableEntity
	case account.RateLimited:
		return http.StatusTooManyRequests
	case account.ServiceUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// write sends an answer. There is no other way out of the API.
func (x *exchange) write(status int, a Answer) {
	x.code = a.envelope().Code
	p, _ := sheets.Get().(*sheet)
	defer sheets.Put(p)
	body := p.encode(a)
	x.setHeaders(len(body))
	x.writer.WriteHeader(status)
	if x.request.Method != http.MethodHead {
		_, _ = x.writer.Write(body) // the client may be gone
	}
}

// sheet is what an answer is written on, before it is known how long it is.
type sheet struct {
	text    bytes.Buffer
	encoder *json.Encoder
}

// sheets are kept for the next answers. The longest is a list of devices.
var sheets = sync.Pool{New: func() any {
	p := new(sheet)
	p.encoder = json.NewEncoder(&p.text)
	p.encoder.SetEscapeHTML(false)
	return p
}}

// encode returns an answer as JSON, which is good until the next.
func (p *sheet) encode(a Answer) []byte {
	p.text.Reset()
	if err := p.encoder.Encode(a); err != nil {
		panic(err) // a type of this package that cannot be encoded
	}
	return p.text.Bytes()
}

// Unheard is the answer to what never becomes a request, by what can be read of its headers.
func Unheard(c *locale.Catalog, asked http.Header) (h http.Header, body []byte) {
	l, _ := c.Resolve(languages(asked))
	l = c.OrDefault(l)
	p, _ := sheets.New().(*sheet)
	h, body = http.Header{}, p.encode(Refusal(account.ErrMalformedRequest, nil, c, l))
	header.Data.Set(h)
	h["Vary"] = variesBy
	h.Set(RequestIDHeader, requestID(asked))
	new(described).body(h, len(body), l)
	return h, body
}

// variesBy is what an answer depends on besides its address. The slice is shared, as those
// of package header are.
var variesBy = []string{"X-App-Locale, Accept-Language"}

// described is what the headers of an answer say of its body. It has room for them, which
// all answers would have to make otherwise.
type described struct {
	values [6]string
	used   int
}

// The headers of a quota, spelled as http.Header does.
const quotaLimit, quotaRemaining, quotaReset = "Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset"

// set sets a header whose name is in canonical form.
func (d *described) set(h http.Header, name, value string) {
	if d.used == len(d.values) {
		h[name] = []string{value}
		return
	}
	d.values[d.used] = value
	h[name] = d.values[d.used : d.used+1 : d.used+1]
	d.used++
}

var ofJSON = []string{"application/json; charset=utf-8"}

// body tells what a body is.
func (d *described) body(h http.Header, length int, language account.Locale) {
	h["Content-Type"] = ofJSON
	d.set(h, "Content-Length", strconv.Itoa(length))
	d.set(h, "Content-Language", string(language))
}

func (x *exchange) setHeaders(length int) {
	x.described.body(x.writer.Header(), length, x.caller.Locale) // it may be that of the person by now
	x.setQuota()
}

// setQuota tells of the tightest limit that the request has met.
func (x *exchange) setQuota() {
	h := x.writer.Header()
	if q := x.caller.Quota; q.Limit > 0 {
		x.described.set(h, quotaLimit, strconv.Itoa(q.Limit))
		x.described.set(h, quotaRemaining, strconv.Itoa(q.Remaining))
		x.described.set(h, quotaReset, strconv.Itoa(Seconds(q.Reset)))
	}
}

// Seconds is how spans are told. It rounds up: who comes back a moment early is
// refused again.
func Seconds(d time.Duration) int {
	return int((max(0, d) + time.Second - 1) / time.Second)
}
