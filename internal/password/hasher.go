package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Options are the costs and bounds of a Hasher.
type Options struct {
	Params Params
	Slots  int           // hashes at once; 0 means one less than GOMAXPROCS, but one at least
	Queue  int           // callers that wait for a slot, those of each Turn apart; 0 means 256
	Wait   time.Duration // longest wait for a slot; 0 means 10 seconds
}

// Hasher hashes and verifies passwords with bounded means: its memory is that of Slots hashes.
// It keeps it until nobody has asked for a minute, and of hashes that others made up to twice
// today's memory times passes in each slot. Any number of goroutines may use it.
//
// Each method returns ErrBusy where the queue is full or the wait was over, and
// the error of the context where that ended while waiting.
type Hasher struct {
	params Params
	gate   *gate
	memory *workspace
	nobody string
}

// NewHasher returns a hasher. It costs next to nothing.
func NewHasher(o Options) *Hasher {
	if o.Slots <= 0 {
		// One core stays for all else: a hash does not let others go before it for some 10 ms,
		// and a storm of logins would have every reader wait for that.
		o.Slots = max(1, runtime.GOMAXPROCS(0)-1)
	}
	if o.Queue <= 0 {
		o.Queue = 256
	}
	if o.Wait <= 0 {
		o.Wait = 10 * time.Second
	}
	params := o.Params.completed()
	h := &Hasher{params: params, gate: newGate(o.Slots, o.Queue, o.Wait), memory: newWorkspace(o.Slots, params)}
	nobody := h.blank()
	rand.Read(nobody.tag)
	h.nobody = nobody.String()
	return h
}

// blank is a hash at today's costs with a fresh salt, and its tag still to fill.
func (h *Hasher) blank() phc {
	b := phc{params: h.params, salt: make([]byte, saltSize), tag: make([]byte, tagSize)}
	rand.Read(b.salt)
	return b
}

// Hash returns the argon2id hash of the NFKC form of a password as a PHC string.
func (h *Hasher) Hash(ctx context.Context, password string) (encoded string, err error) {
	err = h.gate.do(ctx, InTurn, func() {
		made := h.blank()
		made.tag = made.derive(h.memory, Normalize(password))
		encoded = made.String()
	})
	return encoded, err
}

// Verify tells whether the password is the one that was hashed. It reads what
// Hash makes, and bcrypt hashes that came from elsewhere. Where the password is
// right, stale tells that it is worth hashing anew: its hash is bcrypt, or its
// costs are not today's. One of bcrypt stays where the password is longer than what
// bcrypt looks at, since what follows may be a slip of the hand. A stored hash that is
// malformed, or whose costs nobody would choose, is an error.
//
// A wrong password takes as long with a cheaper argon2id hash, from before the costs were
// raised, as VerifyNobody does: its time would tell that the person exists. With a dearer
// hash, one of more memory than is kept, or one of bcrypt, it takes as long as that.
func (h *Hasher) Verify(ctx context.Context, turn Turn, encoded, password string) (ok, stale bool, err error) {
	if strings.HasPrefix(encoded, "$2") {
		ok, err = h.verifyBcrypt(ctx, turn, encoded, password)
		return ok, ok && len(password) <= bcryptReach, err
	}
	stored, err := parsePHC(encoded)
	if err != nil {
		return false, false, fmt.Errorf("verify password: %w", err)
	}
	err = h.gate.do(ctx, turn, func() {
		ok = subtle.ConstantTimeCompare(stored.derive(h.memory, Normalize(password)), stored.tag) == 1
		if rest, lacks := stored.params.lacking(h.params); lacks && !ok {
			phc{params: rest, salt: stored.salt, tag: make([]byte, tagSize)}.derive(h.memory, "")
		}
	})
	return ok, ok && !h.isCurrent(stored), err
}

func (h *Hasher) isCurrent(stored phc) bool {
	return stored.params == h.params && len(stored.salt) == saltSize && len(stored.tag) == tagSize
}

// VerifyNobody does the work of a Verify that fails, for people who do not
// exist, so that its time does not tell that they do not.
func (h *Hasher) VerifyNobody(ctx context.Context, password string) error {
	_, _, err := h.Verify(ctx, InTurn, h.nobody, password)
	return err
}

// Normalize makes the same password of what different keyboards send for it. It
// leaves alone what Check refuses for its length, and so bounds its own work.
func Normalize(password string) string {
	if len(password) > maxBytes {
		return password
	}
	return norm.NFKC.String(password)
}
