package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
)

// UpdatePhoto sets the profile photo: a JPEG, PNG or WebP file of up to 5 MiB. It is sent
// as it is read, and never in memory as a whole. A photo that is an [io.Seeker] is sent
// from where it stands, and once more where the server had no room for it.
//
// When it has returned, the photo is read no more: it waits for a read that is under way,
// until ctx or the timeout of the HTTP client ends the wait.
func (c *Client) UpdatePhoto(ctx context.Context, photo io.Reader) (*PhotoUpdated, error) {
	body, err := newUpload(photo)
	if err != nil {
		return nil, err
	}
	return call[PhotoUpdated](ctx, c, operation{id: "updatePhoto", method: http.MethodPost, path: "/me/photo", bearer: true}, body)
}

// upload is a payload of one file, between a beginning and an end that are the same for
// every try.
type upload struct {
	begin, end  []byte
	contentType string
	file        io.Reader
	seeker      io.Seeker // the file, where it can be sought; nil otherwise
	start, size int64     // of what is sent of it then
}

func newUpload(file io.Reader) (*upload, error) {
	var parts bytes.Buffer
	form := multipart.NewWriter(&parts)
	if _, err := form.CreateFormFile("photo", "photo"); err != nil {
		return nil, fmt.Errorf("flowxi: updatePhoto: %w", err)
	}
	begin := bytes.Clone(parts.Bytes())
	if err := form.Close(); err != nil {
		return nil, fmt.Errorf("flowxi: updatePhoto: %w", err)
	}
	u := &upload{begin: begin, end: parts.Bytes()[len(begin):], contentType: form.FormDataContentType(), file: file}
	if seeker, ok := file.(io.Seeker); ok {
		u.measure(seeker)
	}
	return u, nil
}

// measure leaves the file as one that cannot be sought where it says that it cannot, as
// pipes and terminals do.
func (u *upload) measure(file io.Seeker) {
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return
	}
	if _, err := file.Seek(start, io.SeekStart); err == nil {
		u.seeker, u.start, u.size = file, start, end-start
	}
}

func (u *upload) open() (io.Reader, int64, string, error) {
	length := int64(-1)
	if u.again() {
		if _, err := u.seeker.Seek(u.start, io.SeekStart); err != nil {
			return nil, 0, "", errors.Join(errors.New("read photo"), err)
		}
		length = int64(len(u.begin)) + u.size + int64(len(u.end))
	}
	return io.MultiReader(bytes.NewReader(u.begin), u.file, bytes.NewReader(u.end)), length, u.contentType, nil
}

func (u *upload) again() bool { return u.seeker != nil }
