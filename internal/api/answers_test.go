package api

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
)

func TestAnswersHaveTheShapeOfTheContract(t *testing.T) {
	t.Parallel()
	text, left := "x", 600
	at := Timestamp(testTime)
	issued := auth.Issued{Token: "125|XXXX", UserID: 123, Status: account.Active}
	updated := &PhotoUpdated{}
	updated.Data.PhotoURL, updated.Data.UpdatedAt = "https://x/?a=1&b=2", at
	none := &DeviceList{}
	none.Data.Devices = []Device{}
	for _, tt := range []struct {
		a    Answer
		want string
	}{
		{&Done{}, ``},
		{&CodeValid{Valid: true}, `,"valid":true`},
		{tokenIssued(issued), `,"access_token":"125|XXXX","token_type":"Bearer","user_id":123,"account_status":"active"`},
		{loggedIn(issued), `,"data":{"mfa_required":false,"access_token":"125|XXXX","token_type":"Bearer","account_status":"active","user_id":123}`},
		{
			&Challenged{Data: LoginChallenge{MFARequired: true, ChallengeID: "x", ExpiresIn: 300}},
			`,"data":{"mfa_required":true,"challenge_id":"x","expires_in":300}`,
		},
		{none, `,"data":{"devices":[]}`},
		{
			&SecondFactor{Enabled: true, Email: "a@b.c", Issuer: "Flowxi"},
			`,"enabled":true,"email":"a@b.c","secret":null,"otpauth_uri":null,"issuer":"Flowxi","expires_in":null`,
		},
		{
			&SecondFactor{Email: "a@b.c", Secret: &text, OTPAuthURI: &text, Issuer: "Flowxi", ExpiresIn: &left},
			`,"enabled":false,"email":"a@b.c","secret":"x","otpauth_uri":"x","issuer":"Flowxi","expires_in":600`,
		},
		{&Succeeded{Success: true}, `,"success":true`},
		{
			&Me{Data: Person{ID: 17, Email: "a@b.c", Status: account.Active, Username: "fx00000017", CreatedAt: at, UpdatedAt: at}},
			`,"data":{"id":17,"email":"a@b.c","status":"active","locale":null,"username":"fx00000017","photo_url":null,` +
				`"first_name":null,"last_name":null,"birth_date":null,"country":null,"nationality":null,"phone_number":null,` +
				`"twofa_enabled":false,"created_at":"2026-01-09T17:08:57.000001Z","updated_at":"2026-01-09T17:08:57.000001Z"}`,
		},
		{
			&MeUpdated{Data: UpdatedDetails{ID: 17, Details: Details{FirstName: &text}, UpdatedAt: at}},
			`,"data":{"id":17,"first_name":"x","last_name":null,"birth_date":null,"country":null,"nationality":null,` +
				`"phone_number":null,"updated_at":"2026-01-09T17:08:57.000001Z"}`,
		},
		{updated, `,"data":{"photo_url":"https://x/?a=1&b=2","updated_at":"2026-01-09T17:08:57.000001Z"}`},
		{&PhotoDeleted{}, `,"data":{"photo_url":null}`},
		{&Refused{}, ``},
	} {
		var got bytes.Buffer
		e := json.NewEncoder(&got)
		e.SetEscapeHTML(false)
		if err := e.Encode(tt.a); err != nil {
			t.Fatal(err)
		}
		if want := `{"message":"","code":""` + tt.want + "}\n"; got.String() != want {
			t.Errorf("got  %swant %s", got.String(), want)
		}
	}
}

func TestADeviceIsTold(t *testing.T) {
	t.Parallel()
	x := &exchange{server: newServer(t)}
	x.caller.Identity = &account.Identity{Session: account.Session{ID: 7}}
	got, err := json.Marshal(x.device(account.Session{
		ID: 7, Device: account.Device{ID: "d", Type: "ios", Name: "n"}, IP: "192.0.2.1",
		CreatedAt: testTime, LastUsedAt: testTime, ExpiresAt: testTime.Add(time.Hour),
	}))
	want := `{"device_id":"d","device_type":"ios","device_name":"n","country":null,"ip":"192.0.2.1",` +
		`"last_used_at":"2026-01-09T17:08:57.000001Z","created_at":"2026-01-09T17:08:57.000001Z",` +
		`"expires_at":"2026-01-09T17:08:57.000001Z","is_current":true}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

func TestTimestampsAreUTCWithSixDigits(t *testing.T) {
	t.Parallel()
	for want, at := range map[string]time.Time{
		`"2026-01-09T17:08:57.000000Z"`: time.Date(2026, 1, 9, 17, 8, 57, 999, time.UTC),
		`"2026-01-09T16:08:57.123456Z"`: time.Date(2026, 1, 9, 17, 8, 57, 123456789, time.FixedZone("", 3600)),
	} {
		if got, err := json.Marshal(Timestamp(at)); string(got) != want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}
