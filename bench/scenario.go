package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/totp"
)

// scenario is a kind of load.
type scenario struct {
	name    string
	clients []int
	floored bool // the floor can do it too
	grows   bool // what it costs might depend on how many people there are
	make    func(t *target) (shot, error)
}

// Those that more is said of than their row.
const login, readOfMe = "login", "read of /me"

func scenarios() []scenario {
	return []scenario{
		{login, []int{1, 8, 64}, true, true, plain((*target).login)},
		{"login, two factors", []int{8}, false, false, twoFactors},
		{readOfMe, []int{1, 8}, true, true, plain((*target).me)},
		{"change of /me", []int{1, 8}, true, true, plain((*target).edit)},
		{"list of devices", []int{8}, true, true, plain((*target).devices)},
		{"registration by code, to the outbox", []int{64}, true, true, plain((*target).register)},
		{"photo", []int{2}, false, false, photos},
		{"mixed day", []int{8}, false, false, plain((*target).mixed)},
	}
}

func plain(fire func(*target, context.Context, int) error) func(*target) (shot, error) {
	return func(t *target) (shot, error) {
		return func(ctx context.Context, i int) error { return fire(t, ctx, i) }, nil
	}
}

// Half of the sample has two factors, once somebody asks for them.
const onePart = sample / 2

func (t *target) onlyPassword(i int) (id int) { return t.people.person(i % onePart) }

func (t *target) login(ctx context.Context, i int) error {
	return t.post(ctx, "/auth/login", loginBody(t.onlyPassword(i)), "LOGIN_SUCCESS")
}

// loginBody is that of somebody on their second device, so that the token of their first
// stays good.
func loginBody(id int) string {
	return fmt.Sprintf(`{"email":%q,"password":%q,"device_id":%q,"device_type":"web","device_name":"My laptop","country":"FR"}`,
		email(id), password, deviceID(id, 2))
}

func (t *target) me(ctx context.Context, i int) error {
	_, err := t.ask(ctx, http.MethodGet, "/me", t.people.token(t.people.person(i)), "", "")
	return err
}

func (t *target) devices(ctx context.Context, i int) error {
	_, err := t.ask(ctx, http.MethodGet, "/auth/devices", t.people.token(t.people.person(i)), "", "DEVICES_LIST")
	return err
}

func (t *target) edit(ctx context.Context, i int) error {
	_, err := t.ask(ctx, http.MethodPatch, "/me", t.people.token(t.people.person(i)), fmt.Sprintf(`{"first_name":"Ada %d"}`, i), "")
	return err
}

func (t *target) register(ctx context.Context, i int) error {
	return t.post(ctx, "/register-email-code/send", fmt.Sprintf(`{"email":"%x@example.org"}`, crc32.ChecksumIEEE(fmt.Append(nil, t.name, i))), "OTP_SENT")
}

// mixed is a day of an app: of a hundred requests 95 read.
func (t *target) mixed(ctx context.Context, i int) error {
	switch i % 100 {
	case 20:
		return t.login(ctx, i/100)
	case 40, 60:
		return t.edit(ctx, i)
	case 80, 99:
		return t.register(ctx, i)
	}
	if i%20 == 10 {
		return t.devices(ctx, i)
	}
	return t.me(ctx, i)
}

func (t *target) post(ctx context.Context, path, body, code string) error {
	_, err := t.ask(ctx, http.MethodPost, path, "", body, code)
	return err
}

// ask makes a request, whose answer must be a 200 with that code.
func (t *target) ask(ctx context.Context, method, path, token, body, code string) ([]byte, error) {
	return t.call(ctx, method, t.url()+"/api/v1"+path, token, body, http.StatusOK, code)
}

// call is ask for any address and status.
func (t *target) call(ctx context.Context, method, url, token, body string, status int, code string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return t.send(req, status, code)
}

