package photo_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/photo"
)

// share is the part of the pixels of the largest photo that the photos here have, lest a
// test take a gigabyte. What a decoder takes grows with the pixels.
const (
	share      = 4
	wide, high = 4000, photo.MaxPixels / share / wide
)

// TestNoPhotoTakesMoreThanMaxMemory must not run beside others: it counts what the process
// allocates, which is at least what it holds at once.
func TestNoPhotoTakesMoreThanMaxMemory(t *testing.T) {
	// The last step to MaxSide takes the same of every large photo.
	last := allocated(t, encodeJPEG(t, picture(2*photo.MaxSide, 2*photo.MaxSide*high/wide, corners{})))
	worst := 0
	for name, upload := range map[string][]byte{
		"a PNG of 16 bits with transparency":     deepPNG(t),
		"a progressive JPEG without subsampling": progressiveJPEG(3),
		"a progressive JPEG of four colours":     progressiveJPEG(4, 0),
	} {
		took := last + share*(allocated(t, upload)-last)
		if took > photo.MaxMemory {
			t.Errorf("%s takes %d MB, more than %d", name, took/1e6, photo.MaxMemory/1_000_000)
		}
		worst = max(worst, took)
	}
	if worst < photo.MaxMemory*8/10 {
		t.Errorf("the worst photo takes %d MB, far less than the %d that are spoken of", worst/1e6, photo.MaxMemory/1_000_000)
	}
}

// allocated is how many bytes were allocated to make a photo of an upload.
func allocated(t *testing.T, upload []byte) int {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	process(t, upload)
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func TestDeploymentsHaveRoomForAPhoto(t *testing.T) {
	t.Parallel()
	const beside = 100 << 20 // the node itself, and hashes on two processors
	for _, test := range []struct{ path, heap, all string }{
		{"../../deploy/kubernetes/deployment.yaml", `GOMEMLIMIT\s+value: (\d+)MiB`, `limits:\s+cpu: "2"\s+memory: (\d+)Mi`},
		{"../../deploy/compose.yaml", `GOMEMLIMIT: (\d+)MiB`, `mem_limit: (\d+)m\n`},
	} {
		heap, all := mebibytes(t, test.path, test.heap), mebibytes(t, test.path, test.all)
		if heap < photo.MaxMemory+api.UploadMemory+beside || all <= heap {
			t.Errorf("%s: %d MiB for Go and %d in all do not hold a photo of %d MB and uploads of %d", test.path, heap>>20, all>>20, photo.MaxMemory/1_000_000, api.UploadMemory/1_000_000)
		}
	}
	text, err := os.ReadFile("../../SECURITY.md")
	must(t, err)
	if figure := fmt.Sprintf("takes up to %.1f GB of memory", photo.MaxMemory/1e9); !strings.Contains(string(text), figure) {
		t.Errorf("SECURITY.md does not say that a photo %s", figure)
	}
}

// mebibytes reads a number of MiB from a file, in bytes.
func mebibytes(t *testing.T, path, pattern string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s has no %s", path, pattern)
	}
	n, err := strconv.Atoi(string(found[1]))
	must(t, err)
	return n << 20
}

// deepPNG is a transparent PNG with 64 bits for each pixel.
func deepPNG(t *testing.T) []byte {
	t.Helper()
	header := binary.BigEndian.AppendUint32(nil, wide)
	header = binary.BigEndian.AppendUint32(header, high)
	header = append(header, 16, 6, 0, 0, 0) // 16 bits, RGBA
	var pixels bytes.Buffer
	w, err := zlib.NewWriterLevel(&pixels, zlib.BestSpeed)
	must(t, err)
	for range high {
		_, err := w.Write(make([]byte, 1+8*wide))
		must(t, err)
	}
	must(t, w.Close())
	return bytes.Join([][]byte{
		[]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", string(header)), pngChunk("IDAT", pixels.String()), pngChunk("IEND", ""),
	}, nil)
}

// progressiveJPEG is a grey JPEG with as many components at full size, of one scan, whose
// coefficients a decoder must keep until the end. An Adobe segment tells the transform of
// four components.
func progressiveJPEG(components byte, transform ...byte) []byte {
	frame := append(binary.BigEndian.AppendUint16([]byte{8}, high), wide>>8, wide&0xff, components)
	scan := []byte{components}
	for id := range components {
		frame = append(frame, id+1, 0x11, 0)
		scan = append(scan, id+1, 0)
	}
	segments := [][]byte{{0xff, 0xd8}}
	if len(transform) > 0 {
		segments = append(segments, jpegSegment(0xee, "Adobe\x00\x64\x00\x00\x00\x00"+string(transform)))
	}
	blocks := (wide/8 + 1) * (high/8 + 1) * int(components)
	segments = append(segments,
		jpegSegment(0xdb, "\x00"+strings.Repeat("\x01", 64)),            // quantization
		jpegSegment(0xc4, "\x00\x01"+strings.Repeat("\x00", 15)+"\x00"), // one code: the bit 0 for "as before"
		jpegSegment(0xc2, string(frame)), jpegSegment(0xda, string(scan)+"\x00\x00\x00"),
		make([]byte, blocks/8+1), []byte{0xff, 0xd9})
	return bytes.Join(segments, nil)
}
