// Package reference writes what the API is learned from: the OpenAPI document, the
// reference pages and the table of codes.
//
// Its one rule: all of it is derived from the table of routes, the catalogue of
// errors, the rules of fields and the settings, and nothing is told twice.
package reference

import (
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
)

// What of HTTP the documents speak of. The package answers nobody, so that net/http
// is left to those who do.
const (
	methodGet = "GET"
	statusOK  = 200
)

// document writes the description of the API in the terms of one server.
type document struct {
	cfg      config.Config
	examples examples
	schemas  *schemas
	shared   object // responses
	has      map[string]bool
}

func newDocument(cfg config.Config, catalogue *locale.Catalog) *document {
	return &document{cfg: cfg, examples: examples{cfg, catalogue}, schemas: newSchemas(cfg), has: make(map[string]bool)}
}
