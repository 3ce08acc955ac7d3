package web

import (
	"errors"
	"net/http"
	"strconv"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/header"
)

// file serves an object of the folder to whoever has a signed address of it (contract
// section 10). That an address is forged, expired or of nothing looks the same.
func (s *site) file(w http.ResponseWriter, r *http.Request) {
	if s.Folder == nil {
		s.noFile(w, r)
		return
	}
	query := r.URL.Query()
	expires := query.Get("expires")
	object, modified, err := s.Folder.Open(r.PathValue("key"), expires, query.Get("signature"))
	switch {
	case errors.Is(err, blob.ErrForbidden), errors.Is(err, blob.ErrNotFound):
		s.noFile(w, r)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	defer func() { _ = object.Close() }() // it was only read
	h := w.Header()
	header.Photo.Set(h)
	h.Set("Content-Type", "image/jpeg") // there are only photos, and all of them are
	h.Set("Content-Disposition", blob.Disposition)
	h.Set("Cache-Control", "private, max-age="+strconv.FormatInt(s.secondsUntil(expires), 10))
	whole := r.Clone(r.Context()) // a part of a photo is of no use, and a wrong one has no envelope
	for _, name := range []string{"Range", "If-Range", "If-Match", "If-Unmodified-Since"} {
		whole.Header.Del(name)
	}
	http.ServeContent(noRanges{w}, whole, "", modified, object)
}

// noRanges tells clients that they need not ask for parts.
type noRanges struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w noRanges) WriteHeader(status int) {
	w.Header().Set("Accept-Ranges", "none")
	w.ResponseWriter.WriteHeader(status)
}

func (s *site) noFile(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, http.StatusNotFound, account.ErrNotFound)
}

// secondsUntil reads a time whose signature has been checked.
func (s *site) secondsUntil(expires string) int64 {
	until, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return 0
	}
	return max(0, until-s.Now().Unix())
}
