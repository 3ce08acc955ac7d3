package authtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

// Block takes an account away from its owner, as the operator's command does: in
// another process, as far as the server can tell.
func (s *Server) Block(t testing.TB, id int64) {
	t.Helper()
	s.operate(t, func(ctx context.Context, a *node.Admin) error {
		_, err := a.Block(ctx, account.UserID(id))
		return err
	})
}

// Unblock gives a blocked account back.
func (s *Server) Unblock(t testing.TB, id int64) {
	t.Helper()
	s.operate(t, func(ctx context.Context, a *node.Admin) error {
		_, err := a.Unblock(ctx, account.UserID(id))
		return err
	})
}

// CloseAccount ends an account for good.
func (s *Server) CloseAccount(t testing.TB, id int64) {
	t.Helper()
	s.operate(t, func(ctx context.Context, a *node.Admin) error {
		_, err := a.CloseAccount(ctx, account.UserID(id))
		return err
	})
}

// LogoutAll ends every session of a person.
func (s *Server) LogoutAll(t testing.TB, id int64) {
	t.Helper()
	s.operate(t, func(ctx context.Context, a *node.Admin) error {
		_, err := a.LogoutAll(ctx, account.UserID(id))
		return err
	})
}

// UserID is the id of an account, of a pending one too, or 0 where there is none.
func (s *Server) UserID(t testing.TB, email string) (id int64) {
	t.Helper()
	s.operate(t, func(ctx context.Context, a *node.Admin) error {
		user, _, err := a.FindUser(ctx, email)
		if errors.Is(err, account.ErrNotFound) {
			return nil
		}
		id = int64(user.ID)
		return err
	})
	return id
}

// Trail is the whole audit trail, which must be sound.
func (s *Server) Trail(t testing.TB) (events []store.AuditEvent) {
	t.Helper()
	s.operate(t, func(ctx context.Context, a *node.Admin) error {
		report, err := a.Store.VerifyAudit(ctx, store.AuditHead{}, func(int64, int64) {})
		if err != nil {
			return err
		}
		if !report.Sound() || report.Unsigned != 0 {
			t.Errorf("the audit trail is not sound: %+v", report)
		}
		events, err = a.Store.AuditAfter(ctx, 0, 10_000)
		return err
	})
	return events
}

// Sweep removes what nobody needs any more, by the clock of the machine.
func (s *Server) Sweep(t testing.TB) {
	t.Helper()
	s.operate(t, func(ctx context.Context, a *node.Admin) error {
		return auth.Sweep(ctx, a.Store, s.setup.config(t, s.URL), time.Now())
	})
}

func (s *Server) operate(t testing.TB, verb func(ctx context.Context, a *node.Admin) error) {
	t.Helper()
	admin, err := node.OpenAdmin(t.Context(), s.setup.config(t, s.URL), "operator:test")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := verb(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
}

// LoseDatabase takes the database away until the returned function, or the end of the
// test, gives it back. It works on PostgreSQL alone.
func (s *Server) LoseDatabase(t testing.TB) (giveBack func()) {
	t.Helper()
	server, err := pgx.ParseConfig(string(s.setup.config(t, s.URL).DatabaseURL))
	if err != nil {
		t.Fatal(err)
	}
	name := pgx.Identifier{server.Database}.Sanitize()
	server.Database = "postgres"
	execute(t, server, "ALTER DATABASE "+name+" WITH ALLOW_CONNECTIONS false")
	execute(t, server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+strings.Trim(name, `"`)+"'")
	giveBack = func() { execute(t, server, "ALTER DATABASE "+name+" WITH ALLOW_CONNECTIONS true") }
	t.Cleanup(giveBack)
	return giveBack
}

func execute(t testing.TB, server *pgx.ConnConfig, sql string) {
	t.Helper()
	ctx := context.Background() // that of the test has ended when its cleanups run
	conn, err := pgx.ConnectConfig(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}
