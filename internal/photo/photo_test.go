package photo_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/photo"
)

func newProcessor() *photo.Processor { return photo.NewProcessor(2, time.Hour) }

// process returns the picture that comes of an upload, once it is sure that it
// is nothing but a picture.
func process(t *testing.T, upload []byte) image.Image {
	t.Helper()
	out, err := newProcessor().JPEG(context.Background(), upload)
	if err != nil {
		t.Fatalf("JPEG: %v", err)
	}
	return bare(t, out)
}

// bare fails unless out is a JPEG within bounds with no segment that is not
// needed to decode it, and returns its picture.
func bare(t *testing.T, out []byte) image.Image {
	t.Helper()
	for _, marker := range markers(t, out) {
		switch marker {
		case 0xdb, 0xc0, 0xc4, 0xda: // DQT, SOF0 (baseline), DHT, SOS
		default:
			t.Fatalf("the output has a segment %#x", marker)
		}
	}
	for _, secret := range secrets {
		if bytes.Contains(out, secret) {
			t.Fatalf("the output holds %q", secret)
		}
	}
	img, err := jpeg.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatalf("the output cannot be decoded: %v", err)
	}
	if size := img.Bounds().Size(); size.X > photo.MaxSide || size.Y > photo.MaxSide {
		t.Fatalf("the output has %v pixels", size)
	}
	return img
}

// markers lists the segments of a JPEG up to its scan, after which there may be
// nothing but coded data and the end.
func markers(t *testing.T, out []byte) (found []byte) {
	t.Helper()
	rest, ok := bytes.CutPrefix(out, []byte{0xff, 0xd8})
	for ok && len(rest) > 4 && rest[0] == 0xff {
		found = append(found, rest[1])
		size := 2 + int(binary.BigEndian.Uint16(rest[2:]))
		if rest[1] == 0xda {
			return found
		}
		rest = rest[min(size, len(rest)):]
	}
	t.Fatalf("the output is no JPEG: %x…", out[:min(16, len(out))])
	return nil
}

// shows fails unless the quarters of img have the colours of want.
func shows(t *testing.T, img image.Image, want corners) {
	t.Helper()
	size := img.Bounds().Size()
	for i, c := range want {
		x, y := size.X/4+i%2*size.X/2, size.Y/4+i/2*size.Y/2
		if !near(img.At(x, y), c) {
			t.Errorf("at %d,%d of %v it is %v; want %v", x, y, size, img.At(x, y), c)
		}
	}
}

func near(got color.Color, want color.RGBA) bool {
	r, g, b, _ := got.RGBA()
	for _, d := range []int{int(r>>8) - int(want.R), int(g>>8) - int(want.G), int(b>>8) - int(want.B)} {
		if d < -12 || d > 12 {
			return false
		}
	}
	return true
}

func hasSize(t *testing.T, img image.Image, width, height int) {
	t.Helper()
	if got := img.Bounds().Size(); got != image.Pt(width, height) {
		t.Errorf("it is %v; want %d by %d", got, width, height)
	}
}

// laden puts img and all metadata that its format knows into a file.
func laden(t testing.TB, format string, img *image.RGBA, orientation uint16, order binary.AppendByteOrder) []byte {
	tiff := exif(order, orientation)
	size := img.Bounds().Size()
	switch format {
	case "JPEG":
		return withSegments(encodeJPEG(t, img),
			jpegSegment(0xe0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
			jpegSegment(0xe1, "http://ns.adobe.com/xap/1.0/\x00XMP-SECRET"),
			jpegSegment(0xe1, "Exif\x00\x00"+string(tiff)),
			jpegSegment(0xe2, "ICC_PROFILE\x00\x01\x01ICC-SECRET"),
			jpegSegment(0xfe, "COMMENT-SECRET"))
	case "PNG":
		return withChunks(encodePNG(t, img),
			pngChunk("eXIf", string(tiff)),
			pngChunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00XMP-SECRET"),
			pngChunk("tEXt", "Comment\x00COMMENT-SECRET"))
	default:
		return riffFile(vp8x(webpHasICC|webpHasAlpha|webpHasEXIF|webpHasXMP, size.X, size.Y),
			riffChunk("ICCP", []byte("ICC-SECRET")),
			riffChunk("VP8L", vp8l(img)),
			riffChunk("EXIF", tiff),
			riffChunk("XMP ", []byte("XMP-SECRET")))
	}
}

func TestEveryOrientationOfEveryFormatComesOutUprightAndBare(t *testing.T) {
	t.Parallel()
	want := corners{red, green, blue, yellow}
	// By the EXIF text: which corner of the upright picture each stored one is.
	for i, stored := range []corners{
		{red, green, blue, yellow},
		{green, red, yellow, blue},
		{yellow, blue, green, red},
		{blue, yellow, red, green},
		{red, blue, green, yellow},
		{green, yellow, red, blue},
		{yellow, green, blue, red},
		{blue, red, yellow, green},
	} {
		orientation := uint16(i + 1)
		width, height := 96, 64
		if orientation >= 5 {
			width, height = height, width
		}
		for _, format := range []string{"JPEG", "PNG", "WebP"} {
			for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
				t.Run(fmt.Sprint(format, orientation, order), func(t *testing.T) {
					t.Parallel()
					img := process(t, laden(t, format, picture(width, height, stored), orientation, order))
					hasSize(t, img, 96, 64)
					shows(t, img, want)
				})
			}
		}
	}
}

