package node_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/blob/s3test"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/transfer"
)

// restoreSettings are those of a place where nobody is yet, in either shape, with the
// key ring of another.
func restoreSettings(t *testing.T, e authtest.Engine, like config.Config) config.Config {
	t.Helper()
	environ := []string{"FLOWXI_DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "FLOWXI_KEYS=" + string(like.Keys)}
	if e == authtest.Scaled {
		environ = append(environ, "FLOWXI_DATABASE_URL="+dbtest.Blank(t, dbtest.Postgres).URL, "FLOWXI_STORAGE_URL="+s3test.New(t).URL)
	}
	cfg, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func restore(t *testing.T, cfg config.Config, file []byte) error {
	t.Helper()
	_, _, err := node.Restore(t.Context(), cfg, bytes.NewReader(file), node.RestoreOptions{Progress: quiet})
	return err
}

// writer is one of those who change things during a backup, and what it was answered.
type writer struct {
	t   testing.TB
	srv *authtest.Server
	n   int

	mu     sync.Mutex
	people []*resident
}

// resident is a person with the versions of their name and photo that were
// acknowledged, which only grow.
type resident struct {
	*authtest.Person
	name, photo int
}

// photoOf is the width of the photo of a version.
func photoOf(version int) int { return 8 + version }

func (w *writer) work(ctx context.Context) {
	for round := 0; ctx.Err() == nil && !w.t.(*testing.T).Failed(); round++ {
		if round%6 == 0 {
			p := &resident{Person: w.srv.Client(w.t).Register(fmt.Sprintf("w%d.%d@example.org", w.n, round))}
			w.acknowledged(func() { w.people = append(w.people, p) })
		}
		p := w.people[round/2%len(w.people)]
		version := round + 1
		name := fmt.Sprint("v", version)
		p.Patch("/me", authtest.Fields{"first_name": name, "last_name": name}).Expect(200, "ME_UPDATED")
		w.acknowledged(func() { p.name = version })
		p.Upload(jpegOf(w.t, photoOf(version))).Expect(200, "ME_PHOTO_UPDATED")
		w.acknowledged(func() { p.photo = version })
	}
}

func (w *writer) acknowledged(note func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	note()
}

// so returns what was acknowledged so far.
func (w *writer) so() (list []resident) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.people {
		list = append(list, *p)
	}
	return list
}

// settle waits until somebody has a name and a photo.
func (w *writer) settle() {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if list := w.so(); len(list) > 0 && list[0].photo > 0 {
			return
		}
	}
	w.t.Fatalf("writer %d gets nothing done", w.n)
}

const writers = 8

func TestABackupUnderLoadHasAllThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	authtest.Engines(t, func(t *testing.T, e authtest.Engine) {
		srv := authtest.Start(t, e, authtest.FastHash())
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var working sync.WaitGroup
		crew := make([]*writer, writers)
		for i := range crew {
			crew[i] = &writer{t: t, srv: srv, n: i}
			working.Go(func() { crew[i].work(ctx) })
		}
		var promised []resident
		for _, w := range crew {
			w.settle()
		}
		for _, w := range crew {
			promised = append(promised, w.so()...)
		}
		var file bytes.Buffer
		slow := func(string, int64, int64) { time.Sleep(20 * time.Millisecond) } // so that much happens meanwhile
		report, err := node.Backup(t.Context(), srv.Config(t), &file, node.BackupOptions{Version: "v1", Progress: slow})
		stop()
		working.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if report.Photos.Missing != 0 || len(promised) < writers {
			t.Errorf("%d people were promised, and the backup has %+v", len(promised), report.Photos)
		}
		again := restoreSettings(t, e, srv.Config(t))
		if err := restore(t, again, file.Bytes()); err != nil {
			t.Fatal(err)
		}
		back := authtest.Start(t, e, authtest.FastHash(), on(again))
		lost := 0
		for _, p := range promised {
			if !p.isIn(t, back) {
				lost++
			}
		}
		t.Logf("%d people, %d photos and %d rows in the backup; %d people acknowledged before it, lost: %d",
			report.Tables[0].Rows, report.Photos.Count, report.Total(), len(promised), lost)
	})
}

