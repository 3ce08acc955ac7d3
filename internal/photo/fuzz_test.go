package photo

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// FuzzOrientation reads the orientation of anything as each of the formats: it is one of
// the eight, and turning a picture by it loses no pixel.
func FuzzOrientation(f *testing.F) {
	img := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(i)
	}
	var plain, other bytes.Buffer
	if err := jpeg.Encode(&plain, img, nil); err != nil {
		f.Fatal(err)
	}
	if err := png.Encode(&other, img); err != nil {
		f.Fatal(err)
	}
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00")
	app1 := append([]byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00"), tiff...)
	f.Add(append(app1, plain.Bytes()[2:]...))
	f.Add(other.Bytes())
	f.Add(append([]byte("RIFF\x2a\x00\x00\x00WEBPEXIF\x1a\x00\x00\x00"), tiff...))
	f.Add([]byte("RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, read := range map[string]func([]byte) orientation{"JPEG": orientationOfJPEG, "PNG": orientationOfPNG, "WebP": orientationOfWebP} {
			o := read(data)
			if o < upright || o > last {
				t.Fatalf("as %s it has the orientation %d", name, o)
			}
			if got, want := pixels(turn(img, o)), pixels(img); len(got) != len(want) {
				t.Errorf("turned by %d it has %d pixels of %d", o, len(got), len(want))
			}
		}
	})
}

func pixels(img *image.RGBA) map[color.RGBA]bool {
	set := map[color.RGBA]bool{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			set[img.RGBAAt(x, y)] = true
		}
	}
	return set
}

// FuzzScans holds the count of scans to a plainer one: what is refused has at least as
// many markers of a scan, and is refused with whatever comes after it too.
func FuzzScans(f *testing.F) {
	scan := []byte("\xff\xda\x00\x02")
	f.Add(bytes.Repeat(scan, maxScans), byte(0))
	f.Add(bytes.Repeat(scan, maxScans+1), byte(0xff))
	f.Add(append([]byte("\xff\xe0\xff\xff"), bytes.Repeat(scan, 70)...), byte(1))
	f.Add([]byte("\xff\xff\xff\xd8\xff\x00\xff\xd0\xff\xd9"), byte(2))
	f.Fuzz(func(t *testing.T, data []byte, more byte) {
		refused := checkScans(data) != nil
		if n := bytes.Count(data, scan[:2]); refused && n <= maxScans {
			t.Errorf("%d scans are too many", n)
		}
		if refused && checkScans(append(bytes.Clone(data), more)) == nil {
			t.Error("a byte more makes it good")
		}
	})
}
