package attack_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var confusedObjects = []attempt{
	{kind: confusing, try: "a number, a truth, a list and an object in the place of a text", defence: textsAlone, run: otherTypes},
	{kind: confusing, try: "one name twice in an object, the second for somebody else", defence: namesOnce, run: namesTwice},
	{kind: confusing, try: "bytes that are no UTF-8, and half a surrogate", defence: validText, run: invalidText},
	{kind: confusing, try: "something behind the object", defence: oneObject, run: trailing},
	{kind: confusing, try: "a list around the object", defence: objectAlone, run: listOfObject},
	{kind: confusing, try: "lists in lists in lists", defence: depth, run: deep},
	{kind: confusing, try: "a body that is a byte too long", defence: size, run: longBody},
	{kind: confusing, try: "names of members in capitals", defence: exactNames, run: capitals},
	{kind: confusing, try: "a text that is longer than it may be", defence: textLength, run: longText},
	{kind: confusing, try: "digits of other scripts, signs and spaces in a code", defence: codeDigits, run: oddDigits},
}

var confusedTypes = []attempt{
	{kind: confusing, try: "a body of the types that a form of another site can send", defence: jsonType, run: otherContentTypes},
	{kind: confusing, try: "a body without a type", defence: typeGiven, run: noContentType},
	{kind: confusing, try: "a body of two types", defence: oneType, run: twoContentTypes},
	{kind: confusing, try: "a body in another encoding of characters", defence: utf8Alone, run: otherCharsets},
	{kind: confusing, try: "a compressed body that grows a thousandfold, and a plain one said to be compressed", defence: plainBodies, run: compressed},
}

const bodySource = "internal/api/body.go"

var (
	textsAlone = canary.Stands("texts alone", canary.Place{
		File: "internal/form/rule.go", Code: "\treturn \"\", false\n}\n\n// Text is",
		Without: "\tif $GONE {\n\t\treturn string(value), true\n\t}\n$CODE",
	})
	namesOnce = canary.Stands("names once", canary.Place{
		File: bodySource, Code: "jsontext.NewDecoder(bytes.NewReader(text)", Without: "$CODE, jsontext.AllowDuplicateNames($GONE)",
	})
	validText = canary.Stands("valid text", canary.Place{
		File: bodySource, Code: "jsontext.NewDecoder(bytes.NewReader(text)", Without: "$CODE, jsontext.AllowInvalidUTF8($GONE)",
	})
	oneObject   = canary.Stands("one object", canary.Refusal(bodySource, "!errors.Is(err, io.EOF)"))
	objectAlone = canary.Stands("an object alone", canary.Place{
		File: bodySource, Code: "if begin, err := d.ReadToken(); err != nil || begin",
		Without: "begin, err := d.ReadToken()\n\tif $GONE && begin.Kind() == jsontext.KindBeginArray {\n\t\tbegin, err = d.ReadToken()\n\t}\n\tif err != nil || begin",
	}, canary.Refusal(bodySource, "!errors.Is(err, io.EOF)"))
	depth = canary.Stands("depth of a body", canary.Refusal(bodySource, "depth > MaxDepth"))
	size  = canary.Stands("size of a body", canary.Place{
		File: bodySource, Code: "MaxBytesReader(x.writer, x.request.Body, MaxBody)", Without: "MaxBytesReader(x.writer, x.request.Body, ifGone[int64]($NAME, 1<<30, MaxBody))",
	}, canary.Refusal(bodySource, "x.request.ContentLength > MaxBody"))
	exactNames = canary.Stands("exact names", canary.Place{
		File: "internal/form/form.go", Code: "value, sent := members[f.Name]",
		Without: "$CODE\n\tfor name, v := range members {\n\t\tif $GONE && !sent && len(name) == len(f.Name) && name[1:] == f.Name[1:] {\n\t\t\tvalue, sent = v, true\n\t\t}\n\t}",
	})
	textLength = canary.Stands("length of a text", canary.Place{
		File: "internal/form/rule.go", Code: "utf8.RuneCountInString(text) <= limit", Without: "$GONE || $CODE",
	})
	codeDigits = canary.Stands("digits of a code", canary.Refusal("internal/form/rule.go", "len(text) != codeLength || !allDigits(text)"))

	jsonType    = canary.Stands("type of a body", canary.Refusal(bodySource, "len(given) > 0 && !isJSON(given)"))
	typeGiven   = canary.Stands("a type for a body", canary.Refusal(bodySource, "len(given) == 0 && len(body) > 0"))
	oneType     = canary.Stands("one type of a body", canary.Refusal(bodySource, "len(contentTypes) > 1"))
	utf8Alone   = canary.Stands("UTF-8 alone", canary.Place{File: bodySource, Code: "!named || strings.EqualFold", Without: "$GONE || $CODE"})
	plainBodies = canary.Stands("plain bodies", canary.Refusal(bodySource, "isEncoded(x.request.Header)"))
)

// signIn is a good body for a login, which a stranger then bends.
func signIn(t *testing.T, w *world) (*authtest.Client, string) {
	p := w.person(t)
	return p.Token(""), encoded(authtest.LoginFields(p.Email, "phone"))
}

