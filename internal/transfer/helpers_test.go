package transfer_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/transfer"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

func quiet(string, int64, int64) {}

// instance is a database with its photos.
type instance struct {
	*store.Store
	t      *testing.T
	at     store.Options
	dir    string
	photos *blob.Folder
}

func newInstance(t *testing.T, at store.Options) instance {
	t.Helper()
	s, err := store.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "photos")
	folder, err := blob.NewFolder(dir, "http://localhost", ring(t), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), folder.Close()); err != nil {
			t.Error(err)
		}
	})
	return instance{s, t, at, dir, folder}
}

// blank is where an instance may go to.
func blank(t *testing.T, e dbtest.Engine) instance {
	t.Helper()
	return newInstance(t, dbtest.Blank(t, e))
}

const ringText = "k2:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=,k1:MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

func ring(t *testing.T) *seal.KeyRing { return parseRing(t, ringText) }

func parseRing(t *testing.T, text string) *seal.KeyRing {
	t.Helper()
	r, err := seal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// inhabited is an instance with so many people; every tenth has a photo, and one object
// is in the trash.
func inhabited(t *testing.T, e dbtest.Engine, people int) instance {
	t.Helper()
	i := newInstance(t, dbtest.Database(t, e))
	tables, err := i.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= people; n += 10 {
		i.put(photoKey(n), strings.Repeat(fmt.Sprint("photo of ", n, "\x00"), n))
	}
	i.put("profile_photos/trash.jpg", "replaced")
	for _, table := range tables {
		for from := 1; from <= people; from += store.MaxInsert {
			i.insert(table, from, min(from+store.MaxInsert-1, people))
		}
	}
	return i
}

func photoKey(n int) string { return fmt.Sprintf("profile_photos/user_%d_x.jpg", n) }

func (i instance) put(key, body string) {
	i.t.Helper()
	if err := i.photos.Put(i.t.Context(), key, "image/jpeg", []byte(body)); err != nil {
		i.t.Fatal(err)
	}
}

func (i instance) insert(table store.Table, from, to int) {
	i.t.Helper()
	var list []store.Row
	for n := from; n <= to; n++ {
		list = append(list, rowOf(i.t, table, n))
	}
	if err := i.Tx(i.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Insert(i.t.Context(), table, list)
		return err
	}); err != nil {
		i.t.Fatal(err)
	}
}

func rowOf(t *testing.T, table store.Table, n int) store.Row {
	row := make(store.Row, len(table.Columns))
	for i, c := range table.Columns {
		switch name := table.Name + "." + c.Name; {
		case name == "users.status":
			row[i] = "active"
		case name == "users.photo_key":
			row[i] = ""
			if n%10 == 1 {
				row[i] = photoKey(n)
			}
		case strings.HasSuffix(c.Name, "sealed"):
			row[i] = ring(t).Seal([]byte("secret"), name)
		case c.Kind == store.Int:
			row[i] = int64(n)
		case c.Kind == store.Text:
			row[i] = fmt.Sprintf("%c%d é", "aBc"[n%3], n)
		case c.Kind == store.Bytes:
			row[i] = []byte{0, byte(n >> 8), byte(n)}
		case c.Kind == store.Bool:
			row[i] = n%2 == 0
		}
	}
	return row
}

// set changes the database behind the store's back.
func (i instance) set(statement string) {
	i.t.Helper()
	driver, source := "sqlite", "file:"+i.at.Path+"?_pragma=foreign_keys(1)"
	if i.at.URL != "" {
		driver, source = "pgx", i.at.URL
	}
	pool, err := sql.Open(driver, source)
	if err != nil {
		i.t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(i.t.Context(), statement); err != nil {
		i.t.Fatal(err)
	}
}

// everything is the whole database: each table by its name, each row by its encoding.
func (i instance) everything() (lines []string) {
	i.t.Helper()
	shot, err := i.Snapshot(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	defer shot.Close()
	for _, table := range shot.Tables {
		for row, err := range shot.Rows(i.t.Context(), table, nil) {
			if err != nil {
				i.t.Fatal(err)
			}
			lines = append(lines, table.Name+" "+string(store.AppendRow(nil, row)))
		}
	}
	return lines
}

// photo is an object, or empty where there is none.
func (i instance) photo(key string) string {
	i.t.Helper()
	file, err := i.photos.Get(i.t.Context(), key)
	if errors.Is(err, blob.ErrNotFound) {
		return ""
	}
	if err != nil {
		i.t.Fatal(err)
	}
	defer file.Close()
	body, err := io.ReadAll(file)
	if err != nil {
		i.t.Fatal(err)
	}
	return string(body)
}

// holds demands that the instance is what the other one is.
func (i instance) holds(want instance, people int) {
	i.t.Helper()
	same(i.t, i.everything(), want.everything())
	for n := 1; n <= people; n += 10 {
		if got := i.photo(photoKey(n)); got == "" || got != want.photo(photoKey(n)) {
			i.t.Errorf("the photo of %d is %.20q", n, got)
		}
	}
}

// knowsOf demands the ids of the keys that a server must have.
func (i instance) knowsOf(ids ...string) {
	i.t.Helper()
	used, err := i.UsedKeys(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	same(i.t, used, ids)
}

func (i instance) isEmpty() {
	i.t.Helper()
	if empty, err := i.Empty(i.t.Context()); err != nil || !empty {
		i.t.Errorf("somebody is there: %v", err)
	}
}

func same[T any](t *testing.T, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%.2000s", diff)
	}
}

// says demands an error with a text in it.
func says(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("it says %v; want %q", err, want)
	}
}

// backup is an encrypted backup.
func (i instance) backup(recipients ...string) []byte {
	i.t.Helper()
	var file bytes.Buffer
	out, err := transfer.Encrypt(&file, ring(i.t), recipients)
	if err != nil {
		i.t.Fatal(err)
	}
	b := transfer.Backup{Store: i.Store, Photos: i.photos, Keys: ring(i.t), Version: "v1", Now: clock, Progress: quiet}
	if _, err := b.Write(i.t.Context(), out); err != nil {
		i.t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		i.t.Fatal(err)
	}
	return slices.Clip(file.Bytes())
}

// restore fills the instance from a backup.
func (i instance) restore(file []byte, keys *seal.KeyRing, identities string) error {
	i.t.Helper()
	plain, err := transfer.Decrypt(bytes.NewReader(file), keys, identities)
	if err != nil {
		return err
	}
	r := transfer.Restore{Store: i.Store, Bucket: i.photos, Keys: keys, Progress: quiet}
	_, _, err = r.Read(i.t.Context(), plain)
	return err
}