func TestMetadataThatMakesNoSenseIsIgnored(t *testing.T) {
	t.Parallel()
	stored := corners{red, green, blue, yellow}
	img := encodeJPEG(t, picture(96, 64, stored))
	tiff := string(exif(binary.LittleEndian, 6))
	for what, body := range map[string]string{
		"orientation 0":     "Exif\x00\x00" + string(exif(binary.LittleEndian, 0)),
		"orientation 9":     "Exif\x00\x00" + string(exif(binary.BigEndian, 9)),
		"orientation 65535": "Exif\x00\x00" + string(exif(binary.BigEndian, 65535)),
		"nothing":           "Exif\x00\x00",
		"garbage":           "Exif\x00\x00" + strings.Repeat("\xff", 200),
		"a cut header":      "Exif\x00\x00" + tiff[:10],
		"a far offset":      "Exif\x00\x00II*\x00\xff\xff\xff\xff",
		"a circle":          "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x25\x88\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			out := process(t, withSegments(img, jpegSegment(0xe1, body)))
			hasSize(t, out, 96, 64)
			shows(t, out, stored)
		})
	}
}

// TestAWebPOfOddLengthIsTurnedToo is about the byte that fills up a chunk, and
// about writers that put JPEG's prefix before the EXIF data.
func TestAWebPOfOddLengthIsTurnedToo(t *testing.T) {
	t.Parallel()
	stored := corners{green, yellow, red, blue}
	lengths := map[int]bool{}
	for height := 60; height < 64; height++ {
		for _, prefix := range []string{"", "Exif\x00\x00"} {
			pixels := vp8l(picture(41, height, stored))
			lengths[len(pixels)%2] = true
			out := process(t, riffFile(vp8x(webpHasEXIF|webpHasAlpha, 41, height),
				riffChunk("VP8L", pixels), riffChunk("EXIF", []byte(prefix+string(exif(binary.BigEndian, 6))))))
			hasSize(t, out, height, 41)
			shows(t, out, corners{red, green, blue, yellow})
		}
	}
	if len(lengths) != 2 {
		t.Fatal("all of the chunks have even or odd lengths")
	}
}

func TestALargePictureIsScaledKeepingItsRatio(t *testing.T) {
	t.Parallel()
	want := corners{red, green, blue, yellow}
	for _, c := range []struct{ width, height, outWidth, outHeight int }{
		{1, 1, 1, 1},
		{640, 480, 640, 480},
		{1024, 1024, 1024, 1024},
		{1025, 1024, 1024, 1023},
		{2000, 1500, 1024, 768},
		{1500, 2000, 768, 1024},
		{4200, 2800, 1024, 683},
		{20000, 10, 1024, 1},
		{3, 9000, 1, 1024},
	} {
		t.Run(fmt.Sprint(c.width, "by", c.height), func(t *testing.T) {
			t.Parallel()
			img := process(t, encodePNG(t, picture(c.width, c.height, want)))
			hasSize(t, img, c.outWidth, c.outHeight)
			if c.outWidth > 1 && c.outHeight > 1 {
				shows(t, img, want)
			}
		})
	}
}

func TestAScaledPictureIsTurnedToo(t *testing.T) {
	t.Parallel()
	img := process(t, laden(t, "JPEG", picture(1500, 3000, corners{green, yellow, red, blue}), 6, binary.BigEndian))
	hasSize(t, img, 1024, 512)
	shows(t, img, corners{red, green, blue, yellow})
}

// TestAFinePatternBecomesItsMean tells scaling from leaving pixels out.
func TestAFinePatternBecomesItsMean(t *testing.T) {
	t.Parallel()
	img := image.NewGray(image.Rect(0, 0, 4096, 1024))
	for i := range img.Pix {
		img.Pix[i] = uint8(255 * (i % 2))
	}
	grey := color.RGBA{R: 127, G: 127, B: 127, A: 255}
	shows(t, process(t, encodePNG(t, img)), corners{grey, grey, grey, grey})
}

