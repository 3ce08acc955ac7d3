package node

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flowxi.app/flowxi/internal/seal"
)

func TestAChangedKeyRingIsTakenUp(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	defer n.Close()
	id, err := seal.Add(n.data.keys())
	if err != nil {
		t.Fatal(err)
	}
	if said := n.reloadRing(""); said != "" || n.keys.IDs()[0] != id {
		t.Errorf("the ring has %q after %s was added; it said %q", n.keys.IDs(), id, said)
	}
	if noted := n.noteKey(t.Context(), ""); noted != id {
		t.Errorf("%s is noted, want %s", noted, id)
	}
	if used, err := n.store.UsedKeys(t.Context()); err != nil || !slices.Contains(used, id) {
		t.Errorf("the database knows of %q, and not of %s; %v", used, id, err)
	}
}

func TestAKeyThatCannotBeNotedIsNotedLater(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	defer n.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if noted := n.noteKey(gone, "before"); noted != "before" {
		t.Errorf("it says that %s is noted", noted)
	}
	if noted := n.noteKey(t.Context(), "before"); noted != n.keys.IDs()[0] {
		t.Errorf("%s is noted, want %s", noted, n.keys.IDs()[0])
	}
}

func TestABrokenKeyRingIsSaidOnceAndNotTakenUp(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	defer n.Close()
	var log bytes.Buffer
	n.log = slog.New(slog.NewTextHandler(&log, nil))
	ids := n.keys.IDs()
	if err := os.Remove(n.data.keys()); err != nil {
		t.Fatal(err)
	}
	said := ""
	for range 3 {
		said = n.reloadRing(said)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 || len(n.keys.IDs()) != len(ids) {
		t.Errorf("the ring has %q, and the log %d lines:\n%s", n.keys.IDs(), lines, &log)
	}
}

// A bug in looking after the key ring costs one turn of it, and is told.
func TestAPanicOverTheKeyRingCostsOneTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		n := &Node{log: slog.New(slog.NewTextHandler(&log, nil))} // it has no ring to look after
		ctx, cancel := context.WithTimeout(t.Context(), 2*reloadEvery+reloadEvery/2)
		defer cancel()
		if err := n.watchRing(ctx); err != nil {
			t.Error(err)
		}
		if text := log.String(); strings.Count(text, "cannot look after the key ring") != 2 || !strings.Contains(text, "reloadRing") {
			t.Errorf("the log is %s", text)
		}
	})
}

func TestTheJobsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	defer n.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	time.AfterFunc(50*time.Millisecond, cancel)
	awaitEnd(t, ended)
}
