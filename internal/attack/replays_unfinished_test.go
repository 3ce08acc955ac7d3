package attack_test

import (
	"bufio"
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var replaysOfTheUnfinished = []attempt{
	{kind: replay, try: "a change of the profile, begun before the logout and finished after it", defence: sessionAtTheEnd, run: profileAfterLogout},
	{kind: replay, try: "an upload of a photo, begun before the logout and finished after it", defence: sessionAtTheEnd, run: photoAfterLogout},
	{kind: replay, try: "the end of another device, begun before the logout and finished after it", defence: sessionAtTheEnd, run: deviceAfterLogout},
}

var sessionAtTheEnd = canary.Stands("session of what is finished", canary.Place{
	File: "internal/auth/twofa.go", Code: "who, _, err := tx.Identity(ctx, c.Identity.Session.ID)\n",
	Without: "$CODE\tif $GONE {\n\t\treturn c.Identity.User, nil\n\t}\n",
})

// finishAfterLogout begins a request by a session, ends that session where the server has
// let the request in and asks for its body, and sends the body then.
func finishAfterLogout(t *testing.T, w *world, session *authtest.Client, method, path, contentType, body string) {
	t.Helper()
	text := wireText(w, method, "/api/v1"+path, body, "Authorization: Bearer "+session.Bearer(), "Content-Type: "+contentType, "Expect: 100-continue")
	conn := w.dial(t)
	if _, err := io.WriteString(conn, strings.TrimSuffix(text, body)); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	let, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = let.Body.Close()
	if let.StatusCode != http.StatusContinue {
		t.Fatalf("the body is not asked for, but answered %d", let.StatusCode)
	}
	session.Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	a, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	if a.StatusCode != http.StatusUnauthorized {
		t.Errorf("what a session began that has ended is answered %d, want 401", a.StatusCode)
	}
}

func profileAfterLogout(t *testing.T, w *world) {
	p := w.person(t)
	finishAfterLogout(t, w, p.LoginOn("phone"), "PATCH", "/me", "application/json", encoded(authtest.Fields{"first_name": "Eve"}))
	if name := p.Get("/me").Expect(200, "ME_OK").Value("data.first_name"); name != nil {
		t.Errorf("the name is %v", name)
	}
}

func photoAfterLogout(t *testing.T, w *world) {
	p := w.person(t)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("photo", "photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(snapshot(t)); err != nil || form.Close() != nil {
		t.Fatal("the form was not made")
	}
	finishAfterLogout(t, w, p.LoginOn("phone"), "POST", "/me/photo", form.FormDataContentType(), body.String())
	if address := p.Get("/me").Expect(200, "ME_OK").Value("data.photo_url"); address != nil {
		t.Errorf("the photo is at %v", address)
	}
}

func deviceAfterLogout(t *testing.T, w *world) {
	p := w.person(t)
	tablet := p.LoginOn("tablet")
	finishAfterLogout(t, w, p.LoginOn("phone"), "POST", "/auth/logout-device", "application/json", encoded(authtest.Fields{"device_id": "tablet"}))
	tablet.Get("/me").Expect(200, "ME_OK")
}
