package seal_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"flowxi.app/flowxi/internal/seal"
)

func TestDigestsDifferByAllThatGoesIn(t *testing.T) {
	t.Parallel()
	one, two := parse(t, "one:"+secret('a')), parse(t, "one:"+secret('b'))
	seen := map[string]string{}
	for name, digest := range map[string][]byte{
		"a bc":          one.Digest("code", "a", "bc"),
		"ab c":          one.Digest("code", "ab", "c"),
		"abc":           one.Digest("code", "abc"),
		"an empty part": one.Digest("code", "abc", ""),
		"no part":       one.Digest("code"),
		"one empty":     one.Digest("code", ""),
		"purpose":       one.Digest("link", "a", "bc"),
		"key":           two.Digest("code", "a", "bc"),
	} {
		if len(digest) != 32 {
			t.Errorf("%s: %d bytes", name, len(digest))
		}
		if other, found := seen[string(digest)]; found {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[string(digest)] = name
	}
}

func TestDigestsVerifyWhileKeysRotate(t *testing.T) {
	t.Parallel()
	before := parse(t, "one:"+secret('a'))
	between := parse(t, "two:"+secret('b')+",one:"+secret('a'))
	after := parse(t, "two:"+secret('b'))
	old, fresh := before.Digest("code", "42", "123456"), between.Digest("code", "42", "123456")
	all := between.Digests("code", "42", "123456")
	if len(all) != 2 || !bytes.Equal(all[0], fresh) || !bytes.Equal(all[1], old) {
		t.Errorf("Digests = %x", all)
	}
	for _, test := range []struct {
		name   string
		ring   *seal.KeyRing
		digest []byte
		want   bool
	}{
		{"old before", before, old, true}, {"old between", between, old, true}, {"old after", after, old, false},
		{"fresh before", before, fresh, false}, {"fresh between", between, fresh, true}, {"fresh after", after, fresh, true},
		{"none", between, nil, false}, {"cut", between, fresh[:31], false}, {"zero", between, make([]byte, 32), false},
	} {
		if got := test.ring.VerifyDigest(test.digest, "code", "42", "123456"); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	if between.VerifyDigest(fresh, "code", "42", "123457") || between.VerifyDigest(fresh, "link", "42", "123456") {
		t.Error("a digest verifies for something else")
	}
}

// Digests are stored, so that they may not change: this was computed once, and
// again by another implementation of HKDF and HMAC.
func TestTheDigestStays(t *testing.T) {
	t.Parallel()
	got := hex.EncodeToString(parse(t, "one:"+secret('a')).Digest("code", "42", "123456"))
	if got != "de60524de49cf9d74e7dcef838ae5c1e3036aa531401b8f41108e55ccf91928a" {
		t.Errorf("the digest is %s", got)
	}
}