func (t *target) send(req *http.Request, status int, code string) ([]byte, error) {
	req.Header.Set("X-App-Locale", "en")
	resp, err := t.http.Do(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != status || code != "" && !bytes.Contains(answer, []byte(`"code":"`+code+`"`)) {
		return nil, fmt.Errorf("%s %s: %d %s", req.Method, req.URL.Path, resp.StatusCode, answer)
	}
	return answer, nil
}

// photos has people of the sample send a photo as telephones make them.
func photos(t *target) (shot, error) {
	picture := image.NewRGBA(image.Rect(0, 0, 1600, 1200))
	for y := range 1200 {
		for x := range 1600 {
			picture.Set(x, y, color.RGBA{uint8(x * y >> 8), uint8(x >> 3), uint8(y >> 2), 255}) //nolint:gosec // what is cut off makes the picture
		}
	}
	var data, body bytes.Buffer
	if err := jpeg.Encode(&data, picture, nil); err != nil {
		return nil, err
	}
	form := multipart.NewWriter(&body)
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="photo"; filename="photo.jpg"`}, "Content-Type": {"image/jpeg"},
	})
	if err != nil {
		return nil, err
	}
	if _, err := part.Write(data.Bytes()); err != nil {
		return nil, err
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	return func(ctx context.Context, i int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url()+"/api/v1/me/photo", bytes.NewReader(body.Bytes()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", form.FormDataContentType())
		req.Header.Set("Authorization", "Bearer "+t.people.token(t.people.person(i)))
		_, err = t.send(req, http.StatusOK, "")
		return err
	}, nil
}

// factors are the second ones of the second half of the sample. Each time step of a
// secret is good for one login.
type factors struct {
	mu      sync.Mutex
	secrets []string
	last    []int64 // step that was used
	turn    int
}

func (t *target) enroll(ctx context.Context) (*factors, error) {
	f := &factors{}
	for i := onePart; i < sample; i++ {
		token := t.people.token(t.people.person(i))
		answer, err := t.ask(ctx, http.MethodGet, "/auth/2fa/status", token, "", "")
		if err != nil {
			return nil, err
		}
		var status struct{ Secret string }
		if err := json.Unmarshal(answer, &status); err != nil {
			return nil, err
		}
		step, err := t.enable(ctx, token, status.Secret)
		if err != nil {
			return nil, err
		}
		f.secrets, f.last = append(f.secrets, status.Secret), append(f.last, step)
	}
	return f, nil
}

// enable turns the second factor on by the code of the step before, which leaves that of now
// for a login, and returns that step. Where it is over when the code arrives, which on a busy
// machine it may be, the next one is tried.
func (t *target) enable(ctx context.Context, token, secret string) (step int64, err error) {
	for {
		step = totp.Step(time.Now()) - 1
		code, err := totp.Code(secret, step)
		if err != nil {
			return 0, err
		}
		_, err = t.ask(ctx, http.MethodPost, "/auth/2fa/enable", token, fmt.Sprintf(`{"code":%q}`, code), "")
		if err == nil || totp.Step(time.Now())-1 == step {
			return step, err
		}
	}
}

// take gives somebody whose next step can be used, and its code.
func (f *factors) take() (i int, code string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := totp.Step(time.Now())
	for range f.secrets {
		f.turn++
		i = f.turn % len(f.secrets)
		if step := max(f.last[i]+1, now); step <= now+1 { // one before may be over when the code arrives
			f.last[i] = step
			code, err = totp.Code(f.secrets[i], step)
			return i, code, err
		}
	}
	return 0, "", fmt.Errorf("nobody has a code that is left")
}

func twoFactors(t *target) (shot, error) {
	if t.factors == nil {
		var err error
		if t.factors, err = t.enroll(context.Background()); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, _ int) error {
		i, code, err := t.factors.take()
		if err != nil {
			return err
		}
		id := t.people.person(onePart + i)
		answer, err := t.ask(ctx, http.MethodPost, "/auth/login", "", loginBody(id), "TWOFA_REQUIRED")
		if err != nil {
			return err
		}
		var first struct {
			Data struct {
				Challenge string `json:"challenge_id"`
			}
		}
		if err := json.Unmarshal(answer, &first); err != nil {
			return err
		}
		return t.post(ctx, "/auth/login/2fa", fmt.Sprintf(`{"challenge_id":%q,"code":%q,"device_id":%q}`, first.Data.Challenge, code, deviceID(id, 2)), "LOGIN_SUCCESS")
	}, nil
}
