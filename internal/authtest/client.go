package authtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const basePath = "/api/v1"

// TB is what a Client needs of a test. *testing.T and *rapid.T both have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Fields is a JSON object to send.
type Fields map[string]any

// With returns a copy of f in which name has another value.
func (f Fields) With(name string, value any) Fields {
	changed := maps.Clone(f)
	changed[name] = value
	return changed
}

// Without returns a copy of f that lacks name.
func (f Fields) Without(name string) Fields {
	changed := maps.Clone(f)
	delete(changed, name)
	return changed
}

// Client talks to one server as one client would, and fails its test, naming the
// line of the test, where it cannot. A Client never changes: each of Locale,
// Token, From and Header returns another one. Any number of goroutines may use it.
type Client struct {
	t      TB
	server *Server
	http   *http.Client
	header http.Header
}

// Client returns a client without a token or any header of its own.
func (s *Server) Client(t TB) *Client {
	return &Client{t: t, server: s, http: newHTTPClient(), header: http.Header{}}
}

// newHTTPClient follows no redirect and unpacks nothing, so that a test sees what
// the server sent.
func newHTTPClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}
}

// For returns the same client in the name of another test: a subtest, say.
func (c *Client) For(t TB) *Client {
	other := *c
	other.t = t
	return &other
}

// Header returns a client that sends one more header, in the place of any other
// of that name. The empty value takes it away.
func (c *Client) Header(name, value string) *Client {
	other := *c
	other.header = c.header.Clone()
	if value == "" {
		other.header.Del(name)
	} else {
		other.header.Set(name, value)
	}
	return &other
}

// Locale returns a client that speaks a language by X-App-Locale.
func (c *Client) Locale(language string) *Client { return c.Header("X-App-Locale", language) }

// Token returns a client that bears a token, or none where it is empty.
func (c *Client) Token(token string) *Client {
	if token == "" {
		return c.Header("Authorization", "")
	}
	return c.Header("Authorization", "Bearer "+token)
}

// From returns a client whose requests seem to come from another address. It
// works where the server trusts loopback as its proxy.
func (c *Client) From(ip string) *Client { return c.Header("X-Forwarded-For", ip) }

// Get asks for a path below the base path.
func (c *Client) Get(path string) *Answer {
	c.t.Helper()
	return c.Send(http.MethodGet, basePath+path, nil)
}

// Head asks for the headers of a path below the base path.
func (c *Client) Head(path string) *Answer {
	c.t.Helper()
	return c.Send(http.MethodHead, basePath+path, nil)
}

// Post sends body, as Send does, to a path below the base path.
func (c *Client) Post(path string, body any) *Answer {
	c.t.Helper()
	return c.Send(http.MethodPost, basePath+path, body)
}

// Patch sends body, as Send does, to a path below the base path.
func (c *Client) Patch(path string, body any) *Answer {
	c.t.Helper()
	return c.Send(http.MethodPatch, basePath+path, body)
}

// Delete asks for the removal of a path below the base path.
func (c *Client) Delete(path string) *Answer {
	c.t.Helper()
	return c.Send(http.MethodDelete, basePath+path, nil)
}

// Send makes any request. The target is a path of the server or a whole URL. A
// body of type []byte or string is sent as it is, anything else but nil as JSON.
// Where there is a body and the client has no Content-Type, it is JSON's.
//
// A request that fails on its way is an error of the test and answers status 0.
func (c *Client) Send(method, target string, body any) *Answer {
	c.t.Helper()
	payload := c.encode(body)
	answer, err := c.exchange(method, target, payload)
	if err != nil {
		c.t.Errorf("%s %s: %v", method, target, err)
		return &Answer{t: c.t, request: method + " " + target, Header: http.Header{}}
	}
	return answer
}

func (c *Client) encode(body any) []byte {
	c.t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case []byte:
		return b
	case string:
		return []byte(b)
	}
	payload, err := json.Marshal(body)
	if err != nil {
		c.t.Fatalf("encode the request: %v", err)
	}
	return payload
}

func (c *Client) exchange(method, target string, payload []byte) (*Answer, error) {
	req, err := c.request(method, target, payload)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if c.server.OnExchange != nil {
		c.server.OnExchange(req, payload, resp, body)
	}
	return &Answer{t: c.t, request: describe(req, payload), Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

func (c *Client) request(method, target string, payload []byte) (*http.Request, error) {
	if strings.HasPrefix(target, "/") {
		target = c.server.next() + target
	}
	var body io.Reader
	if payload != nil {
		body = bytes.NewReader(payload)
	}
	req, err := http.NewRequest(method, target, body)
	if err != nil {
		return nil, err
	}
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	maps.Copy(req.Header, c.header)
	return req, nil
}

// Race calls send n times at once and returns the answers in the order of i.
// Only sends belong in it; what the answers must be is judged afterwards.
func Race(n int, send func(i int) *Answer) []*Answer {
	answers := make([]*Answer, n)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range answers {
		done.Go(func() {
			<-start
			answers[i] = send(i)
		})
	}
	close(start)
	done.Wait()
	return answers
}

// RacePatiently is Race where whoever is put off comes back when told to, ten times at
// the most: a busy server may answer 503 to whom it has done nothing for.
func RacePatiently(n int, send func(i int) *Answer) []*Answer {
	return Race(n, func(i int) *Answer { return Patiently(func() *Answer { return send(i) }) })
}

// Patiently sends until it is not put off, coming back when told to, ten times at the most.
func Patiently(send func() *Answer) (a *Answer) {
	for range 10 {
		if a = send(); a.Status != http.StatusServiceUnavailable {
			break
		}
		seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if err != nil {
			break
		}
		time.Sleep(time.Duration(seconds) * time.Second)
	}
	return a
}
