package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/swaggest/swgui/v5/static"

	"flowxi.app/flowxi/internal/account"
)

// mountOpenAPI serves the description of the API, and a page to try it out on.
func (s *site) mountOpenAPI() {
	s.openAPI = sync.OnceValues(s.OpenAPI)
	s.mux.HandleFunc("/openapi.yaml", s.openAPIYAML)
	s.mux.HandleFunc("/openapi.json", s.openAPIJSON)
	s.mux.HandleFunc("/docs/try", moved("/docs/try/"))
	s.mux.HandleFunc("/docs/try/{$}", s.try)
	for _, name := range []string{"swagger-ui.css", "swagger-ui-bundle.js"} {
		s.mux.Handle("/docs/try/"+name, newPacked(name))
	}
}

func (s *site) openAPIYAML(w http.ResponseWriter, r *http.Request) {
	yaml, _ := s.openAPI()
	s.sendOpenAPI(w, r, "application/yaml; charset=utf-8", yaml)
}

func (s *site) openAPIJSON(w http.ResponseWriter, r *http.Request) {
	_, json := s.openAPI()
	s.sendOpenAPI(w, r, jsonText, json)
}

// sendOpenAPI answers with a form of the description, if there is one.
func (s *site) sendOpenAPI(w http.ResponseWriter, r *http.Request, contentType string, text []byte) {
	if len(text) == 0 {
		s.refuse(w, r, http.StatusInternalServerError, account.ErrServerError)
		return
	}
	sendIn(w, r, english, contentType, text)
}

// try shows Swagger UI. The library's own page starts it from an inline script; ours
// starts it from a file, so that it needs no exception from pagePolicy.
func (s *site) try(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "try.html", s.view(english, nil))
}

// packed is a file of Swagger UI as the library holds it: compressed.
type packed struct {
	name string
	load func() (asset, error) // compressed
}

func newPacked(name string) packed {
	return packed{name, sync.OnceValues(func() (asset, error) {
		body, err := static.FS.ReadFile(name + ".gz")
		if err != nil {
			return asset{}, fmt.Errorf("read Swagger UI: %w", err)
		}
		a := newAsset(name, body)
		a.zipped = nil // it is
		return a, nil
	})}
}

// ServeHTTP implements http.Handler.
func (p packed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := p.load()
	if err != nil {
		send(w, r, http.StatusInternalServerError, plainText, []byte("This file cannot be read.\n"))
		return
	}
	w.Header().Add("Vary", "Accept-Encoding")
	if takesGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
		a.serve(w, r)
		return
	}
	p.serveUnpacked(w, r, a)
}

func (p packed) serveUnpacked(w http.ResponseWriter, r *http.Request, a asset) {
	unpacked, err := gzip.NewReader(bytes.NewReader(a.body))
	if err != nil {
		send(w, r, http.StatusInternalServerError, plainText, []byte("This file cannot be read.\n"))
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "no-cache")
	if r.Method == http.MethodGet {
		_, _ = io.Copy(w, unpacked) //nolint:gosec // our own file, of a known size; the client may be gone
	}
}
