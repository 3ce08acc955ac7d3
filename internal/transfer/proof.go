package transfer

import (
	"errors"
	"fmt"
	"slices"

	"flowxi.app/flowxi/internal/seal"
)

// A backup ends with a MAC of all that stands before it, by a subkey of the key ring.
// Encryption alone does not say who wrote a file: anybody may write one for a recipient.
const proofPurpose = "backup"

// prove ends the file. No frame may follow.
func (w *writer) prove(ring *seal.KeyRing) {
	w.frame(kindProof, ring.Digest(proofPurpose, string(w.sum.Sum(nil))))
}

// header reads the first frame. It refuses what this program or the ring cannot bring
// back, before anything else is made use of: nobody but the ring's holder can say whether
// the rest is genuine.
func (r *reader) header(ring *seal.KeyRing) (h Header, err error) {
	if err := r.next(); err != nil {
		return h, err
	}
	if err := r.json(kindHeader, &h); err != nil {
		return h, err
	}
	if h.Format != format {
		return h, fmt.Errorf("the backup is of format %d, written by Flowxi %.40q: restore it with that program", h.Format, h.Flowxi)
	}
	if !slices.Contains(ring.IDs(), h.Key) {
		return h, fmt.Errorf("the backup is proved by the key %.40q, which the ring here has not: restore the key file or FLOWXI_KEYS of the instance first", h.Key)
	}
	return h, nil
}

// proof demands that the frame at hand is the MAC of all frames before it, by any key of
// the ring, and the last.
func (r *reader) proof(ring *seal.KeyRing) error {
	if r.kind != kindProof {
		return damaged(fmt.Errorf("a frame %q where its proof should be", r.kind))
	}
	if !ring.VerifyDigest(r.body, proofPurpose, string(r.sum.Sum(nil))) {
		return damaged(errors.New("no key of the ring here proves it: if the file is as it was written, restore the key file or FLOWXI_KEYS of the instance first"))
	}
	if err := r.next(); err != nil {
		return err
	}
	if r.kind != 0 {
		return damaged(errors.New("it goes on after its end"))
	}
	return nil
}

// genuine reads the file to its end, where its proof is, and keeps nothing of it.
func (r *reader) genuine(ring *seal.KeyRing) error {
	if _, err := r.header(ring); err != nil {
		return err
	}
	for r.kind != kindProof && r.kind != 0 {
		if err := r.next(); err != nil {
			return err
		}
	}
	return r.proof(ring)
}
