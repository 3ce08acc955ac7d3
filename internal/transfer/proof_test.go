package transfer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/transfer"
)

const (
	otherSecret = "MjEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	newerRing   = "k3:" + otherSecret + "," + ringText
)

// plain is a backup without its encryption.
func (i instance) plain(keys *seal.KeyRing) []byte {
	i.t.Helper()
	var b bytes.Buffer
	_, err := transfer.Backup{Store: i.Store, Photos: i.photos, Keys: keys, Version: "v1", Now: clock, Progress: quiet}.Write(i.t.Context(), &b)
	if err != nil {
		i.t.Fatal(err)
	}
	return b.Bytes()
}

// encrypted is what anybody can make of any bytes who knows the recipient.
func encrypted(t *testing.T, plain []byte, recipient string) []byte {
	t.Helper()
	var b bytes.Buffer
	out, err := transfer.Encrypt(&b, nil, []string{recipient})
	if err != nil {
		t.Fatal(err)
	}
	_, err = out.Write(plain)
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// emptied is an instance of people with photos and nothing that a ring seals.
func emptied(t *testing.T) instance {
	t.Helper()
	i := inhabited(t, dbtest.SQLite, 25)
	for _, table := range []string{"audit_keys", "audit_events", "outbox", "leases"} {
		i.set("DELETE FROM " + table)
	}
	i.set("UPDATE users SET totp_sealed = NULL")
	return i
}

// TestABackupOfAStrangerIsRefused writes a backup as a stranger can who knows the
// recipient, of a database in which nothing is sealed: age has nothing against it.
func TestABackupOfAStrangerIsRefused(t *testing.T) {
	t.Parallel()
	id, from := identity(t), emptied(t)
	for name, c := range map[string]struct{ ring, says string }{
		"a key of another id":    {"k9:" + otherSecret, `proved by the key "k9", which the ring here has not: restore the key file`},
		"a key of the same id":   {"k2:" + otherSecret, "no key of the ring here proves it"},
		"a key of a retired one": {"k1:" + otherSecret, "no key of the ring here proves it"},
	} {
		t.Run(name, func(t *testing.T) {
			to := blank(t, dbtest.SQLite)
			file := encrypted(t, from.plain(parseRing(t, c.ring)), id.Recipient().String())
			says(t, transfer.Verify(bytes.NewReader(file), ring(t), id.String()), c.says)
			says(t, to.restore(file, ring(t), id.String()), c.says)
			to.isEmpty()
			to.hasNoPhotos()
		})
	}
	file, to := encrypted(t, from.plain(ring(t)), id.Recipient().String()), blank(t, dbtest.SQLite)
	if err := to.restore(file, ring(t), id.String()); err != nil {
		t.Fatalf("the same of the ring's holder: %v", err)
	}
	to.holds(from, 25)
}

func (i instance) hasNoPhotos() {
	i.t.Helper()
	if left, err := filepath.Glob(filepath.Join(i.dir, "profile_photos", "*")); err != nil || len(left) > 0 {
		i.t.Errorf("there are photos: %v, %v", left, err)
	}
}

// ends returns where the trailer of a backup begins, and where its proof.
func ends(t *testing.T, plain []byte) (trailer, proof int) {
	t.Helper()
	trailer, proof = bytes.LastIndex(plain, []byte(`{"tables":`))-5, len(plain)-5-32
	if trailer < 0 || plain[trailer] != 'E' || plain[proof] != 'M' {
		t.Fatal("it does not end with a trailer and a proof")
	}
	return trailer, proof
}

// photoless is an instance of a few people without photos, which is soon restored.
func photoless(t *testing.T) instance {
	t.Helper()
	i := inhabited(t, dbtest.SQLite, 0)
	tables, err := i.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		i.insert(table, 2, 4)
	}
	return i
}

