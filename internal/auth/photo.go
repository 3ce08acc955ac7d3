package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/photo"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/trace"
)

// uploadGrace is how long an object may lie in the storage before the database speaks
// of it. What a crash leaves behind is deleted after that.
const uploadGrace = 15 * time.Minute

// PhotoURL is a signed, expiring address of a person's photo, nil where there is none.
func (a *Auth) PhotoURL(ctx context.Context, u account.User) (*string, error) {
	if u.PhotoKey == "" {
		return nil, nil
	}
	url, err := a.signPhoto(ctx, u.PhotoKey)
	if err != nil {
		return nil, err
	}
	return &url, nil
}

func (a *Auth) signPhoto(ctx context.Context, key string) (url string, err error) {
	if url, err = a.bucket.SignedURL(ctx, key, a.cfg.PhotoURLTTL); err != nil {
		return "", fmt.Errorf("sign photo address: %w: %w", account.ErrServiceUnavailable, err)
	}
	return url, nil
}

// SetPhoto makes a picture the caller's photo and deletes the one before, after the
// commit and also where the server dies in between (contract section 10). It returns
// the signed address and the time of the change. What is no picture, or has too many pixels,
// is account.Invalid, and what has too many bytes ErrPayloadTooLarge.
func (a *Auth) SetPhoto(ctx context.Context, c *Caller, data []byte) (url string, updated time.Time, err error) {
	jpeg, err := a.photos.JPEG(ctx, data)
	if err != nil {
		return "", time.Time{}, photoError(err)
	}
	id := c.Identity.User.ID
	key := fmt.Sprintf("profile_photos/user_%d_%s.jpg", id, a.hex(16))
	// The object is marked for deletion before it exists; the commit takes the mark off.
	err = a.store.Tx(ctx, func(tx *store.Tx) error { return tx.Trash(ctx, key, a.now().Add(uploadGrace)) })
	if err != nil {
		return "", time.Time{}, err
	}
	if err := a.putObject(ctx, key, jpeg); err != nil {
		return "", time.Time{}, errors.Join(account.ErrServiceUnavailable.After(busyPause), err)
	}
	if updated, err = a.swapPhoto(ctx, c, key, eventPhotoUpdated); err != nil {
		return "", time.Time{}, err
	}
	if url, err = a.signPhoto(ctx, key); err != nil {
		return "", time.Time{}, err
	}
	return url, updated, nil
}

func (a *Auth) putObject(ctx context.Context, key string, jpeg []byte) error {
	ctx, span := trace.Start(ctx, "put object")
	err := a.bucket.Put(ctx, key, "image/jpeg", jpeg)
	span.End(err)
	return err
}

// DeletePhoto takes the caller's photo away; there need not be one.
func (a *Auth) DeletePhoto(ctx context.Context, c *Caller) error {
	_, err := a.swapPhoto(ctx, c, "", eventPhotoDeleted)
	return err
}

func (a *Auth) swapPhoto(ctx context.Context, c *Caller, key, action string) (updated time.Time, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		if _, err := a.stillThere(ctx, tx, c); err != nil {
			return err
		}
		id := c.Identity.User.ID
		updated = a.now()
		if key != "" {
			if kept, err := tx.Keep(ctx, key); err != nil {
				return err
			} else if !kept {
				return fmt.Errorf("photo of user %d was swept before it was committed", id)
			}
		}
		old, err := tx.SetPhoto(ctx, id, key, updated)
		if errors.Is(err, store.ErrNotFound) {
			return account.ErrUnauthenticated // no longer active
		}
		if err != nil {
			return err
		}
		if old != "" {
			if err := tx.Trash(ctx, old, updated); err != nil {
				return err
			}
		}
		return tx.Audit(ctx, a.event(c, action, id, ""))
	})
	if err == nil {
		a.emptyTrashSoon()
	}
	return updated, err
}

func photoError(err error) error {
	problem := account.Problem{Field: "photo"}
	switch {
	case errors.Is(err, photo.ErrBusy):
		return account.ErrServiceUnavailable.After(busyPause)
	case errors.Is(err, photo.ErrTooLarge):
		return account.ErrPayloadTooLarge
	case errors.Is(err, photo.ErrTooManyPixels):
		problem.Rule, problem.Params = "photo_pixels", map[string]any{"Count": photo.MaxPixels / 1_000_000}
	case errors.Is(err, photo.ErrNotAnImage):
		problem.Rule = "photo"
	default:
		return fmt.Errorf("prepare photo: %w", err)
	}
	return account.Invalid{problem}
}
