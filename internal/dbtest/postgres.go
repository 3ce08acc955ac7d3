package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

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
	server, err := postgres()
	if err != nil {
		t.Fatal(err)
	}
	name := "flowxi_" + strings.ToLower(rand.Text())
	// To copy files takes half the time of writing them to the log, without fsync.
	if err := server.do("CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY FILE_COPY"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.do("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return store.Options{URL: server.database(name)}
}

// server is where the databases of all tests are.
type server struct {
	url string
	db  *sql.DB // of conns, which are kept, since to connect takes as long as to make a database
}

const conns = 2

var postgres = sync.OnceValues(func() (server, error) {
	s, err := backing.Given("FLOWXI_TEST_POSTGRES_URL", "postgres")
	if err != nil {
		return server{}, err
	}
	db, err := sql.Open("pgx", s.URL)
	if err != nil {
		return server{}, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return server{s.URL, db}, nil
})

func (s server) do(statement string) error {
	if _, err := s.db.ExecContext(context.Background(), statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func (s server) has(name string) (there bool, err error) {
	err = s.db.QueryRowContext(context.Background(), "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there)
	return there, err
}

// database is the URL of one of its databases.
func (s server) database(name string) string {
	u, err := url.Parse(s.url)
	if err != nil {
		return s.url
	}
	u.Path = "/" + name
	return u.String()
}

// postgresTemplate is the name of a database with today's schema. It is named by that
// schema, so that test processes share it. The first to come builds it under a name of
// its own and then renames it: half a template is never seen.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	server, err := postgres()
	if err != nil {
		return "", err
	}
	schema, err := schemaHash()
	if err != nil {
		return "", err
	}
	name := "flowxi_template_" + schema
	if there, err := server.has(name); there || err != nil {
		return name, err
	}
	draft := "flowxi_draft_" + strings.ToLower(rand.Text())
	if err := server.do("CREATE DATABASE " + draft + " TEMPLATE template0"); err != nil {
		return "", err
	}
	if err := migrate(store.Options{URL: server.database(draft)}); err != nil {
		return "", errors.Join(err, server.do("DROP DATABASE "+draft))
	}
	if err := server.do("ALTER DATABASE " + draft + " RENAME TO " + name); err != nil {
		// Another process was faster.
		if there, _ := server.has(name); !there {
			return "", err
		}
		return name, server.do("DROP DATABASE " + draft)
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
