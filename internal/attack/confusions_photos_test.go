package attack_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"mime/multipart"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var confusedPhotos = []attempt{
	{kind: confusing, try: "an upload of more parts than anybody sends", defence: fewParts, run: manyParts},
	{kind: confusing, try: "a photo of more bytes than allowed", defence: photoBytes, run: heavyPhoto},
	{kind: confusing, try: "a small photo of more pixels than allowed", defence: photoPixels, run: widePhoto},
	{kind: confusing, try: "a small photo that is drawn over a hundred times", defence: photoScans, run: manyScans},
	{kind: confusing, try: "a photo that is a page and an archive as well", defence: photoAnew, run: polyglot},
	{kind: confusing, try: "a page, a drawing and a moving picture in the clothes of a photo", defence: photoKinds, run: noPhotos},
}

var (
	fewParts   = canary.Stands("parts of an upload", canary.Refusal("internal/api/upload.go", "n == maxParts"))
	photoBytes = canary.Stands("bytes of a photo", canary.Refusal("internal/api/upload.go", "len(data) > photo.MaxBytes"),
		canary.Refusal("internal/photo/photo.go", "len(data) > MaxBytes"))
	photoPixels = canary.Stands("pixels of a photo",
		canary.Refusal("internal/photo/source.go", "c.Width > maxSourceSide || c.Height > maxSourceSide || c.Width*c.Height > MaxPixels"))
	photoScans = canary.Stands("scans of a photo", canary.Refusal("internal/photo/scans.go", "scans > maxScans"))
	photoAnew  = canary.Stands("a photo made anew", canary.Place{
		File: "internal/photo/photo.go", Code: "out, err := s.jpeg(ctx)", Without: "$CODE\n\tif $GONE {\n\t\tout = s.data\n\t}",
	})
	photoKinds = canary.Stands("kinds of photos", canary.Place{
		File: "internal/auth/photo.go", Code: "jpeg, err := a.photos.JPEG(ctx, data)",
		Without: "$CODE\n\tif $GONE && errors.Is(err, photo.ErrNotAnImage) {\n\t\tjpeg, err = data, nil\n\t}",
	})
)

// snapshot is a small photo.
func snapshot(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewYCbCr(image.Rect(0, 0, 32, 32), image.YCbCrSubsampleRatio420), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func manyParts(t *testing.T, w *world) {
	p := w.person(t)
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for range 1000 {
		if err := form.WriteField("more", "x"); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("photo", "photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(snapshot(t)); err != nil || form.Close() != nil {
		t.Fatal("the form was not made")
	}
	p.Header("Content-Type", form.FormDataContentType()).Post("/me/photo", b.Bytes()).Expect(400, "MALFORMED_REQUEST")
}

func heavyPhoto(t *testing.T, w *world) {
	w.person(t).Upload(append(snapshot(t), make([]byte, 5<<20)...)).Expect(413, "PAYLOAD_TOO_LARGE")
}

// widePhoto is a PNG of 42 million pixels that are all alike.
func widePhoto(t *testing.T, w *world) {
	const width, height = 7000, 6000
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	if _, err := z.Write(make([]byte, (1+width/8)*height)); err != nil || z.Close() != nil {
		t.Fatal("the pixels were not made")
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	const gray = "\x01\x00\x00\x00\x00" // of one bit
	photo := "\x89PNG\r\n\x1a\n" + pngPart("IHDR", string(size)+gray) + pngPart("IDAT", pixels.String()) + pngPart("IEND", "")
	w.person(t).Upload([]byte(photo)).Invalid("photo")
}

func pngPart(name, body string) string {
	length := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(name+body)))
	return string(length) + name + body + string(sum)
}

// manyScans repeats the one scan of a JPEG, from its marker to the end of the image.
func manyScans(t *testing.T, w *world) {
	photo := snapshot(t)
	begin := bytes.Index(photo, []byte("\xff\xda"))
	scan := photo[begin : len(photo)-2]
	many := append(bytes.Clone(photo[:begin]), bytes.Repeat(scan, 100)...)
	w.person(t).Upload(append(many, "\xff\xd9"...)).Invalid("photo")
}

func polyglot(t *testing.T, w *world) {
	p := w.person(t)
	photo := snapshot(t)
	comment := "<script>alert(1)</script>"
	segment := append(binary.BigEndian.AppendUint16([]byte("\xff\xfe"), uint16(len(comment)+2)), comment...)
	both := bytes.Join([][]byte{photo[:2], segment, photo[2:], []byte("PK\x03\x04" + comment)}, nil)
	address := p.Upload(both).Expect(200, "ME_PHOTO_UPDATED").Text("data.photo_url")
	shown := w.stranger(t).Send("GET", address, nil)
	if shown.Status != 200 || bytes.Contains(shown.Body, []byte("script")) || bytes.Contains(shown.Body, []byte("PK\x03\x04")) {
		t.Errorf("status %d, and the photo holds what came with it", shown.Status)
	}
}

func noPhotos(t *testing.T, w *world) {
	p := w.person(t)
	for _, contents := range []string{
		"<!doctype html><script>alert(1)</script>", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`,
		"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
		"%PDF-1.7", "\xff\xd8\xff<script>", strings.Repeat("\x00", 100),
	} {
		p.UploadFile(authtest.File{Field: "photo", Name: "../../photo.jpg", Type: "image/jpeg", Contents: []byte(contents)}).Invalid("photo")
	}
}
