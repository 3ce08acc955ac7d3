package clustertest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// canary is something that was given to the product, and how it may be written where it is
// kept or told.
type canary struct {
	what     string
	writings [][]byte
}

// secret is a canary of 64 bits or more, which nothing else has by chance.
func secret(what, text string) canary {
	c := canary{what: what}
	raw := []byte(text)
	quoted, _ := json.Marshal(text) // a text always can be
	c.add(raw, quoted[1:len(quoted)-1], []byte(url.QueryEscape(text)), []byte(url.PathEscape(text)), escaped(raw))
	c.add([]byte(hex.EncodeToString(raw)), bytes.ToUpper([]byte(hex.EncodeToString(raw))))
	for before := range 3 { // how much else went into the base64 before it, as a user name does
		for _, form := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			c.add(inside(form, before, raw))
		}
	}
	return c
}

// inside is what stands in a longer base64 for what comes after so many bytes.
func inside(form *base64.Encoding, before int, raw []byte) []byte {
	text := form.EncodeToString(append(make([]byte, before), raw...))
	return []byte(text[(before*8+5)/6 : (before+len(raw))*8/6])
}

// escaped is what Redis tells of bytes, and what Go writes of them in hex.
func escaped(raw []byte) (text []byte) {
	for _, b := range raw {
		if b < ' ' || b > '~' || b == '"' || b == '\\' {
			text = fmt.Appendf(text, `\x%02x`, b)
			continue
		}
		text = append(text, b)
	}
	return text
}

// key is a secret of bytes, and the text that they have.
func key(what, text string, raw []byte) canary {
	c := secret(what, text)
	c.add(secret(what, string(raw)).writings...)
	return c
}

// digits is a canary of so few digits that they alone may be anything: with what stands
// around them in JSON, in the log of a database, in an address or in a row (where the
// length stands before them), and as a hash without a key, which may be tried out.
func digits(what, code, email string) canary {
	c := canary{what: what}
	for _, form := range []string{`"%s"`, `'%s'`, `\"%s\"`, "=%s", "\x0f%s"} {
		c.add(fmt.Appendf(nil, form, code))
	}
	counted := func(part string) string { return string(binary.BigEndian.AppendUint64(nil, uint64(len(part)))) + part }
	for _, text := range []string{code, email + code, email + ":" + code, email + "\x00" + code, code + email, counted(email) + counted(code)} {
		hash := sha256.Sum256([]byte(text))
		c.add(secret(what, string(hash[:])).writings...)
	}
	return c
}

func (c *canary) add(writings ...[]byte) {
	for _, w := range writings {
		if len(w) >= 6 {
			c.writings = append(c.writings, w)
		}
	}
}

// in finds the canary, and what stands before it.
func (c canary) in(text []byte) (before string, found bool) {
	for _, w := range c.writings {
		if at := bytes.Index(text, w); at >= 0 {
			return fmt.Sprintf("%q", text[max(0, at-80):at]), true
		}
	}
	return "", false
}

// haystack is what somebody may get to read.
type haystack struct {
	where string
	parts map[string][]byte
	known canary // that must be found in it, or the search would tell nothing
}

// search demands that the haystack has what is known to be in it, and no secret.
func (h haystack) search(t *testing.T, secrets []canary) {
	t.Helper()
	size, known := 0, false
	for name, part := range h.parts {
		size += len(part)
		if _, found := h.known.in(part); found {
			known = true
		}
		for _, s := range secrets {
			if before, found := s.in(part); found {
				t.Errorf("%s has the %s in %s, after %s", h.where, s.what, name, before)
			}
		}
	}
	if !known {
		t.Errorf("%s is not looked through: in %d parts of %d bytes not even the %s is found", h.where, len(h.parts), size, h.known.what)
	}
	t.Logf("%s: %d parts, %d bytes, %d secrets looked for", h.where, len(h.parts), size, len(secrets))
}

// files are those below a folder, with their names as a part of their own.
func files(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	var names []string
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // a server removes files of its own
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		names = append(names, path)
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		parts[path] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	parts["the names of the files"] = []byte(strings.Join(names, "\n"))
	return parts
}

func TestACanaryIsFoundHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	const text, code = "a+secret/of?some length&äö", "012345"
	raw := []byte("\x00\x01ten raw \xff bytes\\")
	found := func(c canary, written string) {
		t.Helper()
		if _, ok := c.in([]byte("before " + written + " after")); !ok {
			t.Errorf("%s is not found in %q", c.what, written)
		}
	}
	for _, c := range []canary{secret("a text", text), key("a key", text, raw)} {
		for _, written := range []string{
			text, url.QueryEscape(text), url.PathEscape(text), hex.EncodeToString([]byte(text)), fmt.Sprintf("%X", text),
			base64.StdEncoding.EncodeToString([]byte(text)), base64.URLEncoding.EncodeToString([]byte("user:" + text + ",")),
			base64.StdEncoding.EncodeToString([]byte("me:" + text)), base64.RawURLEncoding.EncodeToString([]byte("x" + text)),
		} {
			found(c, written)
		}
	}
	c := key("raw bytes", base32.StdEncoding.EncodeToString(raw), raw)
	for _, written := range []string{string(raw), fmt.Sprintf("%x", raw), base64.StdEncoding.EncodeToString(raw), base32.StdEncoding.EncodeToString(raw), `\x00\x01ten raw \xff bytes\x5c`} {
		found(c, written)
	}
	hash := sha256.Sum256([]byte(code))
	for _, written := range []string{`{"code":"012345"}`, "$2 = '012345'", "/?code=012345", "\x0f012345", string(hash[:]), hex.EncodeToString(hash[:])} {
		found(digits("a code", code, "a@b.c"), written)
	}
	if _, ok := digits("a code", code, "a@b.c").in([]byte("it took 012345 us, at 2026-01-01T00:00:00.012345Z")); ok {
		t.Error("a number is taken for a code")
	}
}
