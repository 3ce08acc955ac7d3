package transfer_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/transfer"
)

func TestABackupBringsEverythingBack(t *testing.T) {
	t.Parallel()
	for _, way := range [][2]dbtest.Engine{
		{dbtest.SQLite, dbtest.SQLite}, {dbtest.SQLite, dbtest.Postgres}, {dbtest.Postgres, dbtest.SQLite}, {dbtest.Postgres, dbtest.Postgres},
	} {
		t.Run(fmt.Sprint(way), func(t *testing.T) {
			t.Parallel()
			const people = 600
			from, to := inhabited(t, way[0], people), blank(t, way[1])
			if err := to.restore(from.backup(), ring(t), ""); err != nil {
				t.Fatal(err)
			}
			to.holds(from, people)
			to.knowsOf("k2")
			if err := to.restore(from.backup(), ring(t), ""); !errors.Is(err, transfer.ErrNotEmpty) {
				t.Errorf("a second restore says %v", err)
			}
		})
	}
}

func TestABackupIsNotReadableWithoutTheKey(t *testing.T) {
	t.Parallel()
	file := inhabited(t, dbtest.SQLite, 25).backup()
	for _, secret := range []string{"photo of", "profile_photos", "users", "flowxi_", "B1 é"} {
		if bytes.Contains(file, []byte(secret)) {
			t.Errorf("it shows %q", secret)
		}
	}
}

func TestABackupOfAnOlderKeyOpens(t *testing.T) {
	t.Parallel()
	from, to := inhabited(t, dbtest.SQLite, 3), blank(t, dbtest.SQLite)
	rotated := parseRing(t, newerRing)
	if err := to.restore(from.backup(), rotated, ""); err != nil {
		t.Fatal(err)
	}
	to.holds(from, 1)
	to.knowsOf("k2", "k3")
}

