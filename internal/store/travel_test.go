package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

// people is how many rows each table has.
const people = 40

// nullable are the columns that may be without a value.
var nullable = []string{
	"users.username", "users.name", "users.first_name", "users.last_name", "users.birth_date", "users.country", "users.nationality",
	"users.phone_number", "users.totp_sealed", "sessions.device_id", "audit_events.user_id", "audit_events.session_id",
	"audit_events.key_id", "audit_events.parents", "audit_events.mac",
}

var texts = []string{"", "a", "Zoë", "Ünïcödé 日本語 🙂", "it's \"quoted\" \\ and\ttabbed\r\n", "e\u0301", strings.Repeat("long ", 4_000)}

var blobs = [][]byte{{}, {0}, []byte("with\x00NUL"), {0xff, 0xfe, 0x80}, bytes.Repeat([]byte{0, 1, 2}, 5_000)}

var numbers = []int64{0, 1, -1, 1 << 62, -1 << 63, 1<<63 - 1}

// anyRow is a row of a table that fits the n-th person.
func anyRow(r *rand.Rand, t store.Table, n int64) store.Row {
	row := make(store.Row, len(t.Columns))
	for i, c := range t.Columns {
		name := t.Name + "." + c.Name
		switch {
		case slices.Contains(nullable, name) && r.IntN(3) == 0:
		case c.Name == "id" && c.Kind == store.Int, name == "totp_steps.user_id", c.Name == "user_id":
			row[i] = n
		case name == "users.status":
			row[i] = []string{"pending", "active", "blocked", "closed"}[r.IntN(4)]
		case slices.Contains(t.Key, c.Name) || name == "users.email" || name == "users.username" || name == "sessions.device_id":
			row[i] = unique(c.Kind, n)
		case c.Kind == store.Int:
			row[i] = numbers[r.IntN(len(numbers))]
		case c.Kind == store.Text:
			row[i] = texts[r.IntN(len(texts))]
		case c.Kind == store.Bytes:
			row[i] = blobs[r.IntN(len(blobs))]
		case c.Kind == store.Bool:
			row[i] = r.IntN(2) == 0
		}
	}
	return row
}

// unique sorts otherwise by language than by bytes.
func unique(k store.Kind, n int64) any {
	text := fmt.Sprintf("%c-%s%d", "aZéB_z1"[n%3], strings.Repeat("A", int(n%5)), n)
	switch k {
	case store.Bytes:
		return []byte(text + "\x00")
	case store.Text:
		return text
	}
	return n
}

func (d db) tables() []store.Table {
	d.t.Helper()
	list, err := d.Tables(d.ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

// fill puts rows into every table.
func (d db) fill(seed uint64) {
	d.t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	for _, t := range d.tables() {
		var list []store.Row
		for n := int64(1); n <= people; n++ {
			list = append(list, anyRow(r, t, n))
		}
		d.insert(t, list)
	}
}

func (d db) insert(t store.Table, list []store.Row) {
	d.t.Helper()
	n := write(d, func(tx *store.Tx) (int64, error) { return tx.Insert(d.ctx, t, list) })
	if int(n) != len(list) {
		d.t.Errorf("%d of %d rows went into %s", n, len(list), t.Name)
	}
}

func (d db) snapshot() *store.Snapshot {
	d.t.Helper()
	s, err := d.Snapshot(d.ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = s.Close() })
	return s
}

// all reads a table of a snapshot from some row on.
func (d db) all(s *store.Snapshot, t store.Table, after store.Row) (list []store.Row) {
	d.t.Helper()
	for row, err := range s.Rows(d.ctx, t, after) {
		if err != nil {
			d.t.Fatal(err)
		}
		list = append(list, row)
	}
	return list
}

func (d db) sums() (list []store.Sum) {
	d.t.Helper()
	s := d.snapshot()
	for _, t := range s.Tables {
		digest := store.NewDigest(t)
		for _, row := range d.all(s, t, nil) {
			digest.Add(row)
		}
		list = append(list, digest.Sum())
	}
	if err := s.Close(); err != nil {
		d.t.Fatal(err)
	}
	return list
}

// copyTo copies everything to another database.
func (d db) copyTo(other db) {
	d.t.Helper()
	s := d.snapshot()
	for _, t := range s.Tables {
		other.insert(t, d.all(s, t, nil))
		n, err := s.Counter(d.ctx, t)
		if err != nil {
			d.t.Fatal(err)
		}
		other.tx(func(tx *store.Tx) error { return tx.RaiseCounter(d.ctx, t, n) })
	}
	if err := s.Close(); err != nil {
		d.t.Fatal(err)
	}
}

func fresh(t *testing.T, e dbtest.Engine) db { return open(t, e, dbtest.Database(t, e)) }

func TestWhatIsCopiedIsTheSameOnTheOtherSide(t *testing.T) {
	t.Parallel()
	for _, way := range [][]dbtest.Engine{
		{dbtest.SQLite, dbtest.Postgres, dbtest.SQLite},
		{dbtest.Postgres, dbtest.SQLite, dbtest.Postgres},
		{dbtest.SQLite, dbtest.SQLite},
		{dbtest.Postgres, dbtest.Postgres},
	} {
		t.Run(fmt.Sprint(way), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				from := fresh(t, way[0])
				from.fill(seed)
				want := from.sums()
				for _, e := range way[1:] {
					to := fresh(t, e)
					from.copyTo(to)
					same(t, to.sums(), want)
					from = to
				}
			}
		})
	}
}

