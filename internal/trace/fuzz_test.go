package trace

import (
	"fmt"
	"regexp"
	"testing"
)

// FuzzParent holds the reader of traceparent to W3C Trace Context section 3.2: what it
// takes is of that form, and reads as what it says.
func FuzzParent(f *testing.F) {
	for _, seed := range []string{
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-adds", "", "-", "00-x",
	} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}`)
	f.Fuzz(func(t *testing.T, header string) {
		parent := parse(header)
		if !parent.IsValid() {
			return
		}
		if !form.MatchString(header) || header[:2] == "ff" {
			t.Fatalf("%q is taken", header)
		}
		if got, want := fmt.Sprintf("%s-%s", parent.TraceID(), parent.SpanID()), header[3:52]; got != want {
			t.Errorf("%q is read as %s", header, got)
		}
		if parent.TraceState().Len() != 0 {
			t.Errorf("%q carries along %q", header, parent.TraceState())
		}
	})
}
