package cache

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

// A bug in looking at the server costs one look, and is told as a server that is silent:
// nothing is counted as if it were well.
func TestAPanicInALookCostsOneTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := &Redis{log: slog.New(slog.NewTextHandler(&log, nil))} // without connections
		ctx, cancel := context.WithTimeout(t.Context(), 3*lookEach)
		defer cancel()
		r.watch(ctx)
		if text := log.String(); strings.Count(text, "Redis does not answer") != 1 || !strings.Contains(text, "redis_sync.go") {
			t.Errorf("the log is %s", text)
		}
		if !r.down.Load() {
			t.Error("the server passes for well")
		}
	})
}