// isIn tells whether a server knows a person's token, and a name and a photo of theirs
// that are whole and no older than those acknowledged.
func (p resident) isIn(t *testing.T, srv *authtest.Server) bool {
	t.Helper()
	c := srv.Client(t).Token(p.Bearer())
	me := c.Get("/me").Expect(200, "ME_OK")
	name, photo := 0, max(0, photoWidth(c)-photoOf(0)) // none is no version
	if p.name > 0 {
		_, _ = fmt.Sscanf(me.Text("data.first_name"), "v%d", &name)
		if me.Text("data.last_name") != me.Text("data.first_name") {
			t.Errorf("%s has half a name", p.Email)
			return false
		}
	}
	if name < p.name || photo < p.photo {
		t.Errorf("%s has name %d and photo %d; acknowledged were %d and %d", p.Email, name, photo, p.name, p.photo)
		return false
	}
	return true
}

// settled is the backup of an instance on SQLite with one person, and its settings.
func settled(t *testing.T) (file []byte, cfg config.Config) {
	t.Helper()
	srv := authtest.Start(t, authtest.Embedded, authtest.FastHash())
	srv.Client(t).Register("ada@example.org")
	srv.Stop()
	return backedUp(t, srv.Config(t)), srv.Config(t)
}

func TestARestoreThatFailsLeavesNoDatabase(t *testing.T) {
	t.Parallel()
	file, cfg := settled(t)
	again := restoreSettings(t, authtest.Embedded, cfg)
	for range 2 {
		if err := restore(t, again, file[:len(file)-1]); err == nil {
			t.Fatal("a cut file is restored")
		}
		left, err := filepath.Glob(filepath.Join(again.DataDir, "flowxi.db*"))
		if err != nil || len(left) > 0 {
			t.Errorf("it leaves %v, %v", left, err)
		}
	}
	if err := restore(t, again, file); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(again.DataDir, "flowxi.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database has the mode %v, %v", info.Mode(), err)
	}
	if err := restore(t, again, file); err == nil || !strings.Contains(err.Error(), "there is a database") {
		t.Errorf("a second restore says %v", err)
	}
	start(t, again, nil)
}