func TestABackupForRecipientsOpensWithAnyOfTheirIdentities(t *testing.T) {
	t.Parallel()
	from := inhabited(t, dbtest.SQLite, 3)
	first, second, stranger := identity(t), identity(t), identity(t)
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	file := from.backup(first.Recipient().String(), second.Recipient().String())
	for _, id := range []string{first.String(), "# a comment\n" + second.String() + "\n"} {
		to := blank(t, dbtest.SQLite)
		if err := to.restore(file, ring(t), id); err != nil {
			t.Fatal(err)
		}
		to.holds(from, 1)
	}
	to := blank(t, dbtest.SQLite)
	says(t, to.restore(file, ring(t), stranger.String()), "the identity does not open the backup")
	says(t, to.restore(file, ring(t), "AGE-SECRET-KEY-1HUNTER2"), "holds no age identity")
	says(t, to.restore(file, ring(t), ""), "give the age identity")
	says(t, to.restore(from.backup(), ring(t), first.String()), "needs no --identity")
	says(t, to.restore(file, parseRing(t, "k9:MjEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="), first.String()),
		`proved by the key "k2", which the ring here has not`)
	to.isEmpty()
	if err := to.restore(from.backup(hybrid.Recipient().String()), ring(t), hybrid.String()); err != nil {
		t.Error(err)
	}
	if _, err := transfer.Encrypt(&bytes.Buffer{}, ring(t), []string{"age1nobody"}); err == nil {
		t.Error("any text is a recipient")
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

func TestAnotherRingDoesNotOpenABackup(t *testing.T) {
	t.Parallel()
	file, to := inhabited(t, dbtest.SQLite, 3).backup(), blank(t, dbtest.SQLite)
	says(t, to.restore(file, parseRing(t, "k9:MjEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="), ""), "sealed with the key k2, which the ring here has not")
	says(t, to.restore(file, parseRing(t, "k2:MjEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="), ""), "the key of the same id in the ring here is another")
	to.isEmpty()
}

// spoiled are versions of a file that are not as it was written.
func spoiled(file []byte) map[string][]byte {
	list := map[string][]byte{"empty": nil, "longer": append(file, 0), "twice": append(file, file...)}
	for at := 0; at < len(file); at += len(file)/40 + 1 {
		flipped := bytes.Clone(file)
		flipped[at] ^= 1 << (at % 8)
		list[fmt.Sprint("a bit of byte ", at)] = flipped
		list[fmt.Sprint("cut after ", at)] = file[:at]
	}
	list["cut by one"] = file[:len(file)-1]
	return list
}

func TestADamagedBackupIsRefusedWhole(t *testing.T) {
	t.Parallel()
	from := inhabited(t, dbtest.SQLite, 15)
	from.put(photoKey(1), strings.Repeat("photo", 40_000))
	file := from.backup()
	if len(file) < 3*64<<10 {
		t.Fatalf("it has %d bytes, and should be of some chunks", len(file))
	}
	to := blank(t, dbtest.SQLite)
	for name, bad := range spoiled(file) {
		if err := to.restore(bad, ring(t), ""); err == nil {
			t.Fatalf("%s: it is restored", name)
		}
		to.isEmpty()
	}
	if err := to.restore(file, ring(t), ""); err != nil {
		t.Errorf("the file as it was: %v", err)
	}
}

func TestACutInsideTheFileIsFoundWithoutItsEncryption(t *testing.T) {
	t.Parallel()
	from, to := inhabited(t, dbtest.SQLite, 15), blank(t, dbtest.SQLite)
	var plain bytes.Buffer
	if _, err := (transfer.Backup{Store: from.Store, Photos: from.photos, Keys: ring(t), Now: clock, Progress: quiet}).Write(t.Context(), &plain); err != nil {
		t.Fatal(err)
	}
	read := func(file []byte) error {
		r := transfer.Restore{Store: to.Store, Bucket: to.photos, Keys: ring(t), Progress: quiet}
		_, _, err := r.Read(t.Context(), bytes.NewReader(file))
		return err
	}
	whole := plain.Bytes()
	for at := 0; at < len(whole); at += 101 {
		if err := read(whole[:at]); !errors.Is(err, transfer.ErrDamaged) {
			t.Fatalf("cut after %d: %v", at, err)
		}
	}
	altered := bytes.Replace(whole, []byte("photo of 11"), []byte("photo of 12"), 1)
	if err := read(altered); !errors.Is(err, transfer.ErrDamaged) {
		t.Errorf("with another photo: %v", err)
	}
	newest, err := from.NewestSchema()
	if err != nil {
		t.Fatal(err)
	}
	future := bytes.Replace(whole, fmt.Appendf(nil, `"schema":%d`, newest), []byte(`"schema":9`), 1)
	says(t, read(future), "restore it with a newer program")
	says(t, read(bytes.Replace(whole, []byte(`"format":2`), []byte(`"format":1`), 1)), "of format 1")
	to.isEmpty()
}

// The server empties its trash while the backup reads: what the snapshot speaks of is
// held.
func TestAPhotoThatIsReplacedMeanwhileIsInTheBackup(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		from, to := inhabited(t, e, 100), blank(t, dbtest.SQLite)
		var file bytes.Buffer
		out, err := transfer.Encrypt(&file, ring(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		replaced := false
		b := transfer.Backup{Store: from.Store, Photos: from.photos, Keys: ring(t), Now: clock, Progress: func(stage string, _, _ int64) {
			if !replaced && stage == transfer.StagePhotos {
				replaced = true
				from.replacePhotos()
			}
		}}
		report, err := b.Write(t.Context(), out)
		if err := errors.Join(err, out.Close()); err != nil {
			t.Fatal(err)
		}
		if !replaced || report.Photos.Count != 10 || report.Photos.Missing != 0 {
			t.Errorf("it reports %+v", report.Photos)
		}
		if err := to.restore(file.Bytes(), ring(t), ""); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 100; n += 10 {
			if to.photo(photoKey(n)) == "" {
				t.Errorf("the photo of %d is missing", n)
			}
		}
		// Once the hold has ended, the trash is emptied as ever.
		if keys, err := from.DueTrash(t.Context(), noon.Add(6*time.Minute), noon.Add(7*time.Minute), 100); err != nil || len(keys) == 0 {
			t.Errorf("due afterwards: %v, %v", keys, err)
		}
	})
}

// replacePhotos takes every photo away from its person and empties the trash, as a
// server does.
func (i instance) replacePhotos() {
	i.t.Helper()
	ctx := i.t.Context()
	if err := i.Tx(ctx, func(tx *store.Tx) error {
		for n := 1; n <= 100; n += 10 {
			if err := tx.Trash(ctx, photoKey(n), noon); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		i.t.Fatal(err)
	}
	i.set(`UPDATE users SET photo_key = ''`)
	keys, err := i.DueTrash(ctx, noon.Add(time.Minute), noon.Add(2*time.Minute), 1000)
	if err != nil {
		i.t.Fatal(err)
	}
	for _, key := range keys {
		if err := i.photos.Delete(ctx, key); err != nil {
			i.t.Fatal(err)
		}
	}
}

// A photo that was there before stays, whatever becomes of the restore, and those that
// were put before it are removed again.
func TestAPhotoOfAnotherContentIsNotWrittenOver(t *testing.T) {
	t.Parallel()
	from, to := inhabited(t, dbtest.SQLite, 25), blank(t, dbtest.SQLite)
	file := from.backup()
	to.put(photoKey(1), from.photo(photoKey(1)))
	to.put(photoKey(21), "another")
	says(t, to.restore(file, ring(t), ""), "another is there under its name")
	to.isEmpty()
	if to.photo(photoKey(1)) != from.photo(photoKey(1)) || to.photo(photoKey(11)) != "" || to.photo(photoKey(21)) != "another" {
		t.Error("the photos are not as they were before")
	}
	if err := to.photos.Delete(t.Context(), photoKey(21)); err != nil {
		t.Fatal(err)
	}
	if err := to.restore(file, ring(t), ""); err != nil {
		t.Fatal(err)
	}
	to.holds(from, 25)
}

// An instance that was not updated yet is brought back by a newer program, which brings it
// up to date.
func TestABackupOfAnOlderSchemaIsRestored(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		from, to := blank(t, e), blank(t, dbtest.SQLite)
		if err := from.MigrateTo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		tables, err := from.Tables(t.Context())
		if err != nil || len(tables) != 10 {
			t.Fatalf("%d tables: %v", len(tables), err)
		}
		for _, table := range tables {
			from.insert(table, 1, 5)
		}
		if err := to.restore(from.backup(), ring(t), ""); err != nil {
			t.Fatal(err)
		}
		newest, err := to.NewestSchema()
		if err != nil {
			t.Fatal(err)
		}
		if is, err := to.SchemaVersion(t.Context()); err != nil || is != newest {
			t.Errorf("it is at version %d of %d: %v", is, newest, err)
		}
		if list, err := to.AuditAfter(t.Context(), 0, 100); err != nil || len(list) != 5 {
			t.Errorf("%d events came back: %v", len(list), err)
		}
	})
}
