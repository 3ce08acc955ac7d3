package faults_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/photo"
)

const (
	uploaders  = 24
	uploadsBy  = 10 // each, at once
	unsentTail = 1000

	// besideUploads is what so many connections and answers may take, and what is not
	// collected yet.
	besideUploads = 48 << 20
)

// TestUploadsThatNeverEndTakeLittle has many people send the largest photos, all at once,
// and hold back the end of each.
func TestUploadsThatNeverEndTakeLittle(t *testing.T) {
	allowDescriptors(t, 2*uploaders*uploadsBy+200)
	s := newSingle(t, t.TempDir(), "FLOWXI_TRUSTED_PROXIES=127.0.0.1/32")
	s.start(t)
	w := newStorm(s, newTally("uploads", 1)).workers[0]
	for range uploaders + 1 {
		w.register()
	}
	if len(w.people) != uploaders+1 {
		t.Fatalf("%d people could register", len(w.people))
	}
	token := func(i int) string { return w.people[i].devices[noDevice] }
	before := s.status(t, "VmRSS:")

	file := strings.Repeat("x", photo.MaxBytes-unsentTail)
	answers := make(chan heldUpload, uploaders*uploadsBy)
	var uploads []heldUpload
	for i := range uploaders * uploadsBy { // before any file is on its way, which would hold up a head for longer than one may take
		uploads = append(uploads, beginUpload(s.addr, token(i%uploaders), fmt.Sprintf("192.0.2.%d", i%uploaders), len(file)))
	}
	for _, u := range uploads {
		go func() { answers <- holdUpload(u, file) }()
	}
	var held crowd
	refused, overdue := 0, 0
	for range cap(answers) {
		a := <-answers
		defer func() { _ = a.conn.Close() }()
		switch {
		case a.err != nil:
			t.Fatal(a.err)
		case a.status == 0:
			held = append(held, a.conn)
		case a.status == http.StatusServiceUnavailable && a.retryAfter != "" && a.closes:
			refused++
		case a.status == http.StatusBadRequest && a.closes && a.lasted >= api.UploadTime: // to begin them all took that long
			overdue++
		default:
			t.Errorf("an upload is answered %d, to come back after %q, closed: %t", a.status, a.retryAfter, a.closes)
		}
	}
	took := s.status(t, "VmHWM:") - before
	if len(held)+overdue == 0 || refused == 0 {
		t.Errorf("%d uploads are held, %d were and %d are refused", len(held), overdue, refused)
	}
	if most := (api.UploadMemory + besideUploads) >> 10; took > most {
		t.Errorf("uploads take %d KiB, want %d at the most", took, most)
	}
	held.close()
	eventually(t, "an owner's upload goes through", func() bool { return w.upload(token(uploaders), 8).Code == "ME_PHOTO_UPDATED" })
	fmt.Printf("FAULT %-42s %d KiB before, %d more at the most; %d were held and %d refused\n",
		fmt.Sprintf("%d uploads that never end", cap(answers)), before, took, len(held)+overdue, refused)
}

// heldUpload is an upload without its end. Its status is 0 where nothing was answered.
type heldUpload struct {
	conn       net.Conn
	begun      time.Time
	lasted     time.Duration // until the answer
	status     int
	retryAfter string
	closes     bool
	err        error
}

// beginUpload sends all that comes before a file of that length.
func beginUpload(addr, token, address string, length int) (u heldUpload) {
	if u.conn, u.err = net.DialTimeout("tcp", addr, patience); u.err != nil {
		return u
	}
	u.begun = time.Now()
	begin := "--B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"photo.jpg\"\r\n\r\n"
	_, u.err = fmt.Fprintf(u.conn, "POST /api/v1/me/photo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nX-Forwarded-For: %s\r\n"+
		"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: %d\r\n\r\n%s", token, address, len(begin)+length+unsentTail, begin)
	return u
}

// holdUpload sends all but the end, and waits a little for an answer.
func holdUpload(u heldUpload, file string) heldUpload {
	if u.err != nil {
		return u
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(u.conn, file) // whoever is refused cannot send it all
	}()
	if u.err = u.conn.SetReadDeadline(time.Now().Add(8 * time.Second)); u.err != nil {
		return u
	}
	resp, err := http.ReadResponse(bufio.NewReader(u.conn), nil)
	if err != nil {
		<-sent
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			u.err = fmt.Errorf("no answer came: %w", err)
		}
		return u
	}
	_ = resp.Body.Close()
	u.lasted = time.Since(u.begun)
	u.status, u.retryAfter, u.closes = resp.StatusCode, resp.Header.Get("Retry-After"), resp.Close
	return u
}
