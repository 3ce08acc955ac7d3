package attack_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var guessesOfIDs = []attempt{
	{kind: guessing, try: "the secret of an own token under the numbers of others", defence: tokenSecret, run: tokensByNumber},
	{kind: guessing, try: "an own token under another spelling of its number", defence: tokenNumber, run: tokenMisspelled},
	{kind: guessing, try: "tokens foretold from tokens that came before", defence: uniformity, run: tokensForetold},
	{kind: guessing, try: "addresses of photos foretold from those that came before", defence: randomness, run: photosForetold},
	{kind: guessing, try: "the signature of an own photo on that of another person", defence: photoSignature, run: photoOfAnother},
	{kind: guessing, try: "the address of a photo that lives longer than it was signed for", defence: photoSignature, run: photoStretched},
	{kind: guessing, try: "the address of a photo without a signature, with an empty one and with a changed one", defence: photoSignature, run: photoUnsigned},
}

var tokenSecret = canary.Stands("secret of a token", canary.Refusal("internal/auth/session.go", "subtle.ConstantTimeCompare(hash, hashSecret(secret)) != 1"))

var tokenNumber = canary.Stands("one spelling of a token's number", canary.Place{
	File: "internal/auth/token.go", Code: "|| number[0] < '1' || number[0] > '9'", Without: "|| !$GONE && (number[0] < '1' || number[0] > '9')",
})

var photoSignature = canary.Stands("signature of a photo's address", canary.Refusal("internal/blob/sign.go", "!f.signer.VerifyDigest(digest, purpose, key, expires)"))

func tokensByNumber(t *testing.T, w *world) {
	victim, own := w.person(t), w.person(t)
	number, secret, _ := strings.Cut(own.Bearer(), "|")
	last, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	others := []string{strings.Split(victim.Bearer(), "|")[0]}
	for n := max(1, last-5); n < last; n++ {
		others = append(others, strconv.Itoa(n))
	}
	for _, other := range others {
		w.stranger(t).Token(other+"|"+secret).Get("/me").Expect(401, "UNAUTHENTICATED")
	}
}

func tokenMisspelled(t *testing.T, w *world) {
	own := w.person(t)
	for _, before := range []string{"0", "+", "00"} {
		w.stranger(t).Token(before+own.Bearer()).Get("/me").Expect(401, "UNAUTHENTICATED")
	}
}

func tokensForetold(t *testing.T, w *world) {
	owner := w.person(t)
	expectUnforeseeable(t, 4, func() string {
		_, secret, _ := strings.Cut(owner.LoginOn("phone").Bearer(), "|")
		return secret
	})
}

// guessPhoto is a small picture.
func guessPhoto(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// uploaded is the signed address of a new photo of somebody new.
func (w *world) uploaded(t *testing.T) *url.URL {
	t.Helper()
	return photoURL(t, w.person(t))
}

func photoURL(t *testing.T, p *authtest.Person) *url.URL {
	t.Helper()
	signed, err := url.Parse(p.Upload(guessPhoto(t)).Expect(200, "ME_PHOTO_UPDATED").Text("data.photo_url"))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// expectNoPhoto demands that an address shows nothing. S3 calls one with a piece missing
// malformed.
func expectNoPhoto(t *testing.T, w *world, address url.URL, query url.Values) {
	t.Helper()
	address.RawQuery = query.Encode()
	if a := w.Client(t).Send("GET", address.String(), nil); a.Status != 403 && a.Status != 404 && a.Status != 400 {
		a.Fail("got %d, want the photo refused", a.Status)
	}
}

func photosForetold(t *testing.T, w *world) {
	owner := w.person(t)
	expectUnforeseeable(t, 4, func() string {
		path := strings.TrimSuffix(photoURL(t, owner).Path, ".jpg")
		return path[len(path)-32:]
	})
}

func photoOfAnother(t *testing.T, w *world) {
	victims, own := w.uploaded(t), w.uploaded(t)
	expectNoPhoto(t, w, *victims, own.Query())
}

func photoStretched(t *testing.T, w *world) {
	own := w.uploaded(t)
	for _, name := range []string{"expires", "X-Amz-Expires"} {
		query := own.Query()
		if until, err := strconv.ParseInt(query.Get(name), 10, 64); err == nil {
			query.Set(name, strconv.FormatInt(until+3600, 10))
			expectNoPhoto(t, w, *own, query)
		}
	}
}

func photoUnsigned(t *testing.T, w *world) {
	own := w.uploaded(t)
	for _, name := range []string{"signature", "X-Amz-Signature"} {
		query := own.Query()
		signature := query.Get(name)
		if signature == "" {
			continue
		}
		for _, guess := range []string{"", strings.Repeat("A", len(signature)), authtest.OtherCode(signature)} {
			query.Set(name, guess)
			expectNoPhoto(t, w, *own, query)
		}
		query.Del(name)
		expectNoPhoto(t, w, *own, query)
	}
}
