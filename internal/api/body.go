package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flowxi.app/flowxi/internal/account"
)

const (
	// MaxBody is the longest JSON body in bytes (contract section 1).
	MaxBody = 64 << 10

	// MaxDepth is how many lists and objects of a body may be in each other, the body included.
	MaxDepth = 64

	// bodyTime is how long a client may take to send a body. It leaves some of
	// usualTimeout to work in.
	bodyTime = 10 * time.Second

	// turnTime is how long one who says to send too much may go on before the refusal.
	turnTime = time.Second
)

// readObject returns the members of the one JSON object that the body has to be.
func (x *exchange) readObject() (map[string]jsontext.Value, error) {
	given := x.request.Header.Values("Content-Type")
	if len(given) > 0 && !isJSON(given) || isEncoded(x.request.Header) {
		return nil, account.ErrUnsupportedMediaType
	}
	if x.request.ContentLength > MaxBody {
		x.turnAway()
		return nil, account.ErrPayloadTooLarge
	}
	x.readUntil(time.Now().Add(bodyTime))
	body, err := io.ReadAll(http.MaxBytesReader(x.writer, x.request.Body, MaxBody))
	if err != nil {
		return nil, readError(err)
	}
	x.readUntil(time.Time{})
	if len(given) == 0 && len(body) > 0 {
		return nil, account.ErrUnsupportedMediaType
	}
	members, err := parseObject(body)
	if err != nil {
		return nil, account.ErrMalformedRequest
	}
	return members, nil
}

// turnAway is for a body that is said to be too long. Whoever sends it all the same may
// not read an answer before some of it is taken; nobody waits for more than that.
func (x *exchange) turnAway() {
	x.writer.Header().Set("Connection", "close")
	if x.request.Header.Get("Expect") != "" {
		return // it waits for leave to send, which reading would give
	}
	x.readUntil(time.Now().Add(turnTime))
	_, _ = io.CopyN(io.Discard, x.request.Body, MaxBody)
}

// readUntil sets the end of the time to read, none once there is nothing left to
// read: the connection is also watched for a client that hangs up, and running out
// of time would look like that.
func (x *exchange) readUntil(end time.Time) {
	_ = http.NewResponseController(x.writer).SetReadDeadline(end) // where the connection has one
}

// readError tells a body that is too long from one that ends too early.
func readError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return account.ErrPayloadTooLarge
	}
	return account.ErrMalformedRequest
}

func isJSON(contentTypes []string) bool {
	media, params, err := mime.ParseMediaType(contentTypes[0])
	if err != nil || media != "application/json" || len(contentTypes) > 1 {
		return false
	}
	charset, named := params["charset"]
	return !named || strings.EqualFold(charset, "utf-8")
}

// isEncoded tells whether a body is compressed or otherwise wrapped.
func isEncoded(h http.Header) bool {
	for _, encoding := range h.Values("Content-Encoding") {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return true
		}
	}
	return false
}

var (
	errNotObject = errors.New("not one JSON object")
	errTooDeep   = errors.New("nested too deep")
)

// parseObject splits the text of one JSON object into its members. The decoder
// refuses duplicate names at any depth, bad UTF-8 and lone surrogates. Of a list or
// an object as a member nothing but its kind is kept, since no field is one.
func parseObject(text []byte) (map[string]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	if begin, err := d.ReadToken(); err != nil || begin.Kind() != jsontext.KindBeginObject {
		return nil, errors.Join(errNotObject, err)
	}
	members := make(map[string]jsontext.Value)
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String() // before the next read takes its bytes
		if members[key], err = readValue(d); err != nil {
			return nil, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.Join(errNotObject, err)
	}
	return members, nil
}

func readValue(d *jsontext.Decoder) (jsontext.Value, error) {
	switch d.PeekKind() {
	case jsontext.KindBeginObject:
		return jsontext.Value("{}"), skipNested(d)
	case jsontext.KindBeginArray:
		return jsontext.Value("[]"), skipNested(d)
	}
	value, err := d.ReadValue()
	return value.Clone(), err
}

// skipNested reads a list or an object to its end.
func skipNested(d *jsontext.Decoder) error {
	outside := d.StackDepth()
	for {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
		switch depth := d.StackDepth(); {
		case depth == outside:
			return nil
		case depth > MaxDepth:
			return errTooDeep
		}
	}
}
