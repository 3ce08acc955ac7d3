package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flowxi.app/flowxi/internal/account"
)

// bearerScheme is the one way to authenticate (RFC 6750).
const bearerScheme = "Bearer"

// pause is when to come back where nobody knows better.
const pause = 5 * time.Second

// succeed answers that all went well, with that outcome unless the answer has one
// of its own.
func (x *exchange) succeed(a answer, usual account.Outcome) {
	e := a.envelope()
	if e.Code == "" {
		e.Code = string(usual)
	}
	if e.textKey == "" {
		e.textKey = "code." + e.Code
	}
	e.Message = x.Catalog.Text(x.caller.Locale, e.textKey, nil)
	x.write(http.StatusOK, a)
}

// refuse answers an error. What is not in the catalogue of errors is a fault of
// ours, of which the client learns nothing.
func (x *exchange) refuse(err error) {
	refusal, after, problems := x.explain(err)
	status := statusOf(refusal.Kind)
	if status >= http.StatusInternalServerError {
		x.logFault(status, err)
	}
	h := x.writer.Header()
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", bearerScheme)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(max(1, seconds(after))))
	}
	x.write(status, &Refused{
		Envelope: Envelope{Code: refusal.Code, Message: x.Catalog.Code(x.caller.Locale, refusal.Code)},
		Errors:   x.fieldErrors(problems),
	})
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

// statusOf gives the status of contract section 1.
func statusOf(k account.Kind) int {
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
func (x *exchange) write(status int, a answer) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(a); err != nil {
		panic(err) // a type of this package that cannot be encoded
	}
	x.setHeaders(body.Len())
	x.writer.WriteHeader(status)
	if x.request.Method != http.MethodHead {
		_, _ = x.writer.Write(body.Bytes()) // the client may be gone
	}
}

func (x *exchange) setHeaders(length int) {
	h := x.writer.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(length))
	h.Set("Content-Language", string(x.caller.Locale)) // it may be that of the person by now
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if q := x.caller.Quota; q.Limit > 0 {
		h.Set("RateLimit-Limit", strconv.Itoa(q.Limit))
		h.Set("RateLimit-Remaining", strconv.Itoa(q.Remaining))
		h.Set("RateLimit-Reset", strconv.Itoa(seconds(q.Reset)))
	}
}

// seconds rounds up: who comes back a moment early is refused again.
func seconds(d time.Duration) int {
	return int((max(0, d) + time.Second - 1) / time.Second)
}

// FieldErrors is an object of messages by field, in the order of the fields.
type FieldErrors []FieldError

// FieldError is all that is wrong with one field.
type FieldError struct {
	Field    string
	Messages []string
}

func (x *exchange) fieldErrors(problems account.Invalid) FieldErrors {
	var all FieldErrors
	for _, p := range problems {
		if len(all) == 0 || all[len(all)-1].Field != p.Field {
			all = append(all, FieldError{Field: p.Field})
		}
		last := &all[len(all)-1]
		last.Messages = append(last.Messages, x.Catalog.Problem(x.caller.Locale, p))
	}
	return all
}

// MarshalJSON implements json.Marshaler.
func (f FieldErrors) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := jsontext.NewEncoder(&b)
	tokens := []jsontext.Token{jsontext.BeginObject}
	for _, field := range f {
		tokens = append(tokens, jsontext.String(field.Field), jsontext.BeginArray)
		for _, m := range field.Messages {
			tokens = append(tokens, jsontext.String(m))
		}
		tokens = append(tokens, jsontext.EndArray)
	}
	for _, t := range append(tokens, jsontext.EndObject) {
		if err := e.WriteToken(t); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
