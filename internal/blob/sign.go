package blob

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"
)

// purpose sets the digests of URLs apart from all others of the same signer.
const purpose = "blob url"

// encoding is strict: a signature has one spelling.
var encoding = base64.RawURLEncoding.Strict()

// SignedURL implements Bucket. The URL is
//
//	<baseURL>/files/<key>?expires=<unix seconds>&signature=<base64url>
//
// and expires up to a second early, since it tells whole seconds. A ttl under
// one second is an error.
func (f *Folder) SignedURL(_ context.Context, key string, ttl time.Duration) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	if ttl < time.Second {
		return "", fmt.Errorf("blob: a URL cannot last %v", ttl)
	}
	expires := strconv.FormatInt(f.now().Add(ttl).Unix(), 10)
	signature := encoding.EncodeToString(f.signer.Digest(purpose, key, expires))
	return f.baseURL + "/files/" + key + "?expires=" + expires + "&signature=" + signature, nil
}

// signed checks the signature before it makes anything of what was signed. It
// covers the text of expires, so no other spelling of the number passes.
func (f *Folder) signed(key, expires, signature string) bool {
	digest, err := encoding.DecodeString(signature)
	if err != nil || checkKey(key) != nil {
		return false
	}
	if !f.signer.VerifyDigest(digest, purpose, key, expires) {
		return false
	}
	until, err := strconv.ParseInt(expires, 10, 64)
	return err == nil && f.now().Unix() < until
}
