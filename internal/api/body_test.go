package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const verifyPath = Prefix + "/register-email-code/verify"

func TestBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	deep := func(n int) string { return `{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{"an object", `{}`, 422},
		{"with space around it", " \r\n\t{} \n", 422},
		{"with unknown members", `{"x":{"y":[1,null,{"z":"é"}]},"":0}`, 422},
		{"of 64 levels", deep(63), 422},
		{"of 65 levels", deep(64), 400},
		{"of 10,000 levels", deep(10_000), 400},
		{"of 65 objects", strings.Repeat(`{"x":`, 65) + "0" + strings.Repeat("}", 65), 400},
		{"nothing", ``, 400},
		{"white space", "  \n", 400},
		{"null", `null`, 400},
		{"a list", `[]`, 400},
		{"a text", `"email"`, 400},
		{"a number", `1`, 400},
		{"cut off", `{"email":"a`, 400},
		{"a comma at the end", `{"email":"a",}`, 400},
		{"a comment", `{/**/}`, 400},
		{"two objects", `{}{}`, 400},
		{"trailing text", `{} x`, 400},
		{"trailing NUL", "{}\x00", 400},
		{"a byte order mark", "\ufeff{}", 400},
		{"UTF-16", "\xff\xfe{\x00}\x00", 400},
		{"bad UTF-8", "{\"x\":\"\xff\"}", 400},
		{"bad UTF-8 in a name", "{\"\xff\":1}", 400},
		{"bad UTF-8 deep inside", "{\"x\":[{\"y\":\"\xff\"}]}", 400},
		{"overlong UTF-8", "{\"x\":\"\xc0\xae\"}", 400},
		{"a lone surrogate", `{"x":"\ud800"}`, 400},
		{"surrogates in the wrong order", `{"x":"\udc00\ud800"}`, 400},
		{"a surrogate as UTF-8", "{\"x\":\"\xed\xa0\x80\"}", 400},
		{"a duplicate name", `{"x":1,"x":1}`, 400},
		{"a duplicate name in escapes", `{"x":1,"\u0078":1}`, 400},
		{"a duplicate name deep inside", `{"x":[{"y":1,"y":1}]}`, 400},
		{"a control character", "{\"x\":\"\n\"}", 400},
		{"a number with a zero before it", `{"x":01}`, 400},
		{"not a number", `{"x":NaN}`, 400},
		{"single quotes", `{'x':1}`, 400},
		{"a form", `email=a`, 400},
		{"64 KiB", padded(MaxBody), 422},
		{"a byte more", padded(MaxBody + 1), 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code := map[int]string{400: "MALFORMED_REQUEST", 413: "PAYLOAD_TOO_LARGE", 422: "VALIDATION_FAILED"}[tt.status]
			expect(t, post(s, verifyPath, tt.body), tt.status, code)
		})
	}
}

// padded is an object of n bytes.
func padded(n int) string { return `{"x":"` + strings.Repeat("x", n-8) + `"}` }

func TestBodiesAreJSONAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, tt := range []struct {
		name    string
		status  int
		body    string
		headers []string
	}{
		{"plain", 422, "{}", []string{"Content-Type", "application/json"}},
		{"in capitals", 422, "{}", []string{"Content-Type", "Application/JSON"}},
		{"with a charset", 422, "{}", []string{"Content-Type", "application/json; charset=utf-8"}},
		{"with a quoted charset", 422, "{}", []string{"Content-Type", `application/json;charset="UTF-8"`}},
		{"not encoded", 422, "{}", []string{"Content-Type", "application/json", "Content-Encoding", "identity"}},
		{"no type, no body", 400, "", nil},
		{"no type", 415, "{}", nil},
		{"an empty type", 415, "{}", []string{"Content-Type", ""}},
		{"two types", 415, "{}", []string{"Content-Type", "application/json", "Content-Type", "application/json"}},
		{"another type", 415, "{}", []string{"Content-Type", "text/plain"}},
		{"another type of JSON", 415, "{}", []string{"Content-Type", "application/ld+json"}},
		{"a form", 415, "email=a", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"another charset", 415, "{}", []string{"Content-Type", "application/json; charset=utf-16"}},
		{"garbage", 415, "{}", []string{"Content-Type", "application/json; charset"}},
		{"compressed", 415, "{}", []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}},
		{"compressed twice", 415, "{}", []string{"Content-Type", "application/json", "Content-Encoding", "identity", "Content-Encoding", "br"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code := map[int]string{400: "MALFORMED_REQUEST", 415: "UNSUPPORTED_MEDIA_TYPE", 422: "VALIDATION_FAILED"}[tt.status]
			expect(t, ask(s, "POST", verifyPath, tt.body, tt.headers...), tt.status, code)
		})
	}
}

// connection notes until when may be read.
type connection struct {
	*httptest.ResponseRecorder
	ends []time.Time
}

func (c *connection) SetReadDeadline(end time.Time) error {
	c.ends = append(c.ends, end)
	return nil
}

func TestAClientHasNoMoreThanItsTimeToSendABody(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, tt := range []struct {
		body string
		want int
	}{
		{"{}", 2},                // set, and lifted where all is read
		{padded(MaxBody + 1), 1}, // not where some is left
	} {
		c := &connection{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest("POST", verifyPath, strings.NewReader(tt.body))
		r.Header.Set("Content-Type", jsonType)
		s.ServeHTTP(c, r)
		if len(c.ends) != tt.want || time.Until(c.ends[0]) > bodyTime || tt.want == 2 && !c.ends[1].IsZero() {
			t.Errorf("the time to read ends at %v, want %d ends", c.ends, tt.want)
		}
	}
	if bodyTime >= usualTimeout || UploadTime >= uploadTimeout {
		t.Error("no time is left to work in")
	}
}

// A body that is announced as too long is not waited for, nor is leave given to send it.
func TestWhoAnnouncesTooMuchIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(newServer(t))
	defer s.Close()
	for _, expect := range []string{"", "Expect: 100-continue\r\n"} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(bodyTime - time.Second))
		_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n%sContent-Length: 99999999\r\n\r\n", verifyPath, jsonType, expect)
		answer, err := io.ReadAll(conn)
		if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 413 ")) || !bytes.Contains(answer, []byte("PAYLOAD_TOO_LARGE")) {
			t.Errorf("%q: %v: %s", expect, err, answer)
		}
	}
}

func TestMembersKeepTheirText(t *testing.T) {
	t.Parallel()
	members, err := parseObject([]byte(`{"a":"\u0041é","b":{"c":1},"d":[1],"e":null,"f":1.5}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": `"\u0041é"`, "b": "{}", "d": "[]", "e": "null", "f": "1.5"} {
		if got := string(members[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":"b","c":null,"d":[{}],"e":1e9}`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, `[]`, `{} {}`, "\ufeff{}", `{"a":[[[[]]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		members, err := parseObject(text)
		if err != nil {
			return
		}
		if !utf8.Valid(text) || !json.Valid(text) || bytes.TrimSpace(text)[0] != '{' {
			t.Fatalf("%q is no JSON object", text)
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(text, &want); err != nil || len(want) != len(members) {
			t.Fatalf("%q has %d members, %v, and %d were found", text, len(want), err, len(members))
		}
		for name, value := range want {
			if kind := jsontext.Value(value).Kind(); members[name].Kind() != kind {
				t.Errorf("%q: %q is %s", text, name, members[name])
			}
		}
	})
}
