package faults_test

import (
	"context"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/seal"
)

// TestAMigrationThatWasKilledIsResumed kills the migration of an empty database at any
// moment. Each step is one transaction, so what can be left is a step that was not
// taken, the table that notes steps without any in it, or the lock of a dead process, which others wait for half a
// minute.
func TestAMigrationThatWasKilledIsResumed(t *testing.T) {
	random := rand.New(rand.NewPCG(seed(t), 1))
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			whole := blank(t, e).migrate(t, time.Minute)
			for range rounds(t) {
				s := blank(t, e)
				s.migrate(t, whole/3+time.Duration(random.Int64N(int64(whole)/2)))
				s.start(t)
				resident(t, s, newTally("", 0), "resident@example.com")
				s.kill(t)
			}
		})
	}
}

// blank is a server to be, on a database without a schema.
func blank(t *testing.T, e dbtest.Engine) *single {
	t.Helper()
	s := newSingle(t, t.TempDir())
	if e == dbtest.Postgres {
		s.environ = append(s.environ, "FLOWXI_DATABASE_URL="+dbtest.Blank(t, e).URL, "FLOWXI_KEYS="+seal.NewKey())
	}
	return s
}

// migrate kills a migration that has not ended by then, and returns how long it ran.
func (s *single) migrate(t *testing.T, longest time.Duration) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t), "migrate", "up")
	cmd.Env = s.environ
	began := time.Now()
	_ = cmd.Run() // it may be killed
	t.Logf("after %v: %s", time.Since(began), cmd.ProcessState)
	return time.Since(began)
}
