package photo

import (
	"bytes"
	"errors"
	"image"
	"io"

	"github.com/bep/imagemeta"
	"golang.org/x/image/riff"
)

// orientation is the EXIF tag of that name (EXIF 2.32 section 4.6.4 A): which
// sides of the upright picture the first stored row and column are.
type orientation int

const (
	upright orientation = 1 // top, left
	last    orientation = 8 // left, bottom
)

// What is read of a file's metadata before it is taken as it is.
const (
	maxTags     = 1000
	maxTagBytes = 64
)

func orientationOfJPEG(data []byte) orientation { return readOrientation(data, imagemeta.JPEG) }

func orientationOfPNG(data []byte) orientation { return readOrientation(data, imagemeta.PNG) }

// orientationOfWebP finds the EXIF chunk by itself: the metadata reader knows
// nothing of the byte that fills up a chunk of odd length. An EXIF chunk is a
// TIFF file without a picture; some writers put JPEG's prefix before it.
func orientationOfWebP(data []byte) orientation {
	_, chunks, err := riff.NewReader(bytes.NewReader(data))
	for err == nil {
		var id riff.FourCC
		var body io.Reader
		id, _, body, err = chunks.Next()
		if err == nil && id == (riff.FourCC{'E', 'X', 'I', 'F'}) {
			exif, _ := io.ReadAll(body) // what is cut short may still hold the tag
			return readOrientation(bytes.TrimPrefix(exif, []byte("Exif\x00\x00")), imagemeta.TIFF)
		}
	}
	return upright
}

func readOrientation(data []byte, format imagemeta.ImageFormat) orientation {
	found := upright
	// Its error may be our own, or tell of broken metadata; either way what was
	// found until then holds.
	_, _ = imagemeta.Decode(imagemeta.Options{
		R:               bytes.NewReader(data),
		ImageFormat:     format,
		Sources:         imagemeta.EXIF,
		LimitNumTags:    maxTags,
		LimitTagSize:    maxTagBytes,
		ShouldHandleTag: isOrientation,
		HandleTag: func(tag imagemeta.TagInfo) error {
			if value, ok := tag.Value.(uint16); ok {
				found = orientation(value)
			}
			return errFound
		},
	})
	if found < upright || found > last {
		return upright
	}
	return found
}

var errFound = errors.New("photo: orientation found")

func isOrientation(tag imagemeta.TagInfo) bool {
	return tag.Source == imagemeta.EXIF && tag.Namespace == "IFD0" && tag.Tag == "Orientation"
}

// turn returns img as it looks upright.
func turn(img *image.RGBA, o orientation) *image.RGBA {
	if o == upright {
		return img
	}
	stored := img.Bounds().Size()
	size, sideways := stored, o >= 5
	if sideways {
		size.X, size.Y = size.Y, size.X
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			at := image.Pt(x, y)
			if sideways {
				at.X, at.Y = at.Y, at.X
			}
			if o.fromRight() {
				at.X = stored.X - 1 - at.X
			}
			if o.fromBottom() {
				at.Y = stored.Y - 1 - at.Y
			}
			out.SetRGBA(x, y, img.RGBAAt(at.X, at.Y))
		}
	}
	return out
}

// fromRight says that the upright picture reads the stored rows from the right.
func (o orientation) fromRight() bool { return o == 2 || o == 3 || o == 7 || o == 8 }

// fromBottom says that it reads the stored columns from the bottom.
func (o orientation) fromBottom() bool { return o == 3 || o == 4 || o == 6 || o == 7 }
