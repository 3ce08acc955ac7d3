package auth

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"net/netip"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/photo"
)

// unsigned is a bucket that cannot sign.
type unsigned struct{ blob.Bucket }

func (unsigned) Put(context.Context, string, string, []byte) error { return nil }

func (unsigned) SignedURL(context.Context, string, time.Duration) (string, error) {
	return "", errors.New("broken")
}

func TestAPhotoWhoseAddressCannotBeSignedIsNoFaultOfOurs(t *testing.T) {
	t.Parallel()
	a, _, _ := olderHash(t)
	a.bucket, a.photos = unsigned{}, photo.NewProcessor(1, time.Minute)
	in, err := login(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	c := &Caller{IP: netip.MustParseAddr("192.0.2.1")}
	if err := a.Authenticate(t.Context(), c, string(in.Issued.Token)); err != nil {
		t.Fatal(err)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.SetPhoto(t.Context(), c, picture.Bytes()); !errors.Is(err, account.ErrServiceUnavailable) {
		t.Errorf("it says %v", err)
	}
	u, err := a.store.UserByEmail(t.Context(), email)
	if err != nil || u.PhotoKey == "" {
		t.Errorf("the photo is %q, %v; want the one that was committed", u.PhotoKey, err)
	}
}
