package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The bounds of a stored hash. Past them it was not made to be verified, but to
// wear the server down.
const (
	maxMemoryKiB = 1 << 20 // 1 GiB
	maxWork      = 4 << 20 // memory in KiB times passes: seconds of work
	memoryPerWay = 8       // KiB at least for each thread (RFC 9106, section 3.1)

	minSalt, maxSalt = 8, 64
	minTag, maxTag   = 16, 64

	saltSize = 16
	tagSize  = 32
)

// floor is the choices for argon2id of the OWASP Password Storage Cheat Sheet, which are
// of one strength, the most memory first. All are with one thread, and more of them make
// none weaker: they share the memory and the passes.
var floor = [...]Params{
	{MemoryKiB: 46 * 1024, Time: 1},
	{MemoryKiB: 19 * 1024, Time: 2},
	{MemoryKiB: 12 * 1024, Time: 3},
	{MemoryKiB: 9 * 1024, Time: 4},
	{MemoryKiB: LeastMemoryKiB, Time: 5},
}

// LeastMemoryKiB is the least memory of a hash that is strong enough.
const LeastMemoryKiB = 7 * 1024

// Passes tells how many passes over that much memory make a hash that is strong enough
// for new passwords, and up to how many Verify does. Least is 0 where none are enough.
func Passes(memoryKiB uint32) (least, most uint32) {
	for _, choice := range floor {
		if memoryKiB >= choice.MemoryKiB {
			return choice.Time, maxWork / memoryKiB
		}
	}
	return 0, 0
}

var errMalformed = errors.New("the stored hash is malformed")

// Params are the costs of argon2id (RFC 9106).
type Params struct {
	MemoryKiB uint32 // 0 means 19 MiB
	Time      uint32 // passes over the memory; 0 means 2
	Threads   uint8  // 0 means 1
}

// completed puts the default in the place of each zero (OWASP's choice for
// argon2id), and brings costs that Verify would refuse within its bounds.
func (p Params) completed() Params {
	if p.MemoryKiB == 0 {
		p.MemoryKiB = 19 * 1024
	}
	if p.Time == 0 {
		p.Time = 2
	}
	if p.Threads == 0 {
		p.Threads = 1
	}
	p.MemoryKiB = min(max(p.MemoryKiB, memoryPerWay*uint32(p.Threads)), maxMemoryKiB)
	p.Time = min(p.Time, maxWork/p.MemoryKiB)
	return p
}

func (p Params) bearable() bool {
	return p.Time >= 1 && p.Threads >= 1 &&
		p.MemoryKiB >= memoryPerWay*uint32(p.Threads) && p.MemoryKiB <= maxMemoryKiB &&
		uint64(p.MemoryKiB)*uint64(p.Time) <= maxWork
}

// blocks is how long a hash takes, in blocks of 1 KiB that are filled one after the other.
func (p Params) blocks() uint64 {
	return uint64(p.MemoryKiB) * uint64(p.Time) / uint64(min(int(p.Threads), runtime.GOMAXPROCS(0))) //nolint:gosec // there is one at least
}

// lacking are the costs that a hash lacks of today's, none where it takes as long.
func (p Params) lacking(today Params) (rest Params, lacks bool) {
	has, wants := p.blocks(), today.blocks()
	if has >= wants {
		return Params{}, false
	}
	passes := (wants - has + uint64(today.MemoryKiB) - 1) / uint64(today.MemoryKiB)
	memory := max((wants-has)/passes, memoryPerWay)
	return Params{MemoryKiB: uint32(memory), Time: uint32(passes), Threads: 1}, true //nolint:gosec // no more than wants, which is below maxWork
}

// phc is an argon2id hash. Its text is the PHC string format:
// $argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>.
type phc struct {
	params    Params
	salt, tag []byte
}

func (h phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.MemoryKiB, h.params.Time, h.params.Threads,
		b64.EncodeToString(h.salt), b64.EncodeToString(h.tag))
}

func (h phc) derive(w *workspace, password string) []byte {
	bytes := []byte(password)
	defer clear(bytes)
	return w.argon2id(bytes, h.salt, h.params, uint32(len(h.tag))) //nolint:gosec // a tag has a few bytes
}

// parsePHC reads what String writes, and nothing that it would write otherwise.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 {
		return phc{}, errMalformed
	}
	var h phc
	p := &h.params
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Time, &p.Threads); err != nil {
		return phc{}, errMalformed
	}
	var errSalt, errTag error
	h.salt, errSalt = base64.RawStdEncoding.DecodeString(parts[4])
	h.tag, errTag = base64.RawStdEncoding.DecodeString(parts[5])
	if errors.Join(errSalt, errTag) != nil || h.String() != s {
		return phc{}, errMalformed
	}
	if !p.bearable() || !within(len(h.salt), minSalt, maxSalt) || !within(len(h.tag), minTag, maxTag) {
		return phc{}, errors.New("the costs of the stored hash are out of bounds")
	}
	return h, nil
}

func within(n, low, high int) bool { return low <= n && n <= high }
