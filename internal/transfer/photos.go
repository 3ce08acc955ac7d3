package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/store"
)

// photos copies every photo that somebody has, unless it is there already, and reads it
// again. Objects that nobody has are left behind: the trash speaks of them, and to delete
// what is absent is no error.
func (m Move) photos(ctx context.Context, shot *store.Snapshot) (Photos, error) {
	return eachPhoto(ctx, shot, m.Photos, m.Progress, func(key string, body []byte) error {
		return m.photo(ctx, key, body)
	})
}

func (m Move) photo(ctx context.Context, key string, body []byte) error {
	there, err := m.shows(ctx, key, body)
	if err != nil || there {
		return err
	}
	if err := m.Bucket.Put(ctx, key, photoType, body); err != nil {
		return fmt.Errorf("copy photo %s: %w", key, err)
	}
	if there, err = m.shows(ctx, key, body); err == nil && !there {
		err = fmt.Errorf("the storage does not give back the photo %s as it was put", key)
	}
	return err
}

// shows tells whether the target has the photo as it is.
func (m Move) shows(ctx context.Context, key string, body []byte) (bool, error) {
	got, err := read(ctx, m.Bucket, key)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	return bytes.Equal(got, body), err
}

// eachPhoto calls do with each photo that somebody has, and sums them up. One that is
// lost already is only counted.
func eachPhoto(ctx context.Context, shot *store.Snapshot, from blob.Reader, progress Progress, do func(key string, body []byte) error) (Photos, error) {
	total, err := shot.CountPhotos(ctx)
	if err != nil {
		return Photos{}, err
	}
	all, done := newAlbum(), int64(0)
	for key, err := range shot.Photos(ctx) {
		if err != nil {
			return Photos{}, err
		}
		body, err := read(ctx, from, key)
		switch {
		case errors.Is(err, blob.ErrNotFound):
			all.count.Missing++
		case err != nil:
			return Photos{}, err
		default:
			all.add(key, body)
			if err := do(key, body); err != nil {
				return Photos{}, err
			}
		}
		done++
		progress(StagePhotos, done, total)
	}
	return all.sum(), nil
}
