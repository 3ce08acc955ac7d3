package contract_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"regexp"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection10_Photo_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		person.Locale("fr").Upload(jpegOf(64, 32)).Expect(200, "ME_PHOTO_UPDATED").Matches(
			`{"message": "Photo de profil mise à jour.", "code": "ME_PHOTO_UPDATED", "data": {"photo_url": "$text", "updated_at": "$time"}}`)
		if me := person.Get("/me"); load(t, person.Client, me.Text("data.photo_url")).Bounds().Dx() != 64 {
			me.Fail("the photo of GET /me is another one")
		}
	})
}

// load opens a photo as a browser would, without a token.
func load(t authtest.TB, c *authtest.Client, photoURL string) image.Image {
	t.Helper()
	a := asImage(c, photoURL)
	ours := strings.Contains(photoURL, "/files/") // S3 lets nobody send that header
	if a.Status != 200 || a.Header.Get("Content-Type") != "image/jpeg" || ours && a.Header.Get("X-Content-Type-Options") != "nosniff" {
		a.Fail("the photo does not load as an image")
	}
	img, err := jpeg.Decode(bytes.NewReader(a.Body))
	if err != nil {
		a.Fail("the photo is no JPEG: %v", err)
	}
	return img
}

func TestSection10_Photo_IsStoredUnderItsPersonAndARandomName(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		form := regexp.MustCompile(fmt.Sprintf(`profile_photos/user_%d_([^/]{16,})\.jpg`, person.ID))
		names := map[string]bool{}
		for range 2 {
			a := person.Upload(jpegOf(8, 8))
			parts := form.FindStringSubmatch(a.Text("data.photo_url"))
			if parts == nil || names[parts[1]] {
				a.Fail("the object is not under profile_photos, or its name is not random")
			}
			names[parts[1]] = true
		}
	})
}

func sendFile(c *authtest.Client, field, name, media string, contents []byte) *authtest.Answer {
	return c.UploadFile(authtest.File{Field: field, Name: name, Type: media, Contents: contents})
}

func TestSection10_Photo_JPEGPNGAndWebPByContent(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		for name, data := range map[string][]byte{"JPEG": jpegOf(8, 8), "PNG": pngOf(8, 8), "WebP": webp()} {
			load(t, c, sendFile(c, "photo", "x."+name, "image/"+strings.ToLower(name), data).Expect(200, "ME_PHOTO_UPDATED").Text("data.photo_url"))
			load(t, c, sendFile(c, "photo", "notes.txt", "text/plain", data).Expect(200, "ME_PHOTO_UPDATED").Text("data.photo_url"))
		}
	})
}

func TestSection10_Photo_WhatIsNoSuchImageIsInvalid(t *testing.T) {
	jpg := jpegOf(64, 64)
	files := map[string][]byte{
		"empty": {}, "text": []byte("hello"), "GIF": gifOf(8, 8), "PDF": []byte("%PDF-1.7\n"),
		"SVG":      []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"HTML":     []byte(`<!doctype html><script>alert(1)</script>`),
		"BMP":      []byte("BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"),
		"cut JPEG": jpg[:len(jpg)/2], "JPEG's start alone": jpg[:3], "PNG's start alone": []byte("\x89PNG\r\n\x1a\n"),
		"too many pixels": wideOpenPNG(8000, 5001), "a bomb": bomb(),
	}
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		before := c.Upload(jpegOf(8, 8)).Text("data.photo_url")
		for name, data := range files {
			t.Run(name, func(t *testing.T) {
				sendFile(c.For(t), "photo", "x.jpg", "image/jpeg", data).Invalid("photo")
			})
		}
		load(t, c, before)
	})
}

func TestSection10_Photo_WhatIsNoUploadIsInvalid(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		sendFile(c, "picture", "x.jpg", "image/jpeg", jpegOf(8, 8)).Invalid("photo")
		sendFile(c, "Photo", "x.jpg", "image/jpeg", jpegOf(8, 8)).Invalid("photo")
		sendFile(c, "photo", "", "text/plain", []byte("hello")).Invalid("photo")
		c.Header("Content-Type", "multipart/form-data; boundary=x").Post("/me/photo", "--x--\r\n").Invalid("photo")
	})
}

func TestSection10_Photo_IsMultipart(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		c.Post("/me/photo", Fields{"photo": "x"}).Expect(415, "UNSUPPORTED_MEDIA_TYPE")
		c.Header("Content-Type", "image/jpeg").Post("/me/photo", jpegOf(8, 8)).Expect(415, "UNSUPPORTED_MEDIA_TYPE")
	})
}

func TestSection10_Photo_GoesUpToFiveMiB(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		c.Upload(jpegOfBytes(5<<20)).Expect(200, "ME_PHOTO_UPDATED")
		c.Upload(jpegOfBytes(5<<20+1)).Expect(413, "PAYLOAD_TOO_LARGE")
		c.Upload(bytes.Repeat([]byte("x"), 12<<20)).Expect(413, "PAYLOAD_TOO_LARGE")
	})
}

func TestSection10_Photo_IsAtMost1024PixelsOnASide(t *testing.T) {
	sizes := []struct{ width, height, wantWidth, wantHeight int }{
		{1024, 1024, 1024, 1024}, {2048, 1024, 1024, 512}, {600, 1200, 512, 1024}, {100, 50, 100, 50}, {3000, 10, 1024, 3},
	}
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		for _, s := range sizes {
			a := c.Upload(pngOf(s.width, s.height)).Expect(200, "ME_PHOTO_UPDATED")
			got := load(t, c, a.Text("data.photo_url")).Bounds()
			if got.Dx() != s.wantWidth || abs(got.Dy()-s.wantHeight) > 1 {
				a.Fail("%d×%d became %d×%d, want %d×%d", s.width, s.height, got.Dx(), got.Dy(), s.wantWidth, s.wantHeight)
			}
		}
	})
}

func abs(n int) int { return max(n, -n) }

func TestSection10_Photo_IsTurnedUprightAndStripped(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		// Orientation 6: the left side of what is stored is the top of the picture.
		a := c.Upload(withEXIF(jpegOf(80, 40), 6)).Expect(200, "ME_PHOTO_UPDATED")
		img := load(t, c, a.Text("data.photo_url"))
		if img.Bounds().Dx() != 40 || img.Bounds().Dy() != 80 {
			a.Fail("the photo is %v, want it 40 by 80", img.Bounds())
		}
		if !near(img.At(20, 10), red) || !near(img.At(20, 70), blue) {
			a.Fail("the photo is red on top: %v, blue below: %v", img.At(20, 10), img.At(20, 70))
		}
		stored := c.Send("GET", a.Text("data.photo_url"), nil).Body
		for _, trace := range []string{"Exif", place} {
			if bytes.Contains(stored, []byte(trace)) {
				t.Errorf("the stored photo holds %q", trace)
			}
		}
	})
}

func near(got, want color.Color) bool {
	r, g, b, _ := got.RGBA()
	wr, wg, wb, _ := want.RGBA()
	return abs(int(r)-int(wr)) < 0x2000 && abs(int(g)-int(wg)) < 0x2000 && abs(int(b)-int(wb)) < 0x2000
}

func TestSection10_Photo_NeedsATokenBeforeAnyByteIsLookedAt(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Upload(jpegOf(8, 8)).Expect(401, "UNAUTHENTICATED")
		srv.Client(t).Upload([]byte("x")).Expect(401, "UNAUTHENTICATED")
	})
}
