package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"flowxi.app/flowxi/client"
	"flowxi.app/flowxi/internal/authtest"
)

const password = "Ma tante fait du vélo 7"

var phone = client.DeviceInput{DeviceID: "phone", DeviceType: "ios", DeviceName: "Ada's phone", Country: "FR"}

// start is a server and a client of it on a phone.
func start(t *testing.T, opts ...authtest.Option) (*authtest.Server, *client.Client) {
	t.Helper()
	srv := authtest.Start(t, authtest.Embedded, append(opts, authtest.FastHash())...)
	return srv, newClient(t, srv.URL, client.Options{Locale: "en", Device: phone})
}

func newClient(t *testing.T, url string, o client.Options) *client.Client {
	t.Helper()
	c, err := client.New(url, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ok demands that a call succeeded.
func ok[T any](t *testing.T) func(T, error) T {
	return func(answer T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

// refused demands a code, and returns the whole of the refusal.
func refused(t *testing.T, err error, code client.Code) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.Is(err, code) || !errors.As(err, &e) {
		t.Fatalf("it ended with %v, want %s", err, code)
	}
	if e.Message == "" || e.RequestID == "" || e.Status < 400 {
		t.Fatalf("the refusal lacks what every answer has: %#v", e)
	}
	return e
}

func register(t *testing.T, srv *authtest.Server, c *client.Client, email string) {
	t.Helper()
	ok[*client.Done](t)(c.SendRegistrationCode(t.Context(), client.EmailInput{Email: email}))
	ok[*client.TokenIssued](t)(c.RegisterByCode(t.Context(), client.CodePasswordInput{
		Email: email, Code: client.Secret(srv.Client(t).Mail(email, 1).Code), Password: password,
	}))
}

func TestRegisteringByCode(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx, email := t.Context(), "ada@example.com"
	if sent := ok[*client.Done](t)(c.SendRegistrationCode(ctx, client.EmailInput{Email: email})); sent.Code != client.OutcomeOTPSent || sent.Message != "OTP sent." {
		t.Errorf("it was answered with %+v", sent)
	}
	first := srv.Client(t).Mail(email, 1).Code
	ok[*client.Done](t)(c.ResendRegistrationCode(ctx, client.EmailInput{Email: email}))
	code := client.Secret(srv.Client(t).Mail(email, 2).Code)

	if first != string(code) {
		_, err := c.VerifyRegistrationCode(ctx, client.CodeCheckInput{Email: email, Code: client.Secret(first)})
		refused(t, err, client.CodeOTPInvalid)
	}
	if valid := ok[*client.CodeValid](t)(c.VerifyRegistrationCode(ctx, client.CodeCheckInput{Email: email, Code: code})); !valid.Valid {
		t.Error("the right code is not valid")
	}
	_, err := c.RegisterByCode(ctx, client.CodePasswordInput{Email: email, Code: code, Password: "short", PasswordConfirmation: "other"})
	if e := refused(t, err, client.CodeValidationFailed); e.Status != http.StatusUnprocessableEntity || len(e.Fields["password"]) == 0 {
		t.Errorf("the refusal names no field: %#v", e)
	}
	issued := ok[*client.TokenIssued](t)(c.RegisterByCode(ctx, client.CodePasswordInput{Email: email, Code: code, Password: password}))
	if issued.AccountStatus != client.StatusActive || issued.TokenType != "Bearer" || issued.UserID == 0 {
		t.Errorf("it was answered with %+v", issued)
	}
	me := ok[*client.Me](t)(c.Me(ctx))
	if me.Data.Email != email || me.Data.ID != issued.UserID || me.Data.FirstName != nil || me.Data.CreatedAt.IsZero() {
		t.Errorf("the client is %+v", me.Data)
	}
	devices := ok[*client.DeviceList](t)(c.ListDevices(ctx)).Data.Devices
	if len(devices) != 1 || devices[0].DeviceID != phone.DeviceID || !devices[0].IsCurrent || *devices[0].Country != "FR" {
		t.Errorf("the devices are %+v, want the one of the client", devices)
	}
	_, err = c.SendRegistrationCode(ctx, client.EmailInput{Email: email})
	refused(t, err, client.CodeEmailAlreadyUsed)
	_, err = c.ResendRegistrationCode(ctx, client.EmailInput{Email: email})
	refused(t, err, client.CodeEmailAlreadyActive)
}

func TestRegisteringByLink(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx, email := t.Context(), "ada@example.com"
	if sent := ok[*client.Done](t)(c.SendRegistrationLink(ctx, client.EmailInput{Email: email})); sent.Code != client.OutcomeMagicLinkSent {
		t.Errorf("it was answered with %+v", sent)
	}
	srv.Client(t).Mail(email, 1)
	ok[*client.Done](t)(c.ResendRegistrationLink(ctx, client.EmailInput{Email: email}))
	link := ok[*url.URL](t)(url.Parse(srv.Client(t).Mail(email, 2).Link))
	_, err := c.RegisterByLink(ctx, client.LinkPasswordInput{Email: email, Token: "wrong", Password: password})
	refused(t, err, client.CodeMagicLinkInvalid)
	in := client.LinkPasswordInput{Email: email, Token: client.Secret(link.Query().Get("token")), Password: password}
	ok[*client.TokenIssued](t)(c.RegisterByLink(ctx, in))
	ok[*client.Me](t)(c.Me(ctx))
	_, err = c.RegisterByLink(ctx, in)
	refused(t, err, client.CodeMagicLinkExpired)
	_, err = c.ResendRegistrationLink(ctx, client.EmailInput{Email: email})
	refused(t, err, client.CodeEmailAlreadyActive)
}

func TestLoggingInAndOut(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx, email := t.Context(), "ada@example.com"
	register(t, srv, c, email)

	tokens := new(client.MemoryTokens)
	laptop := newClient(t, srv.URL, client.Options{Device: client.DeviceInput{DeviceID: "laptop", DeviceType: "web", DeviceName: "Portable"}, Tokens: tokens})
	_, err := laptop.Login(ctx, client.LoginInput{Email: email, Password: "wrong"})
	if e := refused(t, err, client.CodeInvalidCredentials); e.Message != "Adresse e-mail ou mot de passe incorrect." {
		t.Errorf("in French it says %q", e.Message)
	}
	_, err = laptop.WithLocale("en").Login(ctx, client.LoginInput{Email: email, Password: "wrong"})
	if e := refused(t, err, client.CodeInvalidCredentials); e.Message != "The email or the password is incorrect." {
		t.Errorf("in English it says %q", e.Message)
	}
	in := ok[*client.LoginResult](t)(laptop.Login(ctx, client.LoginInput{Email: email, Password: password}))
	if in.Challenged != nil || in.LoggedIn == nil || in.LoggedIn.Code != client.OutcomeLoginSuccess {
		t.Fatalf("the login ended with %+v", in)
	}
	if kept := ok[client.Secret](t)(tokens.Token(ctx)); kept == "" || kept != in.LoggedIn.Data.AccessToken {
		t.Error("the token was not kept")
	}
	other := c.WithToken(in.LoggedIn.Data.AccessToken)
	if got := ok[*client.Me](t)(other.Me(ctx)).Data.Email; got != email {
		t.Errorf("whoever has the token is %q", got)
	}

	_, err = laptop.LogoutDevice(ctx, client.LogoutDeviceInput{DeviceID: "unknown"})
	refused(t, err, client.CodeDeviceNotFound)
	ok[*client.Done](t)(laptop.LogoutDevice(ctx, client.LogoutDeviceInput{DeviceID: phone.DeviceID}))
	_, err = c.Me(ctx)
	refused(t, err, client.CodeUnauthenticated)

	if out := ok[*client.Done](t)(laptop.Logout(ctx)); out.Code != client.OutcomeLogoutSuccess {
		t.Errorf("it was answered with %+v", out)
	}
	if kept := ok[client.Secret](t)(tokens.Token(ctx)); kept != "" {
		t.Error("a token is kept after the logout")
	}
	_, err = laptop.Logout(ctx)
	refused(t, err, client.CodeUnauthenticated)
}

// Both clients forget alike: clients/ts/test/wire.test.ts says the same.
func TestALogoutForgetsTheToken(t *testing.T) {
	t.Parallel()
	kept := func(tokens client.TokenStore) client.Secret { return ok[client.Secret](t)(tokens.Token(t.Context())) }
	fail := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	for _, kind := range []client.TokenStore{new(client.MemoryTokens), client.NewFileTokens(filepath.Join(t.TempDir(), "token"))} {
		_, err := with(t, client.Options{Tokens: kind}, fail).Logout(t.Context())
		if err == nil || kept(kind) != "" {
			t.Errorf("after a logout that failed with %v %T keeps a token", err, kind)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	tokens := new(client.MemoryTokens)
	if _, err := with(t, client.Options{Tokens: tokens}, fail).Logout(gone); !errors.Is(err, context.Canceled) || kept(tokens) != "" {
		t.Errorf("after a logout that was given up with %v a token is kept", err)
	}
}

func TestLoggingThisDeviceOutForgetsTheToken(t *testing.T) {
	t.Parallel()
	tokens, status := new(client.MemoryTokens), http.StatusNotFound
	c := with(t, client.Options{Tokens: tokens, Device: phone}, func(w http.ResponseWriter, _ *http.Request) {
		code := client.Code(client.OutcomeLogoutSuccess)
		if status != http.StatusOK {
			code = client.CodeDeviceNotFound
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"code":%q,"message":"A sentence."}`, code)
	})
	for _, try := range []struct {
		device string
		status int
		want   client.Secret
	}{
		{phone.DeviceID, http.StatusNotFound, secret},
		{"another", http.StatusOK, secret},
		{phone.DeviceID, http.StatusOK, ""},
	} {
		status = try.status
		if _, err := c.LogoutDevice(t.Context(), client.LogoutDeviceInput{DeviceID: try.device}); (err == nil) != (status == http.StatusOK) {
			t.Errorf("logging %s out: %v", try.device, err)
		}
		if got := ok[client.Secret](t)(tokens.Token(t.Context())); got != try.want {
			t.Errorf("after %d for %s the token is kept: %v, want %v", try.status, try.device, got != "", try.want != "")
		}
	}
}

func TestTheSecondFactor(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx, email := t.Context(), "ada@example.com"
	register(t, srv, c, email)

	_, err := c.DisableTwoFactor(ctx, client.TOTPInput{Code: "000000"})
	refused(t, err, client.CodeTwoFANotEnabled)
	off := ok[*client.SecondFactor](t)(c.TwoFactorStatus(ctx))
	if off.Enabled || off.Secret == nil || off.OTPAuthURI == nil || off.ExpiresIn == nil || off.Email != email || off.Issuer != "Flowxi" {
		t.Fatalf("the second factor is off and %+v", off)
	}
	code := func() client.Secret { // the next, for each is good once
		srv.Advance(30 * time.Second)
		return client.Secret(authtest.TOTP(string(*off.Secret), srv.Now()))
	}
	ok[*client.Succeeded](t)(c.EnableTwoFactor(ctx, client.TOTPInput{Code: code()}))
	if on := ok[*client.SecondFactor](t)(c.TwoFactorStatus(ctx)); !on.Enabled || on.Secret != nil || on.OTPAuthURI != nil || on.ExpiresIn != nil {
		t.Errorf("the second factor is on and %+v", on)
	}
	_, err = c.EnableTwoFactor(ctx, client.TOTPInput{Code: "000000"})
	refused(t, err, client.CodeTwoFAAlreadyEnabled)
	if proved := ok[*client.Succeeded](t)(c.VerifyTwoFactor(ctx, client.TOTPInput{Code: code()})); !proved.Success || proved.Code != client.OutcomeTwoFAVerified {
		t.Errorf("it was answered with %+v", proved)
	}

	in := ok[*client.LoginResult](t)(c.Login(ctx, client.LoginInput{Email: email, Password: password}))
	if in.LoggedIn != nil || in.Challenged == nil || in.Challenged.Data.ExpiresIn < 1 {
		t.Fatalf("the login ended with %+v", in)
	}
	challenge := in.Challenged.Data.ChallengeID
	right := code()
	_, err = c.LoginTwoFactor(ctx, client.LoginTwoFAInput{ChallengeID: challenge, Code: client.Secret(authtest.OtherCode(string(right)))})
	refused(t, err, client.CodeTwoFAInvalidCode)
	_, err = c.LoginTwoFactor(ctx, client.LoginTwoFAInput{ChallengeID: challenge, Code: right, DeviceID: "elsewhere"})
	refused(t, err, client.CodeTwoFAChallengeMismatch)
	logged := ok[*client.LoggedIn](t)(c.LoginTwoFactor(ctx, client.LoginTwoFAInput{ChallengeID: challenge, Code: right}))
	if logged.Data.AccessToken == "" {
		t.Error("there is no token")
	}
	if !ok[*client.Me](t)(c.Me(ctx)).Data.TwoFAEnabled {
		t.Error("the token is not that of the login")
	}
	_, err = c.LoginTwoFactor(ctx, client.LoginTwoFAInput{ChallengeID: challenge, Code: right})
	refused(t, err, client.CodeTwoFAChallengeExpired)
	ok[*client.Succeeded](t)(c.DisableTwoFactor(ctx, client.TOTPInput{Code: code()}))
}

func TestTheProfile(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx := t.Context()
	register(t, srv, c, "ada@example.com")
	updated := ok[*client.MeUpdated](t)(c.UpdateMe(ctx, client.ProfileInput{
		FirstName: client.Set("Ada"), LastName: client.Set("Lovelace"), BirthDate: client.Set("1990-12-31"),
		Country: client.Set("bj"), Nationality: client.Set("ben"), PhoneNumber: client.Set("+229 00 00 00 00"),
	}))
	if d := updated.Data; *d.FirstName != "Ada" || *d.Country != "BJ" || *d.Nationality != "BEN" || *d.PhoneNumber != "+22900000000" {
		t.Errorf("the profile is %+v", d)
	}
	updated = ok[*client.MeUpdated](t)(c.UpdateMe(ctx, client.ProfileInput{PhoneNumber: client.Clear()}))
	if d := updated.Data; d.PhoneNumber != nil || *d.LastName != "Lovelace" || *d.BirthDate != "1990-12-31" {
		t.Errorf("after one field was cleared the profile is %+v", d)
	}
	_, err := c.UpdateMe(ctx, client.ProfileInput{Country: client.Set("XX"), BirthDate: client.Set("tomorrow")})
	if e := refused(t, err, client.CodeValidationFailed); len(e.Fields) != 2 {
		t.Errorf("the refusal names %v, want two fields", e.Fields)
	}
}

func TestThePhoto(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx := t.Context()
	register(t, srv, c, "ada@example.com")
	var photo bytes.Buffer
	if err := png.Encode(&photo, image.NewRGBA(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	for name, send := range map[string]func() (*client.PhotoUpdated, error){
		"one that can be sought":  func() (*client.PhotoUpdated, error) { return c.UpdatePhoto(ctx, bytes.NewReader(photo.Bytes())) },
		"one that comes as it is": func() (*client.PhotoUpdated, error) { return c.UpdatePhoto(ctx, bytes.NewBuffer(photo.Bytes())) },
	} {
		updated := ok[*client.PhotoUpdated](t)(send())
		resp := ok[*http.Response](t)(http.Get(updated.Data.PhotoURL))
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s: its address shows %s", name, resp.Status)
		}
	}
	_, err := c.UpdatePhoto(ctx, bytes.NewReader([]byte("no image")))
	if e := refused(t, err, client.CodeValidationFailed); len(e.Fields["photo"]) == 0 {
		t.Errorf("the refusal names %v", e.Fields)
	}
	if deleted := ok[*client.PhotoDeleted](t)(c.DeletePhoto(ctx)); deleted.Data.PhotoURL != nil || deleted.Code != client.OutcomeMePhotoDeleted {
		t.Errorf("it was answered with %+v", deleted)
	}
	if ok[*client.Me](t)(c.Me(ctx)).Data.PhotoURL != nil {
		t.Error("there is a photo still")
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	h := ok[*client.Health](t)(c.Health(t.Context()))
	if h.Code != client.OutcomeHealthOK || h.Data.Status != "ok" || h.Data.Version != "test" || h.Data.Time.IsZero() {
		t.Errorf("it was answered with %+v", h)
	}
}

func TestALimitTellsWhenToComeBack(t *testing.T) {
	t.Parallel()
	_, c := start(t, authtest.WithLimits())
	ok[*client.Done](t)(c.SendRegistrationCode(t.Context(), client.EmailInput{Email: "ada@example.com"}))
	_, err := c.SendRegistrationCode(t.Context(), client.EmailInput{Email: "ada@example.com"})
	e := refused(t, err, client.CodeTooManyRequests)
	if e.RetryAfter <= 50*time.Second || e.RetryAfter > time.Minute || !e.Temporary() {
		t.Errorf("the refusal is %#v, want one of a minute", e)
	}
}

func TestATokenThatIsWorthNothingIsForgotten(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	ctx, tokens := t.Context(), new(client.MemoryTokens)
	_ = tokens.SetToken(ctx, "1|nothing")
	other := newClient(t, serverOf(c), client.Options{Tokens: tokens})
	_, err := other.Me(ctx)
	refused(t, err, client.CodeUnauthenticated)
	if kept, _ := tokens.Token(ctx); kept != "" {
		t.Error("the token is kept still")
	}
}

// serverOf is the address of a client's server.
func serverOf(c *client.Client) string { return c.String()[len("client of "):] }

func TestOneClientServesManyAtOnce(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	register(t, srv, c, "ada@example.com")
	ended := make(chan error)
	for range 16 {
		go func() {
			_, err := c.Me(context.WithoutCancel(t.Context()))
			_, err2 := c.Login(context.WithoutCancel(t.Context()), client.LoginInput{Email: "ada@example.com", Password: password,
				DeviceInput: client.DeviceInput{DeviceID: client.NewDeviceID(), DeviceType: "web", DeviceName: "one of many"}})
			ended <- errors.Join(err, err2)
		}()
	}
	for range 16 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
