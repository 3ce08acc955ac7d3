package auth

import (
	"context"
	"fmt"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// resealBatch bounds the transaction of one step.
const resealBatch = 200

// Reseal seals everything that is stored under the active key again, so that an older
// key can be retired. It may be stopped and started again; progress is told how many
// values it has been through.
func (o *Operator) Reseal(ctx context.Context, progress func(done int)) error {
	done := 0
	for _, next := range []func(context.Context) (int, error){o.secrets(), o.mails()} {
		for {
			n, err := next(ctx)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			done += n
			progress(done)
		}
	}
	return o.store.Tx(ctx, func(tx *store.Tx) error { return tx.Audit(ctx, o.event(eventResealed, 0, "")) })
}

// secrets returns what reseals one batch of second factors after the other, and tells
// how many there were.
func (o *Operator) secrets() func(context.Context) (int, error) {
	var last account.UserID
	return func(ctx context.Context) (int, error) {
		batch, err := o.store.SealedTOTP(ctx, last, resealBatch)
		if err != nil || len(batch) == 0 {
			return 0, err
		}
		last = batch[len(batch)-1].UserID
		return len(batch), o.store.Tx(ctx, func(tx *store.Tx) error {
			for _, s := range batch {
				value, err := o.sealAnew(s.Value, totpContext(s.UserID))
				if err != nil {
					return err
				}
				if err := tx.ResealTOTP(ctx, s, value); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// mails does the same for the outbox.
func (o *Operator) mails() func(context.Context) (int, error) {
	last := ""
	return func(ctx context.Context) (int, error) {
		batch, err := o.store.SealedMail(ctx, last, resealBatch)
		if err != nil || len(batch) == 0 {
			return 0, err
		}
		last = batch[len(batch)-1].ID
		return len(batch), o.store.Tx(ctx, func(tx *store.Tx) error {
			for _, s := range batch {
				value, err := o.sealAnew(s.Value, account.Mail{ID: s.ID}.SealContext())
				if err != nil {
					return err
				}
				if err := tx.ResealMail(ctx, s, value); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

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
