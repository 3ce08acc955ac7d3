//go:build !linux && !darwin

package disk

import "errors"

// Of does not tell here: it is an errors.ErrUnsupported.
func Of(string) (Space, error) { return Space{}, errors.ErrUnsupported }
