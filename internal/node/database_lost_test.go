package node

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// An operator whose database is gone sees a server that works, and is told that it is another.
func TestAServerThatFindsItsKeysAndNoDatabaseSaysSo(t *testing.T) {
	t.Parallel()
	cfg := newConfig(t)
	warned := func() bool {
		t.Helper()
		var log bytes.Buffer
		n, err := New(t.Context(), cfg, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(log.String(), "no database")
	}
	if warned() {
		t.Error("it warns at its first start")
	}
	if warned() {
		t.Error("it warns where there is a database")
	}
	if err := os.Remove(DatabaseFile(cfg)); err != nil {
		t.Fatal(err)
	}
	if !warned() {
		t.Error("it does not warn")
	}
}
