package photo

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// maxSourceSide is the longest side that a JPEG can have. The other formats get
// no more, lest a single row be what takes the memory.
const maxSourceSide = 65_535

// format is a kind of image that may be uploaded. The decoders are named here,
// and not looked up in the image package's registry, so that no import
// elsewhere lets another kind in.
type format struct {
	is           func(data []byte) bool
	check        func(data []byte) error // beyond the size; may be nil
	decode       func(io.Reader) (image.Image, error)
	decodeConfig func(io.Reader) (image.Config, error)
	orientation  func(data []byte) orientation
}

func formats() []format {
	return []format{
		{isJPEG, checkScans, jpeg.Decode, jpeg.DecodeConfig, orientationOfJPEG},
		{isPNG, nil, png.Decode, png.DecodeConfig, orientationOfPNG},
		{isWebP, nil, webp.Decode, webp.DecodeConfig, orientationOfWebP},
	}
}

func isJPEG(data []byte) bool { return bytes.HasPrefix(data, []byte("\xff\xd8\xff")) }

func isPNG(data []byte) bool { return bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")) }

func isWebP(data []byte) bool {
	return len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP"
}

// source is an upload that is ready to be decoded.
type source struct {
	format
	data []byte
}

// inspect reads the header alone, so that a bomb costs nothing. The decoders
// allocate by the very sizes that it has checked.
func inspect(data []byte) (source, error) {
	for _, f := range formats() {
		if f.is(data) {
			s := source{f, data}
			return s, s.inspect()
		}
	}
	return source{}, ErrNotAnImage
}

func (s source) inspect() (err error) {
	defer recoverDecoder(&err)
	c, err := s.decodeConfig(bytes.NewReader(s.data))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAnImage, err)
	}
	if c.Width < 1 || c.Height < 1 {
		return fmt.Errorf("%w: it has no pixels", ErrNotAnImage)
	}
	if c.Width > maxSourceSide || c.Height > maxSourceSide || c.Width*c.Height > MaxPixels {
		return ErrTooManyPixels
	}
	if s.check == nil {
		return nil
	}
	return s.check(s.data)
}

// orientation is upright where the metadata cannot be read: a broken tag is no
// reason to refuse a good picture.
func (s source) orientation() (o orientation) {
	defer func() {
		if cause := recover(); cause != nil {
			_ = survived(cause)
			o = upright
		}
	}()
	return s.format.orientation(s.data)
}
