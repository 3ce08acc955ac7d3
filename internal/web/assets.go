package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages refer to.
type asset struct {
	body        []byte
	contentType string
	version     string        // a digest of the body
	zipped      func() []byte // the body by gzip, made when somebody first takes it so; nil where there is none
	address     string        // its path with its version
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
		body: body, contentType: contentTypeOf(name), version: version, zipped: zip(body),
		address: "/assets/" + name + "?v=" + version,
	}
}

// zip is for files alone: what is said to somebody must not tell by its length what is in it
// (the BREACH attack).
func zip(body []byte) func() []byte {
	return sync.OnceValue(func() []byte {
		var out bytes.Buffer
		z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // there is that level
		_, _ = z.Write(body)                                    // to memory, which takes it
		_ = z.Close()
		return out.Bytes()
	})
}

// takesGzip is whether a client says that it can read it (RFC 9110 section 12.5.3).
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.TrimSpace(name) == "gzip" {
			_, q, _ := strings.Cut(weight, "=")
			value, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			return err != nil || value > 0
		}
	}
	return false
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
	case ".json":
		return jsonText
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
	h.Set("Cache-Control", "no-cache")
	if asked == a.version {
		h.Set("Cache-Control", forever)
	}
	body, tag := a.body, a.version
	if a.zipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if takesGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body, tag = a.zipped(), tag+"-gzip"
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
