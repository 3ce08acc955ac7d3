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
// values of all it has been through.
func (o *Operator) Reseal(ctx context.Context, progress func(done, total int64)) error {
	total, err := o.store.CountSealed(ctx)
	if err != nil {
		return err
	}
	done := int64(0)
	for _, next := range []func(context.Context) (int, error){
		resealing(o, 0, o.store.SealedTOTP, totpContext, (*store.Tx).ResealTOTP),
		resealing(o, "", o.store.SealedMail, mailContext, (*store.Tx).ResealMail),
		resealing(o, 0, o.auditKeys, store.AuditKeyContext, (*store.Tx).ResealAuditKey),
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
func resealing[ID any](o *Operator, last ID,
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

// auditKeys leaves out those whose key was lost: they stay as they are, and what they
// signed cannot be proved any more.
func (o *Operator) auditKeys(ctx context.Context, after int64, limit int) ([]store.Sealed[int64], error) {
	list, err := o.store.SealedAuditKeys(ctx, after, limit)
	return slices.DeleteFunc(list, func(s store.Sealed[int64]) bool {
		by, _ := o.keys.SealedBy(s.Value)
		return !slices.Contains(o.keys.IDs(), by)
	}), err
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
