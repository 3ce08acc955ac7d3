package api

import (
	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
)

func (x *exchange) me() (Answer, error) {
	u := x.caller.Identity.User
	url, err := x.Auth.PhotoURL(x.request.Context(), u)
	if err != nil {
		return nil, err
	}
	return &Me{Data: Person{
		ID: u.ID, Email: u.Email, Status: u.Status, Locale: orNull(u.Locale), Username: u.Username, PhotoURL: url,
		Details: Details(u.Profile), TwoFAEnabled: u.TOTP.Enabled(),
		CreatedAt: Timestamp(u.CreatedAt), UpdatedAt: Timestamp(u.UpdatedAt),
	}}, nil
}

func (x *exchange) updateMe(in auth.ProfileInput) (Answer, error) {
	u, err := x.Auth.UpdateProfile(x.request.Context(), &x.caller, in)
	if err != nil {
		return nil, err
	}
	return &MeUpdated{Data: UpdatedDetails{ID: u.ID, Details: Details(u.Profile), UpdatedAt: Timestamp(u.UpdatedAt)}}, nil
}

func (x *exchange) updatePhoto() (Answer, error) {
	ctx := x.request.Context()
	leave, err := x.Uploads.enter(x.client, x.caller.Identity.User.ID, x.caller.Network())
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := x.Auth.AdmitPhoto(ctx, &x.caller); err != nil {
		return nil, err
	}
	data, err := x.readPhoto()
	if err != nil {
		return nil, err
	}
	url, updated, err := x.Auth.SetPhoto(ctx, &x.caller, data)
	if err != nil {
		return nil, err
	}
	a := &PhotoUpdated{}
	a.Data.PhotoURL, a.Data.UpdatedAt = url, Timestamp(updated)
	return a, nil
}

func (x *exchange) deletePhoto() (Answer, error) {
	return &PhotoDeleted{}, x.Auth.DeletePhoto(x.request.Context(), &x.caller)
}

func photoProblem(rule string) error {
	return account.Invalid{{Field: PhotoField, Rule: rule}}
}
