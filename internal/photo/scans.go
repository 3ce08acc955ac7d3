package photo

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// maxScans bounds the passes that a JPEG makes over its pixels. Cameras and
// editors make about ten. A scan that changes nothing takes fifty bytes, so
// that without a bound a small upload could keep a decoder at work for minutes.
const maxScans = 64

// Markers (ITU-T T.81 table B.1).
const (
	markerFill  = 0xff
	markerStuff = 0x00 // after 0xff in coded data: no marker
	markerTEM   = 0x01
	markerRST0  = 0xd0
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
)

// checkScans refuses a JPEG with more than maxScans.
func checkScans(data []byte) error {
	scans := 0
	for marker, rest := nextSegment(data); rest != nil; marker, rest = nextSegment(rest) {
		if marker == markerSOS {
			scans++
		}
		if scans > maxScans {
			return fmt.Errorf("%w: more than %d scans", ErrNotAnImage, maxScans)
		}
	}
	return nil
}

// nextSegment finds the next marker that bears a segment, and returns it with
// what follows that segment: for a scan, its coded data. At the end of the
// image, or of data, rest is nil. Like the decoder it skips what is out of
// place.
func nextSegment(data []byte) (marker byte, rest []byte) {
	for {
		at := bytes.IndexByte(data, markerFill)
		if at < 0 || at+4 > len(data) || data[at+1] == markerEOI {
			return 0, nil
		}
		marker, data = data[at+1], data[at+1:]
		if marker == markerFill {
			continue
		}
		data = data[1:]
		if !standsAlone(marker) {
			return marker, data[min(len(data), int(binary.BigEndian.Uint16(data))):]
		}
	}
}

func standsAlone(marker byte) bool {
	return marker == markerStuff || marker == markerTEM || markerRST0 <= marker && marker <= markerSOI
}