// A database that sorts texts by a language has the same sums as one that sorts by bytes.
func TestTheLanguageOfADatabaseDoesNotMatter(t *testing.T) {
	t.Parallel()
	english, plain := fresh(t, dbtest.Postgres), fresh(t, dbtest.SQLite)
	english.set(`ALTER TABLE outbox ALTER COLUMN id TYPE TEXT COLLATE "en-x-icu"`)
	english.set(`ALTER TABLE blob_trash ALTER COLUMN object_key TYPE TEXT COLLATE "en-x-icu"`)
	english.fill(1)
	plain.fill(1)
	same(t, english.sums(), plain.sums())
	for _, table := range plain.tables() {
		want, err := plain.Last(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		got, err := english.Last(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, want)
	}
}

func TestASumTellsEveryDifference(t *testing.T) {
	each(t, func(d db) {
		d.fill(7)
		before := d.sums()
		for i, change := range []string{
			`UPDATE users SET totp_enabled_at = CASE WHEN totp_enabled_at = 5 THEN 6 ELSE 5 END WHERE id = 4`,
			`UPDATE notification_preferences SET push_enabled = NOT push_enabled WHERE user_id = 7`,
			`UPDATE registration_codes SET digest = digest || '\x01'::bytea WHERE user_id = 2`,
		} {
			if i == 2 && d.engine == dbtest.SQLite {
				change = `UPDATE registration_codes SET digest = x'01' WHERE user_id = 2`
			}
			d.set(change)
			if now := d.sums(); now[[]int{0, 1, 2}[i]] == before[[]int{0, 1, 2}[i]] {
				d.t.Errorf("nothing shows of %s", change)
			}
		}
		d.set(`DELETE FROM users WHERE id = 5`)
		if now := d.sums(); now[0].Rows != people-1 {
			d.t.Errorf("%d people are counted; want %d", now[0].Rows, people-1)
		}
	})
}

func TestASnapshotIsOfOneMoment(t *testing.T) {
	each(t, func(d db) {
		d.pending(ada)
		s := d.snapshot()
		d.pending(bob)
		d.set(`UPDATE users SET status = 'closed'`)
		users := s.Tables[0]
		if got := d.all(s, users, nil); len(got) != 1 || slices.Contains(got[0], any("closed")) {
			d.t.Errorf("it shows %v", got)
		}
		n, err := s.Count(d.ctx, users)
		if err != nil || n != 1 {
			d.t.Errorf("it counts %d, %v", n, err)
		}
	})
}

func TestReadingGoesOnAfterAnyRow(t *testing.T) {
	each(t, func(d db) {
		d.fill(3)
		s := d.snapshot()
		for _, table := range s.Tables {
			whole := d.all(s, table, nil)
			for _, at := range []int{0, people / 2, people - 1} {
				key := make(store.Row, len(table.Key))
				for i, name := range table.Key {
					key[i] = whole[at][slices.IndexFunc(table.Columns, func(c store.Column) bool { return c.Name == name })]
				}
				same(d.t, encoded(d.all(s, table, key)), encoded(whole[at+1:]))
				if at == people-1 {
					last, err := d.Last(d.ctx, table)
					if err != nil {
						d.t.Fatal(err)
					}
					same(d.t, last, key)
				}
			}
		}
	})
}

func encoded(list []store.Row) []string {
	lines := make([]string, len(list))
	for i, row := range list {
		lines[i] = string(store.AppendRow(nil, row))
	}
	return lines
}

func TestNoIDIsGivenAgainAfterACopy(t *testing.T) {
	t.Parallel()
	for _, way := range [][2]dbtest.Engine{{dbtest.SQLite, dbtest.Postgres}, {dbtest.Postgres, dbtest.SQLite}} {
		from, to := fresh(t, way[0]), fresh(t, way[1])
		from.pending(ada)
		gone := from.pending(bob).ID
		from.set(`DELETE FROM users WHERE id = $1`, gone)
		from.copyTo(to)
		if u := to.pending(bob); u.ID != gone+1 {
			t.Errorf("%v: the next person has the id %d; want %d", way, u.ID, gone+1)
		}
	}
}

// A table that nobody decided about would stay behind in silence.
func TestEveryTableTravelsOrStays(t *testing.T) {
	each(t, func(d db) {
		known := map[string]bool{"leases": true, "padding": true}
		for _, table := range d.tables() {
			known[table.Name] = true
		}
		inSchema := map[string]bool{}
		for _, line := range d.schema() {
			if rest, ok := strings.CutPrefix(line, "column "); ok {
				name, _, _ := strings.Cut(rest, ".")
				inSchema[name] = true
			}
		}
		same(d.t, slices.Sorted(maps.Keys(known)), slices.Sorted(maps.Keys(inSchema)))
	})
}

func TestTablesAreDescribedAlikeAndAfterWhatTheyReferTo(t *testing.T) {
	t.Parallel()
	lite := fresh(t, dbtest.SQLite)
	same(t, lite.tables(), fresh(t, dbtest.Postgres).tables())
	place := map[string]int{}
	for i, table := range lite.tables() {
		place[table.Name] = i
		if len(table.Key) == 0 {
			t.Errorf("%s has no primary key", table.Name)
		}
	}
	for _, line := range lite.schema() {
		var from, to string
		if n, _ := fmt.Sscanf(line, "reference %s %s", &from, &to); n == 2 {
			from, _, _ = strings.Cut(from, ".")
			to, _, _ = strings.Cut(to, ".")
			if place[from] <= place[to] {
				t.Errorf("%s comes before %s", from, to)
			}
		}
	}
}

func TestRowsAreReadAsTheyWereEncoded(t *testing.T) {
	t.Parallel()
	d := fresh(t, dbtest.SQLite)
	r := rand.New(rand.NewPCG(1, 1))
	for _, table := range d.tables() {
		for n := range int64(20) {
			row := anyRow(r, table, n)
			encoded := store.AppendRow(nil, row)
			got, err := store.ParseRow(table, encoded)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, row)
			if _, err := store.ParseRow(table, append(encoded, 0)); err == nil {
				t.Error("a row with a byte more is read")
			}
			if _, err := store.ParseRow(table, encoded[:len(encoded)-1]); err == nil {
				t.Error("a cut row is read")
			}
		}
	}
}

