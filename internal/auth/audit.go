package auth

import (
	"context"
	"fmt"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// The events of the audit trail. Each is written in the transaction that it records.
const (
	eventInvited        = "registration.requested"
	eventCodeRefused    = "registration.code_refused"
	eventCodeVerified   = "registration.code_verified"
	eventActivated      = "registration.activated"
	eventLogin          = "login.succeeded"
	eventLoginRefused   = "login.refused"
	eventChallenged     = "login.challenged"
	eventCodeWrong      = "twofa.refused"
	eventTwoFAEnabled   = "twofa.enabled"
	eventTwoFADisabled  = "twofa.disabled"
	eventSteppedUp      = "twofa.stepped_up"
	eventLogout         = "session.logout"
	eventDeviceLogout   = "session.device_logout"
	eventProfileUpdated = "profile.updated"
	eventPhotoUpdated   = "profile.photo_updated"
	eventPhotoDeleted   = "profile.photo_deleted"
	eventStatusChanged  = "operator.status_changed"
	eventOperatorLogout = "operator.logout"
	eventResealed       = "operator.resealed"
)

// event is an audit event about a person, by the caller.
func (a *Auth) event(c *Caller, action string, about account.UserID, detail string) store.AuditEvent {
	e := store.AuditEvent{
		At: a.now(), Action: action, Actor: "stranger", UserID: about,
		IP: c.IP.String(), RequestID: c.RequestID, Detail: detail,
	}
	if c.Identity != nil {
		e.Actor = fmt.Sprintf("user:%d", c.Identity.User.ID)
		e.SessionID = c.Identity.Session.ID
	}
	return e
}

// record writes one event in a transaction of its own, for what is refused and leaves
// no other trace.
func (a *Auth) record(ctx context.Context, e store.AuditEvent) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error { return tx.Audit(ctx, e) })
}
