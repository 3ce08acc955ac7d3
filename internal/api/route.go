package api

import (
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/form"
)

// Access says who may call a route.
type Access int

// Nobody needs a token for a Public route, and everybody one for a Bearer route.
const (
	Public Access = iota + 1
	Bearer
)

// Limit names a limit of contract section 12 by its field in config.Limits.
type Limit string

// The limits that routes meet.
const (
	limitMailPerEmail         Limit = "MailPerEmail"
	limitMailPerNetwork       Limit = "MailPerNetwork"
	limitCodePerEmail         Limit = "CodePerEmail"
	limitCodePerNetwork       Limit = "CodePerNetwork"
	limitLoginPerEmailNetwork Limit = "LoginPerEmailNetwork"
	limitLoginPerEmail        Limit = "LoginPerEmail"
	limitLoginPerNetwork      Limit = "LoginPerNetwork"
	limitLoginPerDevice       Limit = "LoginPerDevice"
	limitTwoFAPerPerson       Limit = "TwoFAPerPerson"
	limitTwoFAPerNetwork      Limit = "TwoFAPerNetwork"
	limitPhotoPerPerson       Limit = "PhotoPerPerson"
	limitRequestsPerNetwork   Limit = "RequestsPerNetwork"
	limitRequestsPerToken     Limit = "RequestsPerToken"
	limitCodeTries            Limit = "CodeTries"
	limitChallengeTries       Limit = "ChallengeTries"
	limitDevicesPerPerson     Limit = "DevicesPerPerson"
)

// Tag is a group of routes in the documents.
type Tag string

// The groups, in the order of the contract.
const (
	TagCode     Tag = "Registration by code"
	TagLink     Tag = "Registration by link"
	TagLogin    Tag = "Login"
	TagSessions Tag = "Sessions and devices"
	TagTwoFA    Tag = "Two-factor"
	TagMe       Tag = "Me"
	TagHealth   Tag = "Health"
)

// Success is one way in which a route can succeed. Its status is 200.
type Success struct {
	Outcome account.Outcome
	Answer  Answer // points to the zero value of its type
}

// Route is all there is to know of one thing that can be asked: what serves it and
// what documents say of it follow from here.
type Route struct {
	Method    string
	Path      string // below Prefix
	Operation string // unique, in camel case
	Tag       Tag
	Summary   string // one sentence in English
	Access    Access
	Upload    bool            // the body is multipart/form-data with a file in PhotoField
	Successes []Success       // the usual one first
	Errors    []account.Error // beyond those that every route of its kind has
	Limits    []Limit         // beyond those that every route of its kind has
	timeout   time.Duration   // for all of it
	endpoint                  // what serves it
}

// Body returns an empty input whose fields describe the JSON body, or nil where
// the route reads none.
func (r Route) Body() form.Body {
	if r.body == nil {
		return nil
	}
	return r.body()
}

// AllErrors lists every refusal that the route can answer with, in the order of
// account.Errors.
func (r Route) AllErrors() []account.Error {
	possible := make(map[account.Error]bool)
	for _, e := range append(r.commonErrors(), r.Errors...) {
		possible[e] = true
	}
	var all []account.Error
	for _, e := range account.Errors() {
		if possible[e] {
			all = append(all, e)
		}
	}
	return all
}

func (r Route) commonErrors() []account.Error {
	all := []account.Error{account.ErrServerError, account.ErrServiceUnavailable}
	if !r.IsFree() {
		all = append(all, account.ErrHTTPSRequired, account.ErrTooManyRequests)
	}
	if r.Access == Bearer {
		all = append(all, account.ErrUnauthenticated)
	}
	if r.body != nil || r.Upload {
		all = append(all, account.ErrMalformedRequest, account.ErrUnsupportedMediaType,
			account.ErrPayloadTooLarge, account.ErrValidationFailed)
	}
	return all
}

// AllLimits lists every limit that a call of the route meets.
func (r Route) AllLimits() []Limit {
	if r.IsFree() {
		return nil
	}
	all := append([]Limit{}, r.Limits...)
	if r.Access == Bearer {
		all = append(all, limitRequestsPerToken)
	}
	return append(all, limitRequestsPerNetwork)
}

// IsFree tells whether the route is unlimited and open over plain HTTP (contract
// section 11).
func (r Route) IsFree() bool { return Prefix+r.Path == healthPath }