func FuzzParseRow(f *testing.F) {
	table := store.Table{Columns: []store.Column{{Name: "a", Kind: store.Int}, {Name: "b", Kind: store.Text}, {Name: "c", Kind: store.Bytes}, {Name: "d", Kind: store.Bool}}}
	f.Add(store.AppendRow(nil, store.Row{int64(1), "x", []byte{0}, true}))
	f.Add(store.AppendRow(nil, store.Row{nil, nil, nil, nil}))
	f.Add(store.AppendRow(nil, store.Row{int64(1), nil, nil, int64(1)})) // a number is no truth
	f.Add([]byte{2, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		row, err := store.ParseRow(table, b)
		if err == nil && !bytes.Equal(store.AppendRow(nil, row), b) {
			t.Errorf("%x is read as %v", b, row)
		}
	})
}

func TestADatabaseIsEmptyUntilSomebodyIsInIt(t *testing.T) {
	blank(t, func(d db) {
		empty := func(want bool) {
			d.t.Helper()
			if got, err := d.Empty(d.ctx); err != nil || got != want {
				d.t.Errorf("Empty = %t, %v; want %t", got, err, want)
			}
		}
		empty(true)
		if err := d.Migrate(d.ctx); err != nil {
			d.t.Fatal(err)
		}
		empty(true)
		d.pending(ada)
		empty(false)
	})
}

