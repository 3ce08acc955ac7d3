package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/store"
)

// postgresDatabase copies a database that was migrated once for all tests.
func postgresDatabase(t testing.TB) store.Options {
	t.Helper()
	template, err := postgresTemplate()
	if err != nil {
		t.Fatal(err)
	}
	return createDatabase(t, template)
}

func createDatabase(t testing.TB, template string) store.Options {
	t.Helper()
	server, err := postgresURL()
	if err != nil {
		t.Fatal(err)
	}
	name := "flowxi_" + strings.ToLower(rand.Text())
	// To copy files takes half the time of writing them to the log, without fsync.
	if err := admin(server, "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return store.Options{URL: on(server, name)}
}

var postgres = sync.OnceValues(func() (backing.Server, error) {
	return backing.Given("FLOWXI_TEST_POSTGRES_URL", "postgres")
})

func postgresURL() (string, error) {
	s, err := postgres()
	return s.URL, err
}

// postgresTemplate is the name of a database with today's schema. It is named by that
// schema, so that test processes share it. The first to come builds it under a name of
// its own and then renames it: half a template is never seen.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	server, err := postgresURL()
	if err != nil {
		return "", err
	}
	schema, err := schemaHash()
	if err != nil {
		return "", err
	}
	name := "flowxi_template_" + schema
	if there, err := exists(server, name); there || err != nil {
		return name, err
	}
	draft := "flowxi_draft_" + strings.ToLower(rand.Text())
	if err := admin(server, "CREATE DATABASE "+draft+" TEMPLATE template0"); err != nil {
		return "", err
	}
	if err := migrate(store.Options{URL: on(server, draft)}); err != nil {
		return "", errors.Join(err, admin(server, "DROP DATABASE "+draft))
	}
	if err := admin(server, "ALTER DATABASE "+draft+" RENAME TO "+name); err != nil {
		// Another process was faster.
		if there, _ := exists(server, name); !there {
			return "", err
		}
		return name, admin(server, "DROP DATABASE "+draft)
	}
	return name, nil
})

// schemaHash stands for what the migrations say.
func schemaHash() (string, error) {
	files, err := filepath.Glob(filepath.Join(backing.Root(), "internal", "store", "migrations", "postgres", "*.sql"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("find migrations: %w", errors.Join(err, os.ErrNotExist))
	}
	h := sha256.New()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(h, "%s %d\n%s", filepath.Base(file), len(text), text)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), nil
}

func exists(server, name string) (there bool, err error) {
	err = connected(server, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there)
	})
	return there, err
}

func admin(server, statement string) error {
	return connected(server, func(ctx context.Context, c *pgx.Conn) error {
		if _, err := c.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
		return nil
	})
}

func connected(server string, use func(context.Context, *pgx.Conn) error) (err error) {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	return use(ctx, c)
}

// on is the URL of another database of the same server.
func on(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}
