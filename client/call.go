package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// longestAnswer bounds what is read of an answer. The longest that Flowxi gives is a list
// of a thousand devices.
const longestAnswer = 4 << 20

// operation is one row of the API.
type operation struct {
	id     string // the operationId of the OpenAPI document
	method string
	path   string
	bearer bool // it needs a token
	repeat bool // to do it twice is to do it once
}

// payload is the body of a request. It may be opened for every try.
type payload interface {
	// open returns the body, its length (-1 where that is not known) and its type.
	open() (body io.Reader, length int64, contentType string, err error)

	// again tells whether it can be opened once more.
	again() bool
}

// jsonBody is a payload that is there already.
type jsonBody []byte

func (b jsonBody) open() (io.Reader, int64, string, error) {
	return bytes.NewReader(b), int64(len(b)), "application/json", nil
}

func (jsonBody) again() bool { return true }

// answer is what every answer of success has.
type answer interface{ outcome() Outcome }

// send is call with an input.
func send[A answer](ctx context.Context, c *Client, op operation, input any) (*A, error) {
	body, err := encode(input)
	if err != nil {
		return nil, err
	}
	return call[A](ctx, c, op, jsonBody(body))
}

// call makes a request, again where that may help, and reads its answer.
func call[A answer](ctx context.Context, c *Client, op operation, body payload) (*A, error) {
	text, err := c.try(ctx, op, body)
	if err != nil {
		return nil, err
	}
	return read[A](op, text)
}

func read[A answer](op operation, text []byte) (*A, error) {
	a := new(A)
	if err := json.Unmarshal(text, a); err != nil {
		return nil, strange(op.id, err)
	}
	if (*a).outcome() == "" {
		return nil, strange(op.id, nil)
	}
	return a, nil
}

// try returns the answer of the first try that the server had room for.
func (c *Client) try(ctx context.Context, op operation, body payload) ([]byte, error) {
	for tries := 0; ; tries++ {
		text, err := c.once(ctx, op, body)
		wait, worth := c.pause(ctx, op, body, err)
		if !worth || tries == c.options.Retries {
			return text, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		}
	}
}

// pause says whether a request that failed is worth another try, and when. A tenth of the
// time more, by chance, keeps those who were turned away together from coming back together.
func (c *Client) pause(ctx context.Context, op operation, body payload, err error) (time.Duration, bool) {
	var refused *Error
	if errors.Is(err, errHeld) || !errors.As(err, &refused) || refused.RetryAfter <= 0 || refused.RetryAfter > c.options.MaxWait {
		return 0, false
	}
	safe := refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusServiceUnavailable && op.repeat
	if !safe || body != nil && !body.again() {
		return 0, false
	}
	wait := refused.RetryAfter + rand.N(refused.RetryAfter/10+1) //nolint:gosec // it is no secret
	end, ends := ctx.Deadline()
	return wait, !ends || time.Until(end) > wait
}

// once makes a request and returns the body of its answer. What is no success is an *Error.
func (c *Client) once(ctx context.Context, op operation, body payload) (text []byte, err error) {
	req, token, err := c.request(ctx, op, body)
	if err != nil {
		return nil, fmt.Errorf("flowxi: %s: %w", op.id, err)
	}
	if sent, ok := req.Body.(*sending); ok {
		patience, stop := c.patience(ctx)
		defer stop()
		defer func() {
			if held := sent.end(patience); held != nil {
				text, err = nil, errors.Join(err, fmt.Errorf("flowxi: %s: %w", op.id, held))
			}
		}()
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("flowxi: %s: %w", op.id, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err = io.ReadAll(io.LimitReader(resp.Body, longestAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("flowxi: %s: read answer: %w", op.id, err)
	}
	if len(text) > longestAnswer {
		return nil, strange(op.id, errors.New("it is too long"))
	}
	if resp.StatusCode == http.StatusOK {
		return text, nil
	}
	refused := refused(resp, text, time.Now())
	if op.bearer && refused.Code == CodeUnauthenticated {
		return nil, c.drop(ctx, token, refused)
	}
	return nil, refused
}

// patience is a context that ends when the HTTP client gives a request up, too.
func (c *Client) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.http.Timeout > 0 {
		return context.WithTimeout(ctx, c.http.Timeout)
	}
	return ctx, func() {}
}

func (c *Client) request(ctx context.Context, op operation, body payload) (*http.Request, Secret, error) {
	req, err := http.NewRequestWithContext(ctx, op.method, c.base+op.path, nil)
	if err != nil {
		return nil, "", err
	}
	if body != nil {
		content, length, kind, err := body.open()
		if err != nil {
			return nil, "", err
		}
		req.Body, req.ContentLength = newSending(content), length
		if text, is := body.(jsonBody); is {
			// A server that says farewell before it takes a request (RFC 9113 section 6.8) is asked
			// again on another connection.
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
		}
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.options.UserAgent)
	if c.options.Locale != "" {
		req.Header.Set("X-App-Locale", c.options.Locale)
	}
	if !op.bearer {
		return req, "", nil
	}
	token, err := c.options.Tokens.Token(ctx)
	if err != nil {
		return nil, "", err
	}
	if token != "" { // without one the server says, in the caller's language, to log in
		req.Header.Set("Authorization", "Bearer "+string(token))
	}
	return req, token, nil
}

// keep stores a token that was issued.
func (c *Client) keep(ctx context.Context, token Secret) error {
	if err := c.options.Tokens.SetToken(ctx, token); err != nil {
		return fmt.Errorf("flowxi: the token was issued, and could not be kept: %w", err)
	}
	return nil
}

// drop forgets a token that is worth nothing any more, and returns why, if that is not nil.
func (c *Client) drop(ctx context.Context, token Secret, why error) error {
	if err := c.options.Tokens.DropToken(context.WithoutCancel(ctx), token); err != nil {
		return errors.Join(why, fmt.Errorf("flowxi: %w", err))
	}
	return why
}
