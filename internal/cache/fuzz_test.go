package cache

import (
	"encoding/binary"
	"testing"
	"time"
)

// FuzzReservation reads anything that a server may answer to a reservation. It is leave
// for what it says alone, and takes nothing where it is none.
func FuzzReservation(f *testing.F) {
	f.Add([]byte{0, 0, 4, 0, 9, 60})
	f.Add([]byte{7, 1, 0, 1, 0, 255})
	f.Add([]byte{1})
	windows := []Window{{Key: "a", Limit: 5, Per: time.Minute}, {Key: "off"}, {Key: "b", Limit: 3, Per: time.Minute, Pending: true}, {Key: "c", Limit: 1, Per: time.Hour}}
	keys := []string{"a", "b", "c"}
	f.Fuzz(func(t *testing.T, figures []byte) {
		answer := make([]int64, 2+2*len(keys))
		for i := range answer {
			answer[i] = int64(binary.BigEndian.Uint64(append(make([]byte, 8), figures...)[min(i, len(figures)):][:8]))
		}
		res := reservation(answer, windows, "node:1", keys)
		if res.Allowed != (answer[1] == 0) || res.Allowed != (res.taken != nil) {
			t.Errorf("%v is read as %+v", answer, res)
		}
		if res.Allowed && (res.RetryAfter != 0 || res.Pending != 0 || len(res.taken.keys) != 3 || len(res.taken.pending) != 1) {
			t.Errorf("%v is read as %+v", answer, res)
		}
		if res.Limit != 5 && res.Limit != 1 {
			t.Errorf("%v is read as of the limit %d", answer, res.Limit)
		}
	})
}
