package attack_test

import (
	"bufio"
	"bytes"
	"image"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

// Passwords and photos take much memory each, so that only so many are at work at once.
var floodsOfGates = []attempt{
	{kind: wearing, try: "logins in a storm, past the queue for passwords", defence: gateQueue, run: loginStorm, own: []authtest.Option{authtest.NarrowGate(1, 1)}},
	{kind: wearing, try: "logins in a storm, for the memory of all passwords at once", defence: gateSlots, run: hashStorm},
	{kind: wearing, try: "photos in a storm, for the memory of all pictures at once", defence: photoSlots, run: photoStorm},
	{kind: wearing, try: "uploads that hold back their end, for the memory of all bodies at once", defence: uploadPlaces, run: heldUploads},
}

var (
	gateQueue = canary.Stands("queue for passwords", canary.Place{
		File: "internal/password/gate.go", Code: "places: make(chan struct{}, queue)", Without: "places: make(chan struct{}, ifGone($NAME, 1000, queue))",
	})
	gateSlots = canary.Stands("slots for passwords", canary.Place{
		File: "internal/password/gate.go", Code: "slots: make(chan struct{}, slots)", Without: "slots: make(chan struct{}, ifGone($NAME, 1000, slots))",
	})
	photoSlots = canary.Stands("slots for photos", canary.Place{
		File: "internal/node/node.go", Code: "photo.NewProcessor(photoSlots,", Without: "photo.NewProcessor(ifGone($NAME, 1000, photoSlots),",
	})
	uploadPlaces = canary.Stands("places for uploads", canary.Refusal("internal/api/uploads.go",
		"u.inside.full(person, network)"))
)

// loginStorm has one password hashed at a time and one wait. Nobody is kept waiting, and
// who has a token is served all the while.
func loginStorm(t *testing.T, w *world) {
	p := w.person(t)
	answers := authtest.Race(callers, func(i int) *authtest.Answer {
		if i%4 == 0 {
			return p.Get("/me")
		}
		return w.stranger(t).Login(w.email(), "phone")
	})
	turned := 0
	for i, a := range answers {
		switch {
		case i%4 == 0:
			a.Expect(200, "ME_OK")
		case a.Status == 503:
			turned++
			a.Expect(503, "SERVICE_UNAVAILABLE").RetryAfter()
		default:
			a.Expect(401, "INVALID_CREDENTIALS")
		}
	}
	if turned == 0 {
		t.Error("everybody was let into the queue")
	}
}

func hashStorm(t *testing.T, w *world) {
	const slots = 2
	own, log := logged(t, w, observed, authtest.NarrowGate(slots, callers))
	most := busiest(t, own, log, "flowxi_password_hash_active", func() {
		for _, a := range authtest.Race(callers, func(int) *authtest.Answer { return own.stranger(t).Login(own.email(), "phone") }) {
			if a.Status != 503 { // waited too long, on a slow machine
				a.Expect(401, "INVALID_CREDENTIALS")
			}
		}
	})
	if most < 1 || most > slots {
		t.Errorf("%d passwords were hashed at once", most)
	}
}

func photoStorm(t *testing.T, w *world) {
	own, log := logged(t, w, observed)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewYCbCr(image.Rect(0, 0, 1200, 900), image.YCbCrSubsampleRatio420), nil); err != nil {
		t.Fatal(err)
	}
	people := make([]*authtest.Person, 8)
	for i := range people {
		people[i] = own.person(t)
	}
	most := busiest(t, own, log, "flowxi_photo_active", func() {
		for _, a := range authtest.Race(len(people), func(i int) *authtest.Answer { return people[i].Upload(photo.Bytes()) }) {
			if a.Status != 503 { // it has waited for too long
				a.Expect(200, "ME_PHOTO_UPDATED")
			}
		}
	})
	if most < 1 || most > 1 {
		t.Errorf("%d photos were worked on at once", most)
	}
}

// heldUploads come from one person and from everywhere. Others go on with theirs.
func heldUploads(t *testing.T, w *world) {
	const tries, places = 8, 2
	p, body := w.person(t), strings.Repeat("x", 100)
	var open []net.Conn
	for range tries {
		conn := w.dial(t)
		whole := wireText(w, "POST", "/api/v1/me/photo", body, "Authorization: Bearer "+p.Bearer(), "Content-Type: multipart/form-data; boundary=B")
		if _, err := io.WriteString(conn, whole[:len(whole)-1]); err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
	}
	var refused atomic.Int32
	var reading sync.WaitGroup
	for _, conn := range open {
		if err := conn.SetReadDeadline(time.Now().Add(8 * time.Second)); err != nil {
			t.Fatal(err)
		}
		reading.Go(func() {
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return // it is held
			}
			_ = resp.Body.Close()
			if resp.StatusCode == 503 && resp.Header.Get("Retry-After") != "" {
				refused.Add(1)
			}
		})
	}
	reading.Wait()
	if n := refused.Load(); n != tries-places {
		t.Errorf("%d of %d uploads are refused", n, tries)
	}
	w.person(t).Upload(snapshot(t)).Expect(200, "ME_PHOTO_UPDATED")
}

// busiest watches a gauge of the first node while something is done, and is the most that
// it told.
func busiest(t *testing.T, w *world, log *logbook, gauge string, during func()) int {
	t.Helper()
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(gauge) + ` (\d+)$`)
	url, c := log.operators(t)+"/metrics", w.stranger(t)
	over := make(chan struct{})
	most := make(chan int, 1)
	go func() {
		seen := 0
		for {
			select {
			case <-over:
				most <- seen
				return
			default:
			}
			if found := line.FindSubmatch(c.Send("GET", url, nil).Body); found != nil {
				n, _ := strconv.Atoi(string(found[1])) // the pattern has digits alone
				seen = max(seen, n)
			}
		}
	}()
	finish := sync.OnceFunc(func() { close(over) })
	defer finish()
	during()
	finish()
	return <-most
}
