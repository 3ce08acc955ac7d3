package store

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// FuzzAuditHead holds what an auditor gives for the head of the trail to the one way in
// which it is told.
func FuzzAuditHead(f *testing.F) {
	for _, seed := range []string{
		"8589934592000000:00112233445566778899aabbccddeeff", "17:00112233445566778899aabbccddeeff", "+8589934592000000:00112233445566778899aabbccddeeff",
		":", "", "8589934592000000:00112233445566778899AABBCCDDEEFF", "8589934592000000:00112233445566778899aabbccddee",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		head, err := ParseAuditHead(text)
		if err != nil {
			if head.MAC != nil || head.ID != 0 || strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Errorf("%q: %v, %v", text, head, err)
			}
			return
		}
		if again := fmt.Sprintf("%d:%x", head.ID, head.MAC); !strings.EqualFold(strings.TrimPrefix(text, "+"), again) &&
			!strings.EqualFold(strings.TrimLeft(text, "+0"), again) {
			t.Errorf("%q is read as %s", text, again)
		}
		if len(head.MAC) != macSize || head.ID < firstChained {
			t.Errorf("%q is read as %d:%s", text, head.ID, hex.EncodeToString(head.MAC))
		}
	})
}

// FuzzLinks reads the parents of an event, as somebody may have put them into the
// database: what is whole of them is written again as the same bytes.
func FuzzLinks(f *testing.F) {
	f.Add(appendLinks(nil, []link{linkTo(firstChained, []byte("01234567")), linkTo(-1, nil)}))
	f.Add([]byte("0123456789abcde"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := b[:len(b)/linkSize*linkSize]
		if got := appendLinks([]byte{}, parseLinks(b)); !bytes.Equal(got, whole) {
			t.Errorf("%x is read as %x", b, got)
		}
	})
}
