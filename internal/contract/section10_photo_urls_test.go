package contract_test

import (
	"net/url"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

// That of an S3 server goes by a clock which no test can set: blobtest waits for it.
func TestSection10_Photo_URLExpiresAfterAnHour(t *testing.T) {
	t.Parallel()
	srv := start(t, authtest.Embedded, func(*config.Config) {})
	person := srv.Client(t).Register(ada)
	old := person.Upload(jpegOf(8, 8)).Text("data.photo_url")
	srv.Advance(50 * time.Minute)
	load(t, person.Client, old)
	srv.Advance(71 * time.Minute)
	expectNoPhoto(t, person.Client, old)
	load(t, person.Client, person.Get("/me").Text("data.photo_url"))
}

func expectNoPhoto(t authtest.TB, c *authtest.Client, photoURL string) {
	t.Helper()
	if a := asImage(c, photoURL); !refused(a) {
		a.Fail("got %d, want the photo refused", a.Status)
	}
}

// refused tells whether an answer shows no photo. S3 calls a URL with a piece missing
// malformed.
func refused(a *authtest.Answer) bool { return a.Status == 403 || a.Status == 404 || a.Status == 400 }

// asImage asks for a photo as an <img> does: with what is in its URL and nothing else.
func asImage(c *authtest.Client, photoURL string) *authtest.Answer {
	return c.Token("").Send("GET", photoURL, nil)
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
		expectNoPhoto(t, c, bare.String())
		for name, values := range signed.Query() {
			changed, query := *signed, signed.Query()
			query.Set(name, flip(values[0], len(values[0])-1))
			changed.RawQuery = query.Encode()
			expectNoPhoto(t, c, changed.String())
			query.Del(name)
			changed.RawQuery = query.Encode()
			expectNoPhoto(t, c, changed.String())
		}
		load(t, c, signed.String())
	})
}

func TestSection10_Photo_ASignatureIsGoodForItsOwnPhotoAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		hers := parsed(t, srv.Client(t).Register(ada).Upload(jpegOf(8, 8)).Text("data.photo_url"))
		his := parsed(t, srv.Client(t).Register(bob).Upload(jpegOf(8, 8)).Text("data.photo_url"))
		his.RawQuery = hers.RawQuery
		expectNoPhoto(t, srv.Client(t), his.String())
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
		expectNoPhotoSoon(t, c, old)
		if load(t, c, current).Bounds().Dx() != 16 {
			t.Error("the current photo is not the new one")
		}
	})
}

// expectNoPhotoSoon waits: the deletion follows the commit.
func expectNoPhotoSoon(t authtest.TB, c *authtest.Client, photoURL string) {
	t.Helper()
	for range 100 {
		if refused(asImage(c, photoURL)) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	expectNoPhoto(t, c, photoURL)
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
				load(t, c, photo)
				continue
			}
			expectNoPhotoSoon(t, c, photo)
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
		expectNoPhotoSoon(t, c, old)
	})
}

func TestSection10_Photo_DeleteWithoutOneIsNoError(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Register(ada)
		c.Delete("/me/photo").Expect(200, "ME_PHOTO_DELETED")
	})
}

func TestSection10_Photo_ARefusedURLAnswersInTheEnvelope(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Locale("en")
		a := c.Send("GET", "/files/nothing.jpg?expires=1&signature=x", nil).Expect(404, "NOT_FOUND")
		a.Matches(`{"message": "$text", "code": "NOT_FOUND"}`).ExpectHeader("Content-Language", "en")
	})
}
