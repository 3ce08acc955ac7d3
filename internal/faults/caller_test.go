package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"time"
)

// patience is how long a caller waits for an answer: longer than any deadline of the
// server, so that a hang is seen as one.
const patience = 40 * time.Second

// reply is what a caller got; Status is 0 where that was no answer.
type reply struct {
	Status     int
	Code       string
	RetryAfter string
	Body       map[string]any
	Took       time.Duration
}

// unknown tells whether the caller cannot know if it was done.
func (r reply) unknown() bool { return r.Status == 0 || r.Status >= 500 }

// text is a string in the answer, by its path.
func (r reply) text(path ...string) string {
	var at any = r.Body
	for _, name := range path {
		fields, _ := at.(map[string]any)
		at = fields[name]
	}
	text, _ := at.(string)
	return text
}

// caller calls a server as a client that lives through its faults.
type caller struct {
	base string
	http *http.Client
	note func(reply)
}

func newCaller(base string, note func(reply)) *caller {
	return &caller{base: base, note: note, http: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

func (c *caller) call(method, path, token string, body any) reply {
	payload, _ := json.Marshal(body)
	if body == nil {
		payload = nil
	}
	return c.send(method, path, token, "application/json", payload)
}

func (c *caller) send(method, path, token, contentType string, payload []byte) (r reply) {
	start := time.Now()
	defer func() {
		r.Took = time.Since(start)
		c.note(r)
	}()
	req, err := http.NewRequestWithContext(context.Background(), method, c.base+"/api/v1"+path, bytes.NewReader(payload))
	if err != nil {
		return r
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-App-Locale", "en")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return r
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return r
	}
	r.Status, r.RetryAfter = resp.StatusCode, resp.Header.Get("Retry-After")
	_ = json.Unmarshal(answer, &r.Body)
	r.Code = r.text("code")
	return r
}

// upload sends a photo of that width.
func (c *caller) upload(token string, width int) reply {
	var picture, body bytes.Buffer
	_ = jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, width, 8)), nil)
	w := multipart.NewWriter(&body)
	part, _ := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="photo"; filename="photo.jpg"`}, "Content-Type": {"image/jpeg"},
	})
	_, _ = part.Write(picture.Bytes())
	_ = w.Close()
	return c.send("POST", "/me/photo", token, w.FormDataContentType(), body.Bytes())
}

// photoWidth loads a photo as an <img> does; it is 0 where there is none.
func (c *caller) photoWidth(url string) int {
	resp, err := c.http.Get(url)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	picture, err := jpeg.Decode(resp.Body)
	if err != nil {
		return 0
	}
	return picture.Bounds().Dx()
}
