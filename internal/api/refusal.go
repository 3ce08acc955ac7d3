package api

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
)

// Refused is every answer that is not a success. Errors is there for
// VALIDATION_FAILED alone.
type Refused struct {
	Envelope
	Errors FieldErrors `json:"errors,omitempty"`
}

// Refusal is the answer of an error, in language l. Problems are there for
// ErrValidationFailed alone.
func Refusal(e account.Error, problems account.Invalid, c *locale.Catalog, l account.Locale) *Refused {
	return &Refused{Envelope: Envelope{Code: e.Code, Message: c.Code(l, e.Code)}, Errors: fieldErrors(problems, c, l)}
}

// FieldErrors is an object of messages by field, in the order of the fields.
type FieldErrors []FieldError

// FieldError is all that is wrong with one field.
type FieldError struct {
	Field    string
	Messages []string
}

func fieldErrors(problems account.Invalid, c *locale.Catalog, l account.Locale) FieldErrors {
	var all FieldErrors
	for _, p := range problems {
		if len(all) == 0 || all[len(all)-1].Field != p.Field {
			all = append(all, FieldError{Field: p.Field})
		}
		last := &all[len(all)-1]
		last.Messages = append(last.Messages, c.Problem(l, p))
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
