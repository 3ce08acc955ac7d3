package authtest

import (
	"bytes"
	"mime/multipart"
	"net/textproto"
)

// File is one part of a multipart body. Without a Name it is a plain field.
type File struct {
	Field, Name, Type string
	Contents          []byte
}

// Upload sends a profile photo.
func (c *Client) Upload(photo []byte) *Answer {
	c.t.Helper()
	return c.UploadFile(File{Field: "photo", Name: "photo.jpg", Type: "image/jpeg", Contents: photo})
}

// UploadFile sends anything in the place of a profile photo.
func (c *Client) UploadFile(f File) *Answer {
	c.t.Helper()
	contentType, body, err := f.encode()
	if err != nil {
		c.t.Fatalf("encode the upload: %v", err)
	}
	return c.Header("Content-Type", contentType).Post("/me/photo", body)
}

func (f File) encode() (contentType string, body []byte, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	disposition := `form-data; name="` + f.Field + `"`
	if f.Name != "" {
		disposition += `; filename="` + f.Name + `"`
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {disposition}, "Content-Type": {f.Type}})
	if err != nil {
		return "", nil, err
	}
	if _, err := part.Write(f.Contents); err != nil {
		return "", nil, err
	}
	err = w.Close()
	return w.FormDataContentType(), b.Bytes(), err
}
