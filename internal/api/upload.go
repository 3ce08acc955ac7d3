package api

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/photo"
)

const (
	// PhotoField is the part of an upload that the file is in.
	PhotoField = "photo"

	// MaxUpload is the longest body of an upload in bytes, its other parts included.
	MaxUpload = photo.MaxBytes + 1<<20

	largestFile = photo.MaxBytes + 1 // that is read, to tell one that is too large

	maxParts = 10
)

// UploadTime is how long a client may take to send the body of an upload. It leaves some of
// uploadTimeout to work in.
const UploadTime = 20 * time.Second

// readPhoto streams a multipart body and returns the file in its first part of the
// name "photo" (contract section 10). Other parts, a second photo among them, are
// skipped; the body is read to its end, so that a broken one is noticed.
func (x *exchange) readPhoto() ([]byte, error) {
	boundary, err := multipartBoundary(x.request.Header)
	if err != nil {
		return nil, err
	}
	x.readUntil(time.Now().Add(UploadTime))
	room := roomFor(x.request.ContentLength)
	parts := multipart.NewReader(http.MaxBytesReader(x.writer, x.request.Body, MaxUpload), boundary)
	var data []byte
	found := false
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		switch {
		case err == io.EOF && !found: //nolint:errorlint // a wrapped one is a body that ends too early
			return nil, photoProblem("required")
		case err == io.EOF: //nolint:errorlint // as above
			x.readUntil(time.Time{})
			return data, nil
		case err != nil:
			return nil, readError(err)
		case n == maxParts:
			return nil, account.ErrMalformedRequest
		}
		if found || part.FormName() != PhotoField {
			continue
		}
		if data, err = readFile(part, room); err != nil {
			return nil, err
		}
		found = true
	}
}

func multipartBoundary(h http.Header) (string, error) {
	types := h.Values("Content-Type")
	if len(types) != 1 || isEncoded(h) {
		return "", account.ErrUnsupportedMediaType
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != "multipart/form-data" {
		return "", account.ErrUnsupportedMediaType
	}
	if params["boundary"] == "" {
		return "", account.ErrMalformedRequest
	}
	return params["boundary"], nil
}

// roomFor is how long the file in a body of that length can be. One of no length may
// hold the largest.
func roomFor(length int64) int64 {
	if length < 0 {
		return largestFile
	}
	return min(length, largestFile)
}

// readFile returns the content of a part, which must be a file: browsers send one
// without a name and content where none was chosen. It is read into one piece of
// memory, since one that grows takes as much again for an instant.
func readFile(part *multipart.Part, room int64) ([]byte, error) {
	file := bytes.NewBuffer(make([]byte, 0, room+bytes.MinRead))
	_, err := file.ReadFrom(io.LimitReader(part, largestFile))
	data := file.Bytes()
	switch {
	case err != nil:
		return nil, readError(err)
	case len(data) > photo.MaxBytes:
		return nil, account.ErrPayloadTooLarge
	case part.FileName() == "" && len(data) == 0:
		return nil, photoProblem("required")
	case part.FileName() == "":
		return nil, photoProblem("file")
	}
	return data, nil
}
