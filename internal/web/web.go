// Package web serves the pages of Flowxi: the account portal, finishing a registration,
// the inbox for development, stored photos, and the documents.
//
// Its one rule: a page is plain. It asks nothing of another host, runs no script and
// wears no style that does not come from /assets, and looking at it (GET, HEAD)
// changes nothing and spends nothing (contract section 6). There are two exceptions: the
// account portal shows photos from the host of the bucket, where that is elsewhere, and
// /docs/try runs Swagger UI, which comes from under /docs/try.
package web

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/header"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/mail"
)

// Deps is what the pages are made of. Catalog, Config, Now and Log are required.
type Deps struct {
	Catalog *locale.Catalog
	Config  config.Config
	Now     func() time.Time
	Version string // of the program, told at the foot of pages
	Log     *slog.Logger

	// PhotosFrom is the origin of the addresses of photos, empty where that cannot be told
	// just now. Where it is nil they come from here.
	PhotosFrom func(context.Context) string

	Inbox  *mail.Inbox  // nil where there is no /dev/inbox
	Folder *blob.Folder // nil where there is no /files

	// Reference writes the pages that follow the guides, one for each operation. It is
	// called once. Where it is nil there are none. Where it returns none it has failed,
	// which is for it to log: under /docs all but the guides is SERVER_ERROR then.
	Reference func() []Page
	// OpenAPI makes the description of the API. It is called once, when it is first
	// asked for. Where it is nil there is no /openapi.yaml, no /openapi.json and no
	// /docs/try/. Where it returns nothing it has failed, which is for it to log: the
	// first two are SERVER_ERROR then.
	OpenAPI func() (yaml, json []byte)
	// Derived is Markdown that is made from elsewhere, by language and name. It stands where
	// a page in that language has the line {{name}}: errors, limits.
	Derived map[account.Locale]map[string]string
}

// Site is all pages, as New makes them.
type Site = site

// site is everything that is served. It does not change once it is made.
type site struct {
	Deps
	mux       *http.ServeMux
	assets    map[string]asset
	modules   map[string]asset // scripts of the portal, which load one another
	templates *template.Template
	book      *book
	openAPI   func() (yaml, json []byte)
	streams   *streams
}

// New returns the handler of all pages. It answers paths that it does not know with
// NOT_FOUND, and is safe for concurrent use.
func New(d Deps) *Site {
	s := &site{Deps: d, mux: http.NewServeMux(), assets: loadAssets(), modules: loadModules(), streams: newStreams()}
	s.templates = parseTemplates(s.assets, s.modules)
	s.book = newBook(d, s.assets)
	s.mountPages()
	if d.Config.Portal {
		s.mountPortal()
	}
	s.mountDocs()
	if d.Inbox != nil {
		s.mountInbox()
	}
	if d.OpenAPI != nil {
		s.mountOpenAPI()
	}
	return s
}

// everythingElse is the pattern of the paths that nothing stands at.
const everythingElse = "/"

func (s *site) mountPages() {
	s.mux.HandleFunc(everythingElse, s.notFound)
	s.mux.HandleFunc("/{$}", s.landing)
	s.mux.HandleFunc("/register", s.register)
	s.mux.HandleFunc("/assets/{name}", s.asset)
	s.mux.HandleFunc("/files/{key...}", s.file)
}

// moved leads to the one address of a page, in the language that was asked for.
func moved(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		there := url.URL{Path: to, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, there.String(), http.StatusMovedPermanently)
	}
}

// Serves tells whether a page, or a folder of pages, stands at a path under its own name,
// such as /docs.
func (s *site) Serves(path string) bool {
	_, pattern := s.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
	folder, _, _ := strings.Cut(pattern, "{")
	return path != "" && strings.TrimSuffix(folder, "/") == path
}

// ServeHTTP implements http.Handler. Nothing here takes anything in, so there are
// two methods for all of it.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header.Data.Set(w.Header())
	handler, pattern := s.mux.Handler(r)
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		s.mux.ServeHTTP(w, r)
		return
	}
	if pattern == everythingElse {
		handler.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Allow", "GET, HEAD")
	s.refuse(w, r, http.StatusMethodNotAllowed, account.ErrMethodNotAllowed)
}
