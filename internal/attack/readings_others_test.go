package attack_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var readingsOfOthers = []attempt{
	{kind: reading, try: "the device of somebody else, logged out by its name", defence: ownDevice, run: othersDevice},
	{kind: reading, try: "the devices of somebody else in one's own list", defence: ownDevices, run: othersDevices},
	{kind: reading, try: "the number of somebody else's token before one's own secret", defence: tokenSecret, run: othersToken},
	{kind: reading, try: "the photo of somebody else by the address of one's own", defence: photoSignature, run: othersPhoto},
	{kind: reading, try: "members of a profile that are not for its owner to set", defence: ownProfile, run: massAssignment},
	{kind: reading, try: "the secret of a second factor that is on", defence: factorOnce, run: factorAgain},
}

var (
	ownDevice = canary.Stands("devices of one's own to log out", canary.Clause(sessionSQL, "DELETE FROM sessions WHERE user_id = $1 AND device_id = $2 AND",
		"DELETE FROM sessions WHERE (user_id = $1 OR user_id <> $1) AND device_id = $2 AND"))
	ownDevices = canary.Stands("devices of one's own", canary.Clause(sessionSQL, "WHERE s.user_id = $1 AND s.expires_at > $2", "WHERE (s.user_id = $1 OR s.user_id <> $1) AND s.expires_at > $2"))
	factorOnce = canary.Stands("second factor shown once", canary.Place{
		File: "internal/auth/twofa.go", Code: "if status.Enabled {\n\t\treturn status, nil",
		Without: "if $GONE && status.Enabled {\n\t\tsecret, err := a.keys.Open(u.TOTP.Sealed, totpContext(u.ID))\n\t\tstatus.Secret = account.Secret(secret)\n\t\treturn status, err\n\t}\n\t$CODE",
	}, canary.Place{
		File: "internal/api/twofa.go", Code: "if s.Enabled {", Without: "if $GONE && s.Enabled {\n\t\ta.Secret = orNull(s.Secret)\n\t}\n\t$CODE",
	})

	// ownProfile is that a profile has the members that it has. Its canary takes the id
	// of whose it is from the body.
	ownProfile = canary.Stands("members of a profile", canary.Place{
		File: "internal/auth/inputs.go", Code: "Nationality, PhoneNumber form.Optional }", Without: "Nationality, PhoneNumber, ID form.Optional } // $NAME",
	}, canary.Place{
		File: "internal/auth/inputs.go", Code: "func (in *ProfileInput) Fields() []form.Field {\n",
		Without: "$CODE\tif $GONE {\n\t\treturn []form.Field{form.Patch(\"first_name\", form.Text(maxName), &in.FirstName), form.Patch(\"user_id\", form.Text(maxName), &in.ID)}\n\t}\n",
	}, canary.Place{
		File: "internal/auth/profile.go", Code: "u, err = tx.UpdateProfile(ctx, u.ID, p, a.now())",
		Without: "if $GONE && in.ID.Value != nil {\n\t\t\tu.ID = 0\n\t\t\tfor _, d := range *in.ID.Value {\n\t\t\t\tu.ID = 10*u.ID + account.UserID(d-'0')\n\t\t\t}\n\t\t}\n\t\t$CODE",
	})
)

func othersDevice(t *testing.T, w *world) {
	owner, eve := w.person(t), w.person(t)
	device := fmt.Sprintf("phone of %d", owner.ID)
	phone := owner.LoginOn(device)
	eve.Post("/auth/logout-device", authtest.Fields{"device_id": device}).Expect(404, "DEVICE_NOT_FOUND")
	phone.Get("/me").Expect(200, "ME_OK")
}

func othersDevices(t *testing.T, w *world) {
	owner, eve := w.person(t), w.person(t)
	owner.LoginOn("phone")
	eve.LoginOn("tablet")
	if list := eve.Get("/auth/devices").Expect(200, "DEVICES_LIST"); list.Len("data.devices") != 1 || list.Text("data.devices.0.device_id") != "tablet" {
		list.Fail("somebody else's device is in the list")
	}
}

func othersToken(t *testing.T, w *world) {
	owner, eve := w.person(t), w.person(t)
	var number int64
	if _, err := fmt.Sscan(owner.Bearer(), &number); err != nil {
		t.Fatal(err)
	}
	eve.Token(fmt.Sprintf("%d|%s", number, secretOf(eve.Bearer()))).Get("/me").Expect(401, "UNAUTHENTICATED")
}

// othersPhoto tries the key of another object, and a longer time, with a signature that
// is good for one's own.
func othersPhoto(t *testing.T, w *world) {
	owner, eve := w.person(t), w.person(t)
	theirs, own := photoAddress(t, owner), photoAddress(t, eve)
	forged := *own
	forged.Path = theirs.Path
	unsigned := *theirs
	unsigned.RawQuery = ""
	later := *own
	query := own.Query()
	for _, name := range []string{"expires", "X-Amz-Expires"} {
		if query.Has(name) {
			query.Set(name, query.Get(name)+"0")
		}
	}
	later.RawQuery = query.Encode()
	for _, address := range []url.URL{forged, unsigned, later} {
		if a := w.stranger(t).Send("GET", address.String(), nil); a.Status != 403 && a.Status != 404 && a.Status != 400 {
			a.Fail("a forged address was answered")
		}
	}
}

func photoAddress(t *testing.T, p *authtest.Person) *url.URL {
	t.Helper()
	address, err := url.Parse(p.Upload(snapshot(t)).Expect(200, "ME_PHOTO_UPDATED").Text("data.photo_url"))
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func massAssignment(t *testing.T, w *world) {
	owner, eve := w.person(t), w.person(t)
	victim := fmt.Sprint(owner.ID)
	eve.Patch("/me", authtest.Fields{
		"first_name": "Eve", "id": victim, "user_id": victim, "email": owner.Email, "status": "closed", "username": "root",
		"locale": "en", "photo_url": "https://evil.example/x.jpg", "photo_key": "x", "password": "x", "twofa_enabled": true,
	}).Expect(200, "ME_UPDATED")
	if name := owner.Get("/me").Expect(200, "ME_OK").Value("data.first_name"); name != nil {
		t.Errorf("somebody else is called %v", name)
	}
	me := eve.Get("/me").Expect(200, "ME_OK")
	if me.Int("data.id") != eve.ID || me.Text("data.email") != eve.Email || me.Text("data.username") == "root" ||
		me.Text("data.locale") != "fr" || me.Value("data.photo_url") != nil || me.Value("data.twofa_enabled") != false {
		me.Fail("a member was set that is not for its owner to set")
	}
}

func factorAgain(t *testing.T, w *world) {
	p := replaySecured(t, w)
	for _, path := range []string{"/auth/2fa/status", "/me", "/auth/devices"} {
		if a := p.Get(path); a.Status != 200 || strings.Contains(string(a.Body), p.secret) {
			a.Fail("the secret is shown again")
		}
	}
}
