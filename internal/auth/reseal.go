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
func (a *Auth) Reseal(ctx context.Context, actor string, progress func(done int)) error {
	done, lastUser, lastMail := 0, account.UserID(0), ""
	for {
		batch, err := a.sealedAfter(ctx, lastUser, lastMail)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			return a.record(ctx, a.byOperator(actor, eventOperatorReseals, 0, ""))
		}
		if err := a.resealAll(ctx, batch); err != nil {
			return err
		}
		for _, s := range batch {
			lastUser, lastMail = max(lastUser, s.UserID), max(lastMail, s.MailID)
		}
		done += len(batch)
		progress(done)
	}
}

func (a *Auth) sealedAfter(ctx context.Context, user account.UserID, mail string) ([]store.Sealed, error) {
	secrets, err := a.store.SealedTOTP(ctx, user, resealBatch)
	if err != nil {
		return nil, err
	}
	mails, err := a.store.SealedMail(ctx, mail, resealBatch)
	return append(secrets, mails...), err
}

func (a *Auth) resealAll(ctx context.Context, batch []store.Sealed) error {
	active := a.keys.IDs()[0]
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		for _, s := range batch {
			if by, _ := a.keys.SealedBy(s.Value); by == active {
				continue
			}
			where := totpContext(s.UserID)
			if s.MailID != "" {
				where = account.Mail{ID: s.MailID}.SealContext()
			}
			plain, err := a.keys.Open(s.Value, where)
			if err != nil {
				return fmt.Errorf("open %s: %w", where, err)
			}
			if err := tx.Reseal(ctx, s, a.keys.Seal(plain, where)); err != nil {
				return err
			}
		}
		return nil
	})
}
