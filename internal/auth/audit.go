package auth

import (
	"context"
	"encoding/hex"
	"fmt"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// The events of the audit trail. Each is written in the transaction that it records; what
// changes nothing, as a refusal, has one of its own.
const (
	eventInvited        = "registration.requested"
	eventNotInvited     = "registration.refused"
	eventCodeRefused    = "registration.code_refused"
	eventCodeVerified   = "registration.code_verified"
	eventActivated      = "registration.activated"
	eventLogin          = "login.succeeded"
	eventLoginRefused   = "login.refused"
	eventChallenged     = "login.challenged"
	eventMismatch       = "login.challenge_refused"
	eventCodeWrong      = "twofa.refused"
	eventTwoFAEnabled   = "twofa.enabled"
	eventTwoFADisabled  = "twofa.disabled"
	eventSteppedUp      = "twofa.stepped_up"
	eventLogout         = "session.logout"
	eventDeviceLogout   = "session.device_logout"
	eventTrimmed        = "session.displaced"
	eventLimitReached   = "limit.reached"
	eventProfileUpdated = "profile.updated"
	eventPhotoUpdated   = "profile.photo_updated"
	eventPhotoDeleted   = "profile.photo_deleted"
	eventStatusChanged  = "operator.status_changed"
	eventOperatorLogout = "operator.logout"
	eventOperatorReset  = "operator.twofa_reset"
	eventResealed       = "operator.resealed"
)

// event is an audit event about a person, by the caller and from the device of the
// caller's session.
func (a *Auth) event(c *Caller, action string, about account.UserID, detail string) store.AuditEvent {
	e := store.AuditEvent{
		At: a.now(), Action: action, Actor: "stranger", UserID: about,
		IP: c.IP.String(), RequestID: c.RequestID, Detail: detail,
	}
	if c.Identity != nil {
		e.Actor = fmt.Sprintf("user:%d", c.Identity.User.ID)
		e.SessionID, e.Device = c.Identity.Session.ID, deviceMark(c.Identity.Session.Device.ID)
	}
	return e
}

// eventOn is an audit event from a device that has no session yet, or not any more.
func (a *Auth) eventOn(c *Caller, deviceID, action string, about account.UserID, detail string) store.AuditEvent {
	e := a.event(c, action, about, detail)
	e.Device = deviceMark(deviceID)
	return e
}

// deviceMark is enough of a device's hash to know it again, and not who it belongs to.
func deviceMark(id string) string {
	if id == "" {
		return ""
	}
	return hex.EncodeToString(hashDevice(id)[:8])
}

// record writes one event in a transaction of its own, for what is refused and leaves
// no other trace.
func (a *Auth) record(ctx context.Context, e store.AuditEvent) error {
	return a.store.RowTx(ctx, func(tx *store.Tx) error { return tx.Audit(ctx, e) })
}
