package store

import "testing"

// What these rows stand for came of reads that were made to fail, and of a page that was
// written over.
func TestAReadThatFailedIsToldFromDamage(t *testing.T) {
	t.Parallel()
	for row, want := range map[string]bool{
		"Tree 21 page 21: unable to get the page. error code=8458":                                                                               true, // SQLITE_IOERR_CORRUPTFS
		"Tree 21 page 21: unable to get the page. error code=266":                                                                                true, // SQLITE_IOERR_READ
		"*** in database main ***\nTree 2 page 2: unable to get the page. error code=11\nTree 9 page 9: unable to get the page. error code=8458": true,
		"Tree 21 page 21: unable to get the page. error code=11":                                                                                 false,
		"Tree 21 page 21: btreeInitPage() returns error code 11":                                                                                 false,
		"row 3 missing from index users_by_email":                                                                                                false,
		"ok": false,
	} {
		if got := tellsUnread(row); got != want {
			t.Errorf("%q: %t", row, got)
		}
	}
}
