package api

import (
	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
)

func (x *exchange) login(in auth.LoginInput) (Answer, error) {
	result, err := x.Auth.Login(x.request.Context(), &x.caller, in)
	if err != nil || result.Challenge == "" {
		return loggedIn(result.Issued), err
	}
	return &Challenged{
		Envelope: with(account.TwoFARequired),
		Data:     LoginChallenge{MFARequired: true, ChallengeID: string(result.Challenge), ExpiresIn: Seconds(result.ExpiresIn)},
	}, nil
}

func (x *exchange) loginTwoFA(in auth.LoginTwoFAInput) (Answer, error) {
	issued, err := x.Auth.LoginTwoFA(x.request.Context(), &x.caller, in)
	return loggedIn(issued), err
}

func loggedIn(i auth.Issued) *LoggedIn {
	return &LoggedIn{Data: LoginToken{
		AccessToken: string(i.Token), TokenType: BearerScheme, AccountStatus: i.Status, UserID: i.UserID,
	}}
}

func (x *exchange) logout() (Answer, error) {
	return &Done{}, x.Auth.Logout(x.request.Context(), &x.caller)
}

func (x *exchange) logoutDevice(in auth.LogoutDeviceInput) (Answer, error) {
	return &Done{}, x.Auth.LogoutDevice(x.request.Context(), &x.caller, in)
}

func (x *exchange) devices() (Answer, error) {
	sessions, err := x.Auth.Devices(x.request.Context(), &x.caller)
	if err != nil {
		return nil, err
	}
	list := &DeviceList{}
	list.Data.Devices = make([]Device, 0, len(sessions))
	for _, s := range sessions {
		list.Data.Devices = append(list.Data.Devices, x.device(s))
	}
	return list, nil
}

func (x *exchange) device(s account.Session) Device {
	return Device{
		ID: s.Device.ID, Type: s.Device.Type, Name: s.Device.Name, Country: orNull(s.Device.Country), IP: s.IP,
		LastUsedAt: Timestamp(s.LastUsedAt), CreatedAt: Timestamp(s.CreatedAt),
		ExpiresAt: Timestamp(s.Expires(x.Auth.IdleTTL())),
		IsCurrent: s.ID == x.caller.Identity.Session.ID,
	}
}

// orNull returns nil for what is unset.
func orNull[S ~string](s S) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}
