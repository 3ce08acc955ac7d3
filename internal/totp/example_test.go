package totp_test

import (
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/totp"
)

// The secret and the code are those of RFC 6238, appendix B. The caller notes the step, and
// takes each once.
func ExampleMatch() {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	now := time.Unix(59, 0)
	step, ok := totp.Match(secret, "287082", now)
	fmt.Println(step, ok)
	_, ok = totp.Match(secret, "287082", now.Add(2*totp.Period))
	fmt.Println(ok)
	// Output:
	// 1 true
	// false
}
