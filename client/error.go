package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Code is why the server refused a request. It is stable, and never localized. As an error
// it is what an [*Error] unwraps to, so that errors.Is(err, CodeOTPExpired) does.
type Code string

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Outcome is what became of a request that succeeded.
type Outcome string

// Error is a request that the server refused. It holds nothing that was sent.
type Error struct {
	Code       Code                // empty where the answer is not Flowxi's, such as that of a proxy
	Status     int                 // of HTTP
	Message    string              // a sentence for the person, in the language of the answer
	Fields     map[string][]string // what is wrong, by the field of the request; nil but for CodeValidationFailed
	RequestID  string              // by which the server's log knows the request
	RetryAfter time.Duration       // when to come back; 0 where nothing was said of that
}

// Error tells the status, the code and the id of the request, for a log. Message is what a
// person should see.
func (e *Error) Error() string {
	text := "flowxi: " + strconv.Itoa(e.Status)
	if e.Code != "" {
		text += " " + string(e.Code)
	} else {
		text += ", and not by Flowxi"
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// Unwrap returns the code, or nil where there is none.
func (e *Error) Unwrap() error {
	if e.Code == "" {
		return nil
	}
	return e.Code
}

// Temporary tells whether the same request may go well later.
func (e *Error) Temporary() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable
}

// refused reads the answer to a request that failed. What is not Flowxi's is not shown.
func refused(resp *http.Response, body []byte, now time.Time) *Error {
	e := &Error{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), now)}
	var answer struct {
		Code    Code                `json:"code"`
		Message string              `json:"message"`
		Errors  map[string][]string `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Code == "" {
		return e
	}
	e.Code, e.Message, e.Fields = answer.Code, answer.Message, answer.Errors
	e.RequestID = resp.Header.Get("X-Request-Id")
	return e
}

// retryAfter reads seconds, or the date that a proxy may give instead.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// strange says that an answer of success is none that Flowxi gives.
func strange(operation string, cause error) error {
	if cause == nil {
		return fmt.Errorf("flowxi: %s: the answer is not Flowxi's", operation)
	}
	return fmt.Errorf("flowxi: %s: the answer is not Flowxi's: %w", operation, cause)
}
