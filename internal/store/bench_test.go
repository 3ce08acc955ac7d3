package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

var engines = []dbtest.Engine{dbtest.SQLite, dbtest.Postgres}

// BenchmarkIdentity is what every request with a token reads.
func BenchmarkIdentity(b *testing.B) {
	for _, e := range engines {
		b.Run(string(e), func(b *testing.B) {
			d := open(b, e, dbtest.Database(b, e))
			id := d.login(d.active(ada).ID, "phone", noon)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := d.Identity(d.ctx, id); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkApplicant is what every login reads first.
func BenchmarkApplicant(b *testing.B) {
	for _, e := range engines {
		b.Run(string(e), func(b *testing.B) {
			d := open(b, e, dbtest.Database(b, e))
			d.active(ada)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Applicant(d.ctx, ada, []byte("phone")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSessions opens sessions, by one caller and by many at once.
func BenchmarkSessions(b *testing.B) {
	for _, e := range engines {
		for _, callers := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/%d", e, callers), func(b *testing.B) {
				d := open(b, e, dbtest.Database(b, e))
				var people []account.UserID
				for i := range callers {
					people = append(people, d.active(fmt.Sprintf("person-%d@example.org", i)).ID)
				}
				var turn atomic.Int64
				b.SetParallelism(callers)
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					u := people[int(turn.Add(1))%callers]
					for pb.Next() {
						err := d.RowTx(d.ctx, func(tx *store.Tx) error {
							_, err := d.open(tx, session(u, "phone", noon), "hash")
							return err
						})
						if err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}

// BenchmarkNoteUses is one batch of the flush that a node does each minute.
func BenchmarkNoteUses(b *testing.B) {
	for _, e := range engines {
		b.Run(string(e), func(b *testing.B) {
			d := open(b, e, dbtest.Database(b, e))
			u := d.active(ada).ID
			used := map[account.SessionID]time.Time{}
			for i := range 500 {
				used[d.login(u, fmt.Sprintf("device %d", i), noon)] = noon
			}
			for n := 1; b.Loop(); n++ {
				for id := range used {
					used[id] = after(n)
				}
				if err := d.NoteUses(d.ctx, used); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
