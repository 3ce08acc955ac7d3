package auth

import (
	"context"
	"fmt"
	"slices"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// resealBatch bounds the transaction of one step.
const resealBatch = 200

// Reseal seals everything that is stored under the active key again, so that an older
// key can be retired. It may be stopped and started again; progress is told how many
// values of all it has been through. What is sealed under a key that was given up stays as
// it is, should that key be found again.
func (o *Operator) Reseal(ctx context.Context, progress func(done, total int64)) error {
	total, err := o.store.CountSealed(ctx)
	if err != nil {
		return err
	}
	if err := o.store.UseKeys(ctx, o.keys.IDs()[0]); err != nil {
		return err
	}
	used, err := o.store.UsedKeys(ctx)
	if err != nil {
		return err
	}
	done := int64(0)
	for _, next := range []func(context.Context) (int, error){
		resealing(o, used, 0, o.store.SealedTOTP, totpContext, (*store.Tx).ResealTOTP),
		resealing(o, used, "", o.store.SealedMail, mailContext, (*store.Tx).ResealMail),
		resealing(o, used, 0, o.store.SealedAuditKeys, store.AuditKeyContext, (*store.Tx).ResealAuditKey),
	} {
		for {
			n, err := next(ctx)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			done += int64(n)
			progress(done, max(done, total))
		}
	}
	progress(done, done) // what has gone meanwhile needs nothing any more
	return o.store.Tx(ctx, func(tx *store.Tx) error { return tx.Audit(ctx, o.event(eventResealed, 0, "under "+o.keys.IDs()[0])) })
}

// resealing returns what reseals one batch of values after the other, and tells how many
// there were.
func resealing[ID any](o *Operator, used []string, last ID,
	list func(context.Context, ID, int) ([]store.Sealed[ID], error),
	where func(ID) string,
	put func(*store.Tx, context.Context, store.Sealed[ID], []byte) error,
) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		batch, err := list(ctx, last, resealBatch)
		if err != nil || len(batch) == 0 {
			return 0, err
		}
		last = batch[len(batch)-1].ID
		return len(batch), o.store.Tx(ctx, func(tx *store.Tx) error {
			for _, s := range batch {
				if o.givenUp(s.Value, used) {
					continue
				}
				value, err := o.sealAnew(s.Value, where(s.ID))
				if err != nil {
					return err
				}
				if err := put(tx, ctx, s, value); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// givenUp tells whether a value is sealed under a key that the ring has not and the database
// demands of nobody.
func (o *Operator) givenUp(value []byte, used []string) bool {
	by, ok := o.keys.SealedBy(value)
	return ok && !slices.Contains(o.keys.IDs(), by) && !slices.Contains(used, by)
}

func mailContext(id string) string { return account.Mail{ID: id}.SealContext() }

// sealAnew seals a value under the active key, unless it is so already.
func (o *Operator) sealAnew(value []byte, where string) ([]byte, error) {
	if by, _ := o.keys.SealedBy(value); by == o.keys.IDs()[0] {
		return value, nil
	}
	plain, err := o.keys.Open(value, where)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", where, err)
	}
	return o.keys.Seal(plain, where), nil
}
