// Package photo turns what a person uploads into a picture that is safe to keep
// and to show (contract section 10).
//
// Its one rule: nothing of the upload's bytes survives. The output is encoded
// anew from pixels alone, so it holds no place, no device, no profile, no
// comment, and nothing that was hidden behind the picture.
package photo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"log/slog"

	"flowxi.app/flowxi/internal/rescue"
	"flowxi.app/flowxi/internal/trace"
)

const (
	// MaxBytes is the largest upload (contract section 10).
	MaxBytes = 5 << 20

	// MaxPixels is the most pixels that an upload may have (contract section
	// 10).
	MaxPixels = 40_000_000

	// MaxMemory is what an upload of MaxPixels may take in bytes while it is
	// decoded, which is why a Processor has slots. The worst is a progressive
	// JPEG of four colours without subsampling; a PNG of 16 bits takes 0.4 GB,
	// and what cameras make 0.1 GB.
	MaxMemory = 1_100_000_000

	// MaxSide is the longest side of the output in pixels (contract section
	// 10). A smaller picture keeps its size.
	MaxSide = 1024

	quality = 85
)

var (
	// ErrTooLarge says that the upload has more than MaxBytes.
	ErrTooLarge = errors.New("photo: too many bytes")

	// ErrNotAnImage says that the upload is no JPEG, PNG or WebP, whatever its
	// name or declared type, or that it is a broken one.
	ErrNotAnImage = errors.New("photo: not a JPEG, PNG or WebP image")

	// ErrTooManyPixels says that the image has more than MaxPixels, or a side
	// longer than a JPEG can have.
	ErrTooManyPixels = errors.New("photo: too many pixels")

	// ErrBusy says that it took too long until it was this one's turn. The caller
	// may try again.
	ErrBusy = errors.New("photo: busy")
)

// JPEG returns the picture in data as a baseline JPEG: upright as its EXIF
// orientation asks, at most MaxSide on a side, on white where it was
// transparent, and without metadata. Colour profiles are dropped, not applied.
//
// Of an animated PNG it takes the picture that readers without animation show;
// an animated WebP, which has none, is ErrNotAnImage. What follows the end of
// an image is ignored, and what lacks its end is ErrNotAnImage.
//
// Its errors are those of this package and of ctx, which is heeded until
// decoding begins and between the steps after it.
func (p *Processor) JPEG(ctx context.Context, data []byte) ([]byte, error) {
	if len(data) > MaxBytes {
		return nil, ErrTooLarge
	}
	s, err := inspect(data)
	if err != nil {
		return nil, err
	}
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	defer p.leave()
	ctx, span := trace.Start(ctx, "decode photo")
	out, err := s.jpeg(ctx)
	span.End(err)
	return out, err
}

func (s source) jpeg(ctx context.Context) (out []byte, err error) {
	defer recoverDecoder(&err)
	img, err := s.decode(bytes.NewReader(s.data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAnImage, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	small := shrink(img)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, turn(small, s.orientation()), &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode photo: %w", err)
	}
	return b.Bytes(), nil
}

// recoverDecoder is deferred around decoders: an upload that makes one panic
// must not end the process.
func recoverDecoder(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("%w: %w", ErrNotAnImage, survived(cause))
	}
}

// survived counts a panic and logs where it was, since whoever sent the photo
// hears only that it is none. What the panic says may quote the photo.
func survived(cause any) *rescue.Panic {
	p := rescue.Note(cause)
	slog.Error("a photo ended its decoder in a panic", "error", p, rescue.Stack(p))
	return p
}