// TestALeftJournalIsNotWrittenOver has the journal there of a server that was killed,
// whose database somebody has taken out of the way.
func TestALeftJournalIsNotWrittenOver(t *testing.T) {
	t.Parallel()
	file, cfg := settled(t)
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		again := restoreSettings(t, authtest.Embedded, cfg)
		left := filepath.Join(again.DataDir, "flowxi.db"+suffix)
		if err := os.Mkdir(again.DataDir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(left, []byte("changes"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := restore(t, again, file); err == nil || !strings.Contains(err.Error(), left) || !strings.Contains(err.Error(), "move the whole folder") {
			t.Errorf("beside %s it says %v", suffix, err)
		}
		if there := filesIn(t, again.DataDir); !slices.Equal(there, []string{filepath.Base(left), "server.lock"}) {
			t.Errorf("beside %s there is now %v", suffix, there)
		}
		if _, err := node.New(t.Context(), again, node.Options{}); err == nil || !strings.Contains(err.Error(), left) {
			t.Errorf("beside %s a server says %v", suffix, err)
		}
		if is, err := os.ReadFile(left); err != nil || string(is) != "changes" {
			t.Errorf("%s is now %q, %v", suffix, is, err)
		}
	}
}

// TestARefusedRestoreLeavesNoPhotos spoils a backup in its middle, where the photos are, and
// cuts it to a third, as a file and as a pipe that cannot be read twice.
func TestARefusedRestoreLeavesNoPhotos(t *testing.T) {
	t.Parallel()
	srv := authtest.Start(t, authtest.Embedded, authtest.FastHash())
	p := srv.Client(t).Register("ada@example.org")
	for i := range 60 {
		srv.Client(t).Register(fmt.Sprintf("p%d@example.org", i)).Upload(noisy(t, uint64(i))).Expect(200, "ME_PHOTO_UPDATED")
	}
	p.Upload(jpegOf(t, 8)).Expect(200, "ME_PHOTO_UPDATED")
	file := backedUp(t, srv.Config(t))
	flipped := bytes.Clone(file)
	flipped[len(file)/2] ^= 1
	for name, bad := range map[string][]byte{"a flipped bit": flipped, "a third": file[:len(file)/3]} {
		for kind, from := range map[string]io.Reader{"file": bytes.NewReader(bad), "pipe": io.MultiReader(bytes.NewReader(bad))} {
			again := restoreSettings(t, authtest.Embedded, srv.Config(t))
			kept := filepath.Join(again.DataDir, "photos", "profile_photos", "kept.jpg")
			if err := os.MkdirAll(filepath.Dir(kept), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(kept, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			photos := 0
			note := func(stage string, done, _ int64) {
				if stage == transfer.StagePhotos {
					photos = int(done)
				}
			}
			_, _, err := node.Restore(t.Context(), again, from, node.RestoreOptions{Progress: note})
			if !errors.Is(err, transfer.ErrDamaged) {
				t.Errorf("%s of a %s: %v", name, kind, err)
			}
			if (kind == "pipe") != (photos > 0) {
				t.Errorf("%s of a %s: %d photos were put", name, kind, photos)
			}
			if left := filesIn(t, filepath.Join(again.DataDir, "photos")); !slices.Equal(left, []string{"kept.jpg"}) {
				t.Errorf("%s of a %s leaves %v", name, kind, left)
			}
		}
	}
}

// TestABackupThatAStrangerWroteLeavesNothing gives a restore what a stranger made who knows
// its recipient and the ids of its keys, but no key.
func TestABackupThatAStrangerWroteLeavesNothing(t *testing.T) {
	t.Parallel()
	srv, id := authtest.Start(t, authtest.Embedded, authtest.FastHash()), identity(t)
	srv.Client(t).Register("eve@example.org").Upload(jpegOf(t, 8)).Expect(200, "ME_PHOTO_UPDATED")
	var file bytes.Buffer
	if _, err := node.Backup(t.Context(), srv.Config(t), &file, node.BackupOptions{Recipients: []string{id.Recipient().String()}, Progress: quiet}); err != nil {
		t.Fatal(err)
	}
	again := restoreSettings(t, authtest.Embedded, srv.Config(t))
	again.Keys = otherKey(again.Keys)
	for kind, from := range map[string]io.Reader{"file": bytes.NewReader(file.Bytes()), "pipe": io.MultiReader(bytes.NewReader(file.Bytes()))} {
		_, _, err := node.Restore(t.Context(), again, from, node.RestoreOptions{Identities: id.String(), Progress: quiet})
		if !errors.Is(err, transfer.ErrDamaged) || !strings.Contains(err.Error(), "no key of the ring here proves it") {
			t.Errorf("a %s: %v", kind, err)
		}
		for _, left := range filesIn(t, again.DataDir) {
			if strings.HasPrefix(left, "flowxi.db") || strings.HasSuffix(left, ".jpg") {
				t.Errorf("a %s leaves %v", kind, left)
			}
		}
	}
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// otherKey is a ring of one key, with the id of another ring's first.
func otherKey(like account.Secret) account.Secret {
	id, _, _ := strings.Cut(string(like), ":")
	_, secret, _ := strings.Cut(seal.NewKey(), ":")
	return account.Secret(id + ":" + secret)
}

// noisy is a photo that cannot be made small.
func noisy(t *testing.T, seed uint64) []byte {
	t.Helper()
	picture, dice := image.NewGray(image.Rect(0, 0, 100, 100)), rand.New(rand.NewPCG(seed, seed))
	for i := range picture.Pix {
		picture.Pix[i] = byte(dice.Uint32())
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func filesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestARestoreNeedsTheRingAndMakesNone(t *testing.T) {
	t.Parallel()
	file, cfg := settled(t)
	again := restoreSettings(t, authtest.Embedded, cfg)
	again.Keys = ""
	if err := restore(t, again, file); err == nil || !strings.Contains(err.Error(), "the key ring is missing") {
		t.Errorf("it says %v", err)
	}
	if _, err := os.Stat(node.KeyFile(again)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a ring was made: %v", err)
	}
}

func TestARestoreBesideAServerRefuses(t *testing.T) {
	t.Parallel()
	file, cfg := settled(t)
	again := restoreSettings(t, authtest.Embedded, cfg)
	start(t, again, nil)
	if err := restore(t, again, file); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("it says %v", err)
	}
}

func TestABackupOfNobodyRefusesAndMakesNothing(t *testing.T) {
	t.Parallel()
	cfg := settings(t, dbtest.SQLite)
	if _, err := node.Backup(t.Context(), cfg, &bytes.Buffer{}, node.BackupOptions{Progress: quiet}); err == nil || !strings.Contains(err.Error(), "there is no database") {
		t.Errorf("it says %v", err)
	}
	if _, err := os.Stat(cfg.DataDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it made something: %v", err)
	}
}