func TestEveryByteOfTheEndIsProved(t *testing.T) {
	t.Parallel()
	id, to := identity(t), blank(t, dbtest.SQLite)
	plain := photoless(t).plain(ring(t))
	trailer, proof := ends(t, plain)
	if err := transfer.Verify(bytes.NewReader(encrypted(t, plain, id.Recipient().String())), ring(t), id.String()); err != nil {
		t.Fatalf("as it was written: %v", err)
	}
	for at := trailer; at < len(plain); at++ {
		flipped := bytes.Clone(plain)
		flipped[at] ^= 1 << (at % 8)
		file := encrypted(t, flipped, id.Recipient().String())
		if err := transfer.Verify(bytes.NewReader(file), ring(t), id.String()); !errors.Is(err, transfer.ErrDamaged) {
			t.Fatalf("a bit of byte %d of %d is verified: %v", at, len(plain), err)
		}
		if at%97 != 0 && (at < proof || at%7 != 0) {
			continue // a restore costs more
		}
		if err := to.restore(file, ring(t), id.String()); !errors.Is(err, transfer.ErrDamaged) {
			t.Fatalf("a bit of byte %d of %d is restored: %v", at, len(plain), err)
		}
		to.isEmpty()
	}
	for name, bad := range map[string][]byte{
		"without a proof": plain[:proof], "with two": append(bytes.Clone(plain), plain[proof:]...),
		"with an empty one": append(bytes.Clone(plain[:proof]), 'M', 0, 0, 0, 0), "longer": append(bytes.Clone(plain), 'E', 0, 0, 0, 0),
	} {
		file := encrypted(t, bad, id.Recipient().String())
		for what, err := range map[string]error{
			"Verify":  transfer.Verify(bytes.NewReader(file), ring(t), id.String()),
			"Restore": to.restore(file, ring(t), id.String()),
		} {
			if !errors.Is(err, transfer.ErrDamaged) {
				t.Errorf("%s %s: %v", what, name, err)
			}
		}
	}
	to.isEmpty()
}

// Sums that agree prove nothing: whoever writes the rows writes the sums.
func TestAHeaderOfAnotherTimeIsRefused(t *testing.T) {
	t.Parallel()
	id, to := identity(t), blank(t, dbtest.SQLite)
	plain := inhabited(t, dbtest.SQLite, 15).plain(ring(t))
	later := bytes.Replace(plain, []byte("2026-11-24T12:00"), []byte("2026-11-24T12:01"), 1)
	if bytes.Equal(later, plain) {
		t.Fatal("it does not tell its time")
	}
	says(t, to.restore(encrypted(t, later, id.Recipient().String()), ring(t), id.String()), "no key of the ring here proves it")
	to.isEmpty()
}

func TestAKeyThatIsNoLongerTheFirstProves(t *testing.T) {
	t.Parallel()
	id, from := identity(t), inhabited(t, dbtest.SQLite, 3)
	file := from.backup(id.Recipient().String())
	to := blank(t, dbtest.SQLite)
	if err := transfer.Verify(bytes.NewReader(file), parseRing(t, newerRing), id.String()); err != nil {
		t.Fatal(err)
	}
	if err := to.restore(file, parseRing(t, newerRing), id.String()); err != nil {
		t.Fatal(err)
	}
	to.holds(from, 1)
}

// A ring may prove a backup and lack an older key that rows are sealed with.
func TestWhatTheRingCannotOpenIsNotRestored(t *testing.T) {
	t.Parallel()
	id, to := identity(t), blank(t, dbtest.SQLite)
	file := encrypted(t, inhabited(t, dbtest.SQLite, 3).plain(parseRing(t, newerRing)), id.Recipient().String())
	says(t, to.restore(file, parseRing(t, "k3:"+otherSecret), id.String()), "users holds what is sealed with the key k2, which the ring here has not")
	to.isEmpty()
}

func TestVerifyLeavesAFileAtItsBeginning(t *testing.T) {
	t.Parallel()
	file := inhabited(t, dbtest.SQLite, 3).backup()
	from := bytes.NewReader(append([]byte("before"), file...))
	if _, err := io.CopyN(io.Discard, from, 6); err != nil {
		t.Fatal(err)
	}
	if err := transfer.Verify(from, ring(t), ""); err != nil {
		t.Fatal(err)
	}
	if left, err := io.ReadAll(from); err != nil || !bytes.Equal(left, file) {
		t.Errorf("%d of %d bytes are left: %v", len(left), len(file), err)
	}
}

// What stands in a file that nobody has proved yet reaches the operator's terminal as
// text, and not as escapes or a screen full.
func TestWhatAStrangersHeaderSaysIsQuoted(t *testing.T) {
	t.Parallel()
	id, to := identity(t), blank(t, dbtest.SQLite)
	for _, header := range []string{
		fmt.Sprintf(`{"format":2,"key":"\u001b[2J%s"}`, strings.Repeat("x", 1000)),
		fmt.Sprintf(`{"format":1,"flowxi":"\u001b[2J%s"}`, strings.Repeat("x", 1000)),
	} {
		plain := append([]byte{'H', 0, 0, byte(len(header) >> 8), byte(len(header))}, header...)
		err := to.restore(encrypted(t, plain, id.Recipient().String()), ring(t), id.String())
		says(t, err, `\x1b[2Jx`)
		if text := err.Error(); len(text) > 300 || strings.Contains(text, "\x1b") {
			t.Errorf("it says %q", text)
		}
	}
}
