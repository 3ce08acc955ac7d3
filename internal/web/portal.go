package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"flowxi.app/flowxi/internal/header"
)

// mountPortal serves the page on which people look after their account. It is a client of
// the public API like any other: what it does, a frontend of somebody else can do.
func (s *site) mountPortal() {
	s.mux.HandleFunc("/account", s.portal)
	s.mux.HandleFunc("/account/{$}", moved("/account"))
	s.mux.HandleFunc("/assets/account/{version}/{name}", s.module)
}

// loadModules reads the scripts of the portal. They import each other by name, so that
// all of them stand in one folder, which is called by a digest of them all.
func loadModules() map[string]asset {
	files := filesOf("assets/account")
	var whole []byte
	for _, name := range slices.Sorted(maps.Keys(files)) {
		whole = append(whole, files[name]...)
	}
	version := digest(whole)
	all := make(map[string]asset, len(files))
	for name, body := range files {
		all[name] = asset{
			body: body, contentType: contentTypeOf(name), version: version, zipped: zip(body),
			address: "/assets/account/" + version + "/" + name,
		}
	}
	return all
}

func (s *site) module(w http.ResponseWriter, r *http.Request) {
	m, ok := s.modules[r.PathValue("name")]
	if !ok {
		s.notFound(w, r)
		return
	}
	m.serveAs(w, r, r.PathValue("version"))
}

// portal shows the one page of the portal, which is the same for everybody: who somebody
// is, its script asks the API.
func (s *site) portal(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Robots-Tag", "noindex")
	names := slices.Sorted(maps.Keys(s.modules))
	s.showAs(header.Portal(s.photosElsewhere(r)), w, r, http.StatusOK, "account.html", s.view(s.pageLanguage(r), names))
}

// photosElsewhere is the origin that photos come from, where it is not that of the page.
func (s *site) photosElsewhere(r *http.Request) string {
	if s.PhotosFrom == nil {
		return ""
	}
	origin, err := url.Parse(s.PhotosFrom(r.Context()))
	if err != nil || strings.EqualFold(origin.Host, r.Host) {
		return ""
	}
	return origin.String()
}