func TestTransparencyIsWhite(t *testing.T) {
	t.Parallel()
	for _, side := range []int{64, 1500} {
		img := picture(side, side, corners{transparent, green, blue, transparent})
		for format, upload := range map[string][]byte{"PNG": encodePNG(t, img), "WebP": encodeWebP(img)} {
			t.Run(fmt.Sprint(format, side), func(t *testing.T) {
				t.Parallel()
				shows(t, process(t, upload), corners{white, green, blue, white})
			})
		}
	}
	half := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	for i := range half.Pix {
		half.Pix[i] = 128 * uint8(i%4/3)
	}
	grey := color.RGBA{R: 127, G: 127, B: 127, A: 255}
	shows(t, process(t, encodePNG(t, half)), corners{grey, grey, grey, grey})
}

func TestPicturesOfEveryColourModelAreTaken(t *testing.T) {
	t.Parallel()
	want := corners{red, green, black, white}
	from := picture(1200, 900, want)
	palette := image.NewPaletted(from.Rect, color.Palette{red, green, black, white})
	deep := image.NewNRGBA64(from.Rect)
	for y := range 900 {
		for x := range 1200 {
			palette.Set(x, y, from.At(x, y))
			deep.Set(x, y, from.At(x, y))
		}
	}
	for what, upload := range map[string][]byte{
		"a palette":   encodePNG(t, palette),
		"16 bits":     encodePNG(t, deep),
		"JPEG colour": encodeJPEG(t, from),
		"WebP":        encodeWebP(from),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			img := process(t, upload)
			hasSize(t, img, 1024, 768)
			shows(t, img, want)
		})
	}
}

func TestWhatFollowsThePictureIsGone(t *testing.T) {
	t.Parallel()
	want := corners{red, green, blue, yellow}
	img := picture(64, 64, want)
	trailer := []byte("PK\x03\x04TRAILER-SECRET<script>alert(1)</script>")
	for format, upload := range map[string][]byte{"JPEG": encodeJPEG(t, img), "PNG": encodePNG(t, img), "WebP": encodeWebP(img)} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			shows(t, process(t, append(upload, trailer...)), want)
		})
	}
}

func TestAnAnimatedPNGGivesThePictureOfPlainReaders(t *testing.T) {
	t.Parallel()
	want := corners{red, green, blue, yellow}
	upload := withChunks(encodePNG(t, picture(64, 64, want)), pngChunk("acTL", "\x00\x00\x00\x02\x00\x00\x00\x00"))
	shows(t, process(t, upload), want)
}

func refuses(t *testing.T, upload []byte, want error) {
	t.Helper()
	start := time.Now()
	out, err := newProcessor().JPEG(context.Background(), upload)
	if out != nil || !errors.Is(err, want) {
		t.Errorf("it gave %d bytes, %v; want %v", len(out), err, want)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v to refuse", took)
	}
}

func TestWhatIsNoImageIsRefused(t *testing.T) {
	t.Parallel()
	img := picture(64, 64, corners{red, green, blue, yellow})
	asJPEG, asPNG, asWebP := encodeJPEG(t, img), encodePNG(t, img), encodeWebP(img)
	var asGIF bytes.Buffer
	must(t, gif.Encode(&asGIF, img, nil))
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	frame := append(make([]byte, 16), riffChunk("VP8L", vp8l(img))...)
	for what, upload := range map[string][]byte{
		"nothing":                  nil,
		"one byte":                 {0xff},
		"noise":                    append([]byte{0}, noise...),
		"a GIF":                    asGIF.Bytes(),
		"an SVG":                   []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"a HEIC":                   []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
		"a BMP":                    append([]byte("BM"), make([]byte, 100)...),
		"a TIFF":                   exif(binary.LittleEndian, 1),
		"a page":                   []byte("<!doctype html><title>x</title>"),
		"a page before a JPEG":     append([]byte("<html>"), asJPEG...),
		"a WAVE":                   []byte("RIFF\x24\x00\x00\x00WAVEfmt "),
		"a JPEG's first bytes":     asJPEG[:3],
		"a JPEG's head":            asJPEG[:200],
		"half a JPEG":              asJPEG[:len(asJPEG)/2],
		"a JPEG without its end":   asJPEG[:len(asJPEG)-2],
		"a JPEG's head and noise":  append(asJPEG[:200:200], noise...),
		"a PNG's first bytes":      asPNG[:8],
		"a PNG's head":             asPNG[:33],
		"half a PNG":               asPNG[:len(asPNG)/2],
		"a PNG with a wrong sum":   bytes.Replace(asPNG, []byte("IDAT"), []byte("IDAU"), 1),
		"a PNG without pixels":     append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", "\x00\x00\x00\x00\x00\x00\x00\x01\x08\x02\x00\x00\x00")...),
		"a WebP's first bytes":     asWebP[:12],
		"half a WebP":              asWebP[:len(asWebP)/2],
		"an animated WebP":         riffFile(vp8x(webpAnimated, 64, 64), riffChunk("ANIM", make([]byte, 6)), riffChunk("ANMF", frame)),
		"a WebP of another size":   riffFile(vp8x(0, 1, 1), riffChunk("VP8L", vp8l(img))),
		"a JPEG of endless scans":  manyScans(asJPEG, 65),
		"a JPEG that begins twice": append([]byte{0xff, 0xd8}, asJPEG...),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			refuses(t, upload, photo.ErrNotAnImage)
		})
	}
}

