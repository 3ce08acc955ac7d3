package contract_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection10_Photo_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		person.Locale("fr").Upload(jpegOf(64, 32)).Expect(200, "ME_PHOTO_UPDATED").Matches(
			`{"message": "Photo de profil mise à jour.", "code": "ME_PHOTO_UPDATED", "data": {"photo_url": "$text", "updated_at": "$time"}}`)
		if me := person.Get("/me"); load(person.Client, me.Text("data.photo_url")).Bounds().Dx() != 64 {
			me.Fail("the photo of GET /me is another one")
		}
	})
}

// load opens a photo as a browser would, without a token.
func load(c *authtest.Client, photoURL string) image.Image {
	a := c.Token("").Send("GET", photoURL, nil)
	if a.Status != 200 || a.Header.Get("Content-Type") != "image/jpeg" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
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
			load(c, sendFile(c, "photo", "x."+name, "image/"+strings.ToLower(name), data).Expect(200, "ME_PHOTO_UPDATED").Text("data.photo_url"))
			load(c, sendFile(c, "photo", "notes.txt", "text/plain", data).Expect(200, "ME_PHOTO_UPDATED").Text("data.photo_url"))
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
		load(c, before)
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
			got := load(c, a.Text("data.photo_url")).Bounds()
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
		img := load(c, a.Text("data.photo_url"))
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

func TestSection10_Photo_URLExpiresAfterAnHour(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		old := person.Upload(jpegOf(8, 8)).Text("data.photo_url")
		srv.Advance(50 * time.Minute)
		load(person.Client, old)
		srv.Advance(71 * time.Minute)
		expectNoPhoto(person.Client, old)
		load(person.Client, person.Get("/me").Text("data.photo_url"))
	})
}

func expectNoPhoto(c *authtest.Client, photoURL string) {
	if a := c.Send("GET", photoURL, nil); a.Status != 403 && a.Status != 404 {
		a.Fail("got %d, want the photo refused", a.Status)
	}
}

func TestSection10_Photo_URLIsSigned(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		signed, err := url.Parse(c.Upload(jpegOf(8, 8)).Text("data.photo_url"))
		if err != nil {
			t.Fatal(err)
		}
		bare := *signed
		bare.RawQuery = ""
		expectNoPhoto(c, bare.String())
		for name, values := range signed.Query() {
			changed, query := *signed, signed.Query()
			query.Set(name, flip(values[0], len(values[0])-1))
			changed.RawQuery = query.Encode()
			expectNoPhoto(c, changed.String())
			query.Del(name)
			changed.RawQuery = query.Encode()
			expectNoPhoto(c, changed.String())
		}
		load(c, signed.String())
	})
}

func TestSection10_Photo_ASignatureIsGoodForItsOwnPhotoAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		hers := parsed(t, srv.Client(t).Register(ada).Upload(jpegOf(8, 8)).Text("data.photo_url"))
		his := parsed(t, srv.Client(t).Register(bob).Upload(jpegOf(8, 8)).Text("data.photo_url"))
		his.RawQuery = hers.RawQuery
		expectNoPhoto(srv.Client(t), his.String())
	})
}

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestSection10_Photo_TheReplacedOneIsGone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		old := c.Upload(jpegOf(8, 8)).Text("data.photo_url")
		current := c.Upload(jpegOf(16, 16)).Text("data.photo_url")
		expectNoPhotoSoon(c, old)
		if load(c, current).Bounds().Dx() != 16 {
			t.Error("the current photo is not the new one")
		}
	})
}

// expectNoPhotoSoon waits: the deletion follows the commit.
func expectNoPhotoSoon(c *authtest.Client, photoURL string) {
	for range 100 {
		if a := c.Send("GET", photoURL, nil); a.Status == 403 || a.Status == 404 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	expectNoPhoto(c, photoURL)
}

func TestSection10_Photo_ByManyAtOnceLeavesOne(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		answers := authtest.Race(8, func(i int) *authtest.Answer { return c.Upload(jpegOf(8+i, 8)) })
		current := parsed(t, c.Get("/me").Text("data.photo_url"))
		found := false
		for _, a := range answers {
			if a.Status == 503 {
				continue
			}
			photo := a.Expect(200, "ME_PHOTO_UPDATED").Text("data.photo_url")
			if parsed(t, photo).Path == current.Path {
				found = true
				load(c, photo)
				continue
			}
			expectNoPhotoSoon(c, photo)
		}
		if !found {
			t.Error("the current photo is none of those that were answered")
		}
	})
}

func TestSection10_Photo_Delete(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada).Client
		old := c.Upload(jpegOf(8, 8)).Text("data.photo_url")
		a := c.Delete("/me/photo").Expect(200, "ME_PHOTO_DELETED")
		if a.Value("data.photo_url") != nil {
			a.Fail("photo_url is not null")
		}
		if me := c.Get("/me"); me.Value("data.photo_url") != nil {
			me.Fail("photo_url is not null")
		}
		expectNoPhotoSoon(c, old)
	})
}

func TestSection10_Photo_DeleteWithoutOneIsNoError(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada)
		c.Delete("/me/photo").Expect(200, "ME_PHOTO_DELETED")
	})
}

func TestSection10_Photo_NeedsATokenBeforeAnyByteIsLookedAt(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Upload(jpegOf(8, 8)).Expect(401, "UNAUTHENTICATED")
		srv.Client(t).Upload([]byte("x")).Expect(401, "UNAUTHENTICATED")
	})
}