func TestAMoveIsMarkedFromItsBeginningToItsEnd(t *testing.T) {
	blank(t, func(d db) {
		marked := func(want string) {
			d.t.Helper()
			if got, err := d.Moving(d.ctx); err != nil || got != want {
				d.t.Errorf("Moving = %q, %v; want %q", got, err, want)
			}
		}
		marked("")
		if err := d.Migrate(d.ctx); err != nil {
			d.t.Fatal(err)
		}
		marked("")
		for i, mark := range []string{"one", "two"} {
			if i > 0 {
				d.fill(1) // by a move that was stopped
			}
			if err := d.BeginMove(d.ctx, mark); err != nil {
				d.t.Fatal(err)
			}
			marked(mark)
			if empty, err := d.Empty(d.ctx); err != nil || !empty {
				d.t.Errorf("what was there before is left: %v", err)
			}
		}
		if err := d.EndMove(d.ctx); err != nil {
			d.t.Fatal(err)
		}
		marked("")
	})
}

func TestAMoveNeverEmptiesADatabaseWithPeopleOfItsOwn(t *testing.T) {
	blank(t, func(d db) {
		if err := d.Migrate(d.ctx); err != nil {
			d.t.Fatal(err)
		}
		d.pending(ada)
		if err := d.BeginMove(d.ctx, "one"); !errors.Is(err, store.ErrInhabited) {
			d.t.Errorf("BeginMove = %v; want ErrInhabited", err)
		}
		if empty, err := d.Empty(d.ctx); err != nil || empty {
			d.t.Errorf("the people are gone: %v", err)
		}
	})
}

func TestADatabaseKeepsItsName(t *testing.T) {
	each(t, func(d db) {
		for _, offered := range []string{"first", "second"} {
			if got, err := d.Identify(d.ctx, offered); err != nil || got != "first" {
				d.t.Errorf("Identify = %q, %v", got, err)
			}
		}
	})
}

func TestTheTrashIsHeld(t *testing.T) {
	each(t, func(d db) {
		d.trash("a", noon)
		for _, until := range []int{10, 5} { // a shorter hold does not end a longer one
			if err := d.HoldTrash(d.ctx, after(until)); err != nil {
				d.t.Fatal(err)
			}
		}
		same(d.t, d.dueTrash(after(10).Add(-tick), 10), nil)
		same(d.t, d.dueTrash(after(10), 10), []string{"a"})
	})
}

func TestTheVersionOfTheSchemaIsKnown(t *testing.T) {
	blank(t, func(d db) {
		newest, err := d.NewestSchema()
		if err != nil {
			d.t.Fatal(err)
		}
		if err := d.MigrateTo(d.ctx, newest); err != nil {
			d.t.Fatal(err)
		}
		if got, err := d.SchemaVersion(d.ctx); err != nil || got != newest || got == 0 {
			d.t.Errorf("SchemaVersion = %d, %v; want %d", got, err, newest)
		}
		d.pending(ada)
	})
}