// manyScans repeats the scan of a JPEG: each repetition is good in itself.
func manyScans(img []byte, scans int) []byte {
	at := bytes.Index(img, []byte{0xff, 0xda})
	head, scan := img[:at], img[at:len(img)-2]
	return bytes.Join([][]byte{head, bytes.Repeat(scan, scans), {0xff, 0xd9}}, nil)
}

func TestAJPEGOfManyScansIsTaken(t *testing.T) {
	t.Parallel()
	want := corners{red, green, blue, yellow}
	shows(t, process(t, manyScans(encodeJPEG(t, picture(64, 64, want)), 64)), want)
}

// TestScansInMetadataAreNotCounted is about the small pictures and films that
// cameras hide in a JPEG, before it and after it.
func TestScansInMetadataAreNotCounted(t *testing.T) {
	t.Parallel()
	want := corners{red, green, blue, yellow}
	hidden := strings.Repeat("\xff\xda\x00\x02", 1000)
	upload := withSegments(encodeJPEG(t, picture(64, 64, want)), jpegSegment(0xe4, hidden))
	shows(t, process(t, append(upload, hidden...)), want)
}

func pngHeader(width, height uint32) []byte {
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", string(size)+"\x08\x06\x00\x00\x00")...)
}

func jpegHeader(width, height uint16) []byte {
	size := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, height), width)
	return append([]byte{0xff, 0xd8}, jpegSegment(0xc0, "\x08"+string(size)+"\x01\x01\x11\x00")...)
}

func TestABombIsRefusedByItsHeader(t *testing.T) {
	t.Parallel()
	for what, upload := range map[string][]byte{
		"PNG":                       pngHeader(100_000, 100_000),
		"PNG just over":             pngHeader(8_000, 5_001),
		"PNG of one row":            pngHeader(65_536, 1),
		"PNG of one column":         pngHeader(1, 65_536),
		"PNG as large as it can be": pngHeader(1<<31-1, 1),
		"JPEG":                      append(jpegHeader(65_535, 65_535), jpegSegment(0xda, "\x01\x01\x00\x00\x3f\x00")...),
		"WebP":                      riffFile(vp8x(0, 16_384, 16_384), riffChunk("VP8L", []byte{0x2f})),
		"WebP, plain":               riffFile(riffChunk("VP8L", []byte{0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0})),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			refuses(t, upload, photo.ErrTooManyPixels)
			if took := time.Since(start); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestTheLargestSizeIsNotTooLarge(t *testing.T) {
	t.Parallel()
	refuses(t, pngHeader(8_000, 5_000), photo.ErrNotAnImage)
	refuses(t, pngHeader(65_535, 610), photo.ErrNotAnImage)
}

func TestTooManyBytesAreRefused(t *testing.T) {
	t.Parallel()
	img := encodeJPEG(t, picture(64, 64, corners{red, green, blue, yellow}))
	most := append(img, make([]byte, photo.MaxBytes-len(img))...)
	process(t, most)
	refuses(t, append(most, 0), photo.ErrTooLarge)
}

func TestAnEndedContextEndsTheWork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	upload := encodeJPEG(t, picture(64, 64, corners{red, green, blue, yellow}))
	if out, err := newProcessor().JPEG(ctx, upload); out != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("it gave %d bytes, %v", len(out), err)
	}
}

func FuzzJPEG(f *testing.F) {
	img := picture(24, 16, corners{red, green, blue, yellow})
	for i, format := range []string{"JPEG", "PNG", "WebP"} {
		f.Add(laden(f, format, img, uint16(i+6), binary.LittleEndian))
	}
	f.Add(encodePNG(f, picture(1100, 2, corners{transparent, green, blue, transparent})))
	f.Add(encodeWebP(img))
	f.Add(manyScans(encodeJPEG(f, img), 3))
	f.Add(pngHeader(100_000, 100_000))
	f.Add(jpegHeader(65_535, 65_535))
	f.Add([]byte("GIF89a"))
	p := newProcessor()
	f.Fuzz(func(t *testing.T, upload []byte) {
		out, err := p.JPEG(context.Background(), upload)
		switch {
		case err == nil:
			bare(t, out)
		case errors.Is(err, photo.ErrNotAnImage), errors.Is(err, photo.ErrTooManyPixels), errors.Is(err, photo.ErrTooLarge):
		default:
			t.Fatalf("JPEG: %v", err)
		}
	})
}
