package photo_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// secrets is what uploads carry in their metadata, and no output may.
var secrets = [][]byte{
	[]byte("Exif"), []byte("GPS-SECRET"), []byte("CAMERA-SECRET"), []byte("XMP-SECRET"),
	[]byte("ICC-SECRET"), []byte("COMMENT-SECRET"), []byte("TRAILER-SECRET"), []byte("JFIF"),
}

var (
	red         = color.RGBA{R: 255, A: 255}
	green       = color.RGBA{G: 255, A: 255}
	blue        = color.RGBA{B: 255, A: 255}
	yellow      = color.RGBA{R: 255, G: 255, A: 255}
	white       = color.RGBA{R: 255, G: 255, B: 255, A: 255}
	black       = color.RGBA{A: 255}
	transparent = color.RGBA{}
)

// corners are the colours of a picture's quarters: top left, top right, bottom
// left, bottom right.
type corners [4]color.RGBA

// picture paints a quarter in each colour.
func picture(width, height int, c corners) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, c[2*(2*y/height)+2*x/width])
		}
	}
	return img
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// exif is a TIFF file with an orientation, a maker, and a place.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	const ascii, short, long, rational = 2, 3, 4, 5
	camera, place := "CAMERA-SECRET\x00", "GPS-SECRET\x00"
	ifd0 := uint32(8)
	gps := ifd0 + 2 + 3*12 + 4
	heap := gps + 2 + 3*12 + 4

	b := []byte("MM")
	if order.AppendUint16(nil, 1)[0] == 1 {
		b = []byte("II")
	}
	tag := func(id, kind uint16, count, value uint32) {
		b = order.AppendUint16(order.AppendUint16(b, id), kind)
		b = order.AppendUint32(b, count)
		if kind == short {
			b = order.AppendUint16(order.AppendUint16(b, uint16(value)), 0)
			return
		}
		b = order.AppendUint32(b, value)
	}
	b = order.AppendUint32(order.AppendUint16(b, 42), ifd0)
	b = order.AppendUint16(b, 3)
	tag(0x010f, ascii, uint32(len(camera)), heap)
	tag(0x0112, short, 1, uint32(orientation))
	tag(0x8825, long, 1, gps)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, 3)
	tag(0x0002, rational, 3, heap+uint32(len(camera)+len(place)))
	tag(0x0012, ascii, uint32(len(place)), heap+uint32(len(camera)))
	tag(0x001b, ascii, uint32(len(place)), heap+uint32(len(camera)))
	b = order.AppendUint32(b, 0)
	b = append(b, camera+place...)
	for _, n := range []uint32{48, 1, 51, 1, 30, 1} {
		b = order.AppendUint32(b, n)
	}
	return b
}

func encodeJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}))
	return b.Bytes()
}

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	return b.Bytes()
}

func jpegSegment(marker byte, body string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2)), body...)
}

// withSegments puts segments behind the start of a JPEG.
func withSegments(img []byte, segments ...[]byte) []byte {
	return bytes.Join([][]byte{img[:2], bytes.Join(segments, nil), img[2:]}, nil)
}

func pngChunk(id, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(b, id+body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(id+body)))
}

// withChunks puts chunks behind the header of a PNG.
func withChunks(img []byte, chunks ...[]byte) []byte {
	const header = 8 + 12 + 13
	return bytes.Join([][]byte{img[:header], bytes.Join(chunks, nil), img[header:]}, nil)
}

func riffChunk(id string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func riffFile(chunks ...[]byte) []byte {
	return riffChunk("RIFF", append([]byte("WEBP"), bytes.Join(chunks, nil)...))
}

// vp8x is the header of a WebP file with more than a picture in it.
func vp8x(flags byte, width, height int) []byte {
	b := []byte{flags, 0, 0, 0}
	for _, n := range []int{width - 1, height - 1} {
		b = append(b, byte(n), byte(n>>8), byte(n>>16))
	}
	return riffChunk("VP8X", b)
}

// Flags of vp8x.
const (
	webpAnimated = 1 << 1
	webpHasXMP   = 1 << 2
	webpHasEXIF  = 1 << 3
	webpHasAlpha = 1 << 4
	webpHasICC   = 1 << 5
)

// bitWriter writes the least significant bit first.
type bitWriter struct {
	bytes []byte
	n     int
}

func (w *bitWriter) write(value uint32, bits int) {
	for i := range bits {
		if w.n%8 == 0 {
			w.bytes = append(w.bytes, 0)
		}
		w.bytes[w.n/8] |= byte(value>>i&1) << (w.n % 8)
		w.n++
	}
}

// vp8l is a lossless WebP picture, of pixels whose every component is 0 or 255:
// so each component has a code of one bit, and nothing need be counted
// (WebP Lossless Bitstream Specification, sections 3 to 6).
func vp8l(img *image.RGBA) []byte {
	size := img.Bounds().Size()
	w := &bitWriter{}
	w.write(0x2f, 8)
	w.write(uint32(size.X-1), 14)
	w.write(uint32(size.Y-1), 14)
	w.write(1, 1) // alpha is used
	w.write(0, 3) // version
	w.write(0, 3) // no transform, no colour cache, one set of codes
	for range 4 { // green, red, blue, alpha
		w.write(0b011, 3) // a simple code of two symbols, the first in one bit
		w.write(0, 1)
		w.write(255, 8)
	}
	w.write(0b0001, 4) // distances: a simple code of the one symbol 0
	for y := range size.Y {
		for x := range size.X {
			c := img.RGBAAt(x, y)
			for _, component := range []uint8{c.G, c.R, c.B, c.A} {
				w.write(uint32(component&1), 1)
			}
		}
	}
	return w.bytes
}

func encodeWebP(img *image.RGBA) []byte {
	return riffFile(riffChunk("VP8L", vp8l(img)))
}