func otherTypes(t *testing.T, w *world) {
	p := w.person(t)
	for _, value := range []any{7, true, []string{"Phone"}, map[string]string{"name": "Phone"}} {
		p.Post("/auth/login", authtest.LoginFields(p.Email, "phone").With("device_name", value)).Invalid("device_name")
	}
}

func namesTwice(t *testing.T, w *world) {
	c, body := signIn(t, w)
	for _, more := range []string{`"device_id":"tablet"`, `"other":{"a":1,"a":2}`, `"device\u005fid":"tablet"`} {
		c.Post("/auth/login", strings.Replace(body, "{", "{"+more+",", 1)).Expect(400, "MALFORMED_REQUEST")
	}
}

func invalidText(t *testing.T, w *world) {
	c, body := signIn(t, w)
	for _, text := range []string{"\xff", "\xc0\xaf", `\ud800`, `\udc00\ud800`} {
		c.Post("/auth/login", strings.Replace(body, "{", `{"more":"`+text+`",`, 1)).Expect(400, "MALFORMED_REQUEST")
		c.Post("/auth/login", strings.Replace(body, `"Device phone"`, `"`+text+`"`, 1)).Expect(400, "MALFORMED_REQUEST")
	}
}

func trailing(t *testing.T, w *world) {
	c, body := signIn(t, w)
	for _, more := range []string{"{}", body, "null", `"x"`} {
		c.Post("/auth/login", body+more).Expect(400, "MALFORMED_REQUEST")
	}
}

func listOfObject(t *testing.T, w *world) {
	c, body := signIn(t, w)
	for _, list := range []string{"[" + body + "]", "[]", `"` + "text" + `"`, "7", "null", ""} {
		c.Post("/auth/login", list).Expect(400, "MALFORMED_REQUEST")
	}
}

func deep(t *testing.T, w *world) {
	c, body := signIn(t, w)
	const levels = 5000
	lists := strings.Repeat("[", levels) + strings.Repeat("]", levels)
	c.Post("/auth/login", strings.Replace(body, "{", `{"more":`+lists+",", 1)).Expect(400, "MALFORMED_REQUEST")
}

func longBody(t *testing.T, w *world) {
	c, body := signIn(t, w)
	const limit = 64 << 10
	c.Post("/auth/login", body+strings.Repeat(" ", limit+1-len(body))).Expect(413, "PAYLOAD_TOO_LARGE")
}

func capitals(t *testing.T, w *world) {
	c, body := signIn(t, w)
	c.Post("/auth/login", strings.Replace(body, `"email"`, `"Email"`, 1)).Invalid("email")
}

func longText(t *testing.T, w *world) {
	p := w.person(t)
	for field, limit := range map[string]int{"device_id": 255, "device_type": 32, "device_name": 255} {
		p.Post("/auth/login", authtest.LoginFields(p.Email, "phone").With(field, strings.Repeat("x", limit+1))).Invalid(field)
	}
}

func oddDigits(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	for _, code := range []string{"１２３４５６", "١٢٣٤٥٦", "+12345", "12 456", "1e5000", "123456\x00", "0x1234", "-00001"} {
		c.VerifyCode(email, code).Invalid("code")
	}
}

func otherContentTypes(t *testing.T, w *world) {
	c, body := signIn(t, w)
	for _, other := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "text/plain; application/json"} {
		c.Header("Content-Type", other).Post("/auth/login", body).Expect(415, "UNSUPPORTED_MEDIA_TYPE")
	}
}

func noContentType(t *testing.T, w *world) {
	_, body := signIn(t, w)
	if a := w.wire(t, wireText(w, "POST", "/api/v1/auth/login", body)); a.code() != "UNSUPPORTED_MEDIA_TYPE" {
		t.Errorf("got %+v", a)
	}
}

func twoContentTypes(t *testing.T, w *world) {
	_, body := signIn(t, w)
	request := wireText(w, "POST", "/api/v1/auth/login", body, "Content-Type: application/json", "Content-Type: text/plain")
	if a := w.wire(t, request); a.code() != "UNSUPPORTED_MEDIA_TYPE" {
		t.Errorf("got %+v", a)
	}
}

func otherCharsets(t *testing.T, w *world) {
	c, body := signIn(t, w)
	for _, charset := range []string{"utf-16", "utf-7", "iso-8859-1", "utf8mb4"} {
		c.Header("Content-Type", "application/json; charset="+charset).Post("/auth/login", body).Expect(415, "UNSUPPORTED_MEDIA_TYPE")
	}
}

func compressed(t *testing.T, w *world) {
	c, body := signIn(t, w)
	for _, encoding := range []string{"gzip", "deflate", "br", "zstd"} {
		c.Header("Content-Encoding", encoding).Post("/auth/login", body).Expect(415, "UNSUPPORTED_MEDIA_TYPE")
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(bytes.Repeat([]byte(" "), 8<<20)); err != nil || z.Close() != nil {
		t.Fatal("the bomb was not made")
	}
	c.Header("Content-Encoding", "gzip").Post("/auth/login", bomb.Bytes()).Expect(415, "UNSUPPORTED_MEDIA_TYPE")
}
