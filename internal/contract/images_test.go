package contract_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

var (
	red  = color.RGBA{R: 255, A: 255}
	blue = color.RGBA{B: 255, A: 255}
)

// picture is red on its left half and blue on its right one.
func picture(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := red
			if x >= width/2 {
				c = blue
			}
			img.Set(x, y, c)
		}
	}
	return img
}

func jpegOf(width, height int) []byte {
	var b bytes.Buffer
	must(jpeg.Encode(&b, picture(width, height), &jpeg.Options{Quality: 95}))
	return b.Bytes()
}

func pngOf(width, height int) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, picture(width, height)))
	return b.Bytes()
}

// wideOpenPNG is a PNG of many pixels and few bytes.
func wideOpenPNG(width, height int) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.White})))
	return b.Bytes()
}

// bomb is the start of a PNG that claims more pixels than anybody has memory for.
func bomb() []byte {
	data := wideOpenPNG(8, 8)
	binary.BigEndian.PutUint32(data[16:], 50_000)
	binary.BigEndian.PutUint32(data[20:], 50_000)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func gifOf(width, height int) []byte {
	var b bytes.Buffer
	must(gif.Encode(&b, picture(width, height), nil))
	return b.Bytes()
}

// webp is one pixel, without loss.
func webp() []byte {
	data, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	must(err)
	return data
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

const place = "48.8583 N 2.2945 E" // where a photo was taken

// withEXIF puts metadata into a JPEG: how it is turned, and where it was taken.
func withEXIF(photo []byte, orientation uint16) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08")
	tiff = binary.BigEndian.AppendUint16(tiff, 2)
	tiff = append(tiff, entry(0x010e, 2, uint32(len(place)), 38)...)                   // ImageDescription, at 38
	tiff = append(tiff, entry(0x0112, 3, 1, uint32(orientation)<<16)...)               // Orientation, inline
	tiff = append(append(binary.BigEndian.AppendUint32(tiff, 0), place...), "\x00"...) // no second directory
	return withSegment(photo, 0xe1, append([]byte("Exif\x00\x00"), tiff...))
}

func entry(tag, kind uint16, n, value uint32) []byte {
	b := binary.BigEndian.AppendUint16(nil, tag)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint32(b, n)
	return binary.BigEndian.AppendUint32(b, value)
}

// withSegment puts a segment right behind the start of a JPEG.
func withSegment(photo []byte, marker byte, payload []byte) []byte {
	head := append(bytes.Clone(photo[:2]), 0xff, marker)
	head = binary.BigEndian.AppendUint16(head, uint16(len(payload)+2))
	return append(append(head, payload...), photo[2:]...)
}

// jpegOfBytes is a JPEG of exactly n bytes, filled up with comments.
func jpegOfBytes(n int) []byte {
	photo := jpegOf(16, 16)
	for len(photo) < n {
		fill := min(n-len(photo), 60_000)
		if rest := n - len(photo) - fill; 0 < rest && rest < 4 {
			fill -= 4
		}
		photo = withSegment(photo, 0xfe, bytes.Repeat([]byte("x"), fill-4))
	}
	return photo
}

func TestImages_AreOfTheSizeThatTheyClaim(t *testing.T) {
	t.Parallel()
	for _, n := range []int{5 << 20, 5<<20 + 1, 60_700, 60_703} {
		photo := jpegOfBytes(n)
		if len(photo) != n {
			t.Errorf("got %d bytes, want %d", len(photo), n)
		}
		if _, err := jpeg.Decode(bytes.NewReader(photo)); err != nil {
			t.Errorf("a JPEG of %d bytes: %v", n, err)
		}
	}
	if !strings.Contains(string(withEXIF(jpegOf(8, 8), 6)), place) {
		t.Error("the EXIF lacks its place")
	}
}
