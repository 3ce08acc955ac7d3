package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages refer to.
type asset struct {
	body        []byte
	contentType string
	version     string // a digest of the body
	address     string // its path with its version
}

// forever is for addresses that name the version of what they serve.
const forever = "public, max-age=31536000, immutable"

func loadAssets() map[string]asset {
	all := make(map[string]asset)
	for name, body := range filesOf("assets") {
		all[name] = newAsset(name, body)
	}
	return all
}

// filesOf reads the embedded files of a folder, without those of folders in it.
func filesOf(folder string) map[string][]byte {
	files := make(map[string][]byte)
	entries, _ := assetFiles.ReadDir(folder) // it is embedded: it is there
	for _, e := range entries {
		if !e.IsDir() {
			files[e.Name()], _ = assetFiles.ReadFile(path.Join(folder, e.Name()))
		}
	}
	return files
}

func newAsset(name string, body []byte) asset {
	version := digest(body)
	return asset{
		body: body, contentType: contentTypeOf(name), version: version,
		address: "/assets/" + name + "?v=" + version,
	}
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:6])
}

// contentTypeOf does not ask the system, whose tables differ from one to the next.
func contentTypeOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml; charset=utf-8"
	}
	return "application/octet-stream"
}

func (s *site) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.PathValue("name")]
	if !ok {
		s.notFound(w, r)
		return
	}
	a.serve(w, r)
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	a.serveAs(w, r, r.URL.Query().Get("v"))
}

// serveAs lets an address be kept forever only where it names this very version:
// while nodes are being updated an address of the other version may arrive here.
func (a asset) serveAs(w http.ResponseWriter, r *http.Request, asked string) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", `"`+a.version+`"`)
	h.Set("Cache-Control", "no-cache")
	if asked == a.version {
		h.Set("Cache-Control", forever)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}
