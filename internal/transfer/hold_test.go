package transfer

import (
	"strings"
	"testing"
)

// A bug in the holding ends no process that is in the midst of a backup.
func TestAPanicInTheHoldingIsAFailedTurn(t *testing.T) {
	t.Parallel()
	noClock := Backup{}
	if err := noClock.holdOnce(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "panic: ") {
		t.Errorf("it says %v", err)
	}
}
