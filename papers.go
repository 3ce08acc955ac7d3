// Package flowxi holds the documents of this repository that a server shows as well. They
// stand where readers of the repository look for them, and are written there alone.
package flowxi

import _ "embed" // for the documents

// Changelog is CHANGELOG.md.
//
//go:embed CHANGELOG.md
var Changelog string

// MockGuide is docs/mock.md.
//
//go:embed docs/mock.md
var MockGuide string
