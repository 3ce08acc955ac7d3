package doctor

import (
	"context"
	"crypto/rand"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/jackc/pgx/v5"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/blob/s3test"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// services are servers of these tests alone, which change what is of a whole server.
type services struct {
	postgres, redis string
	held            []backing.Server // which end where nobody holds them
}

// started has PostgreSQL and Redis keep what they are given, as in production.
var started = sync.OnceValues(func() (s services, err error) {
	postgres, err := backing.Start("postgres")
	if err != nil {
		return s, err
	}
	cache, err := backing.Start("redis")
	if err != nil {
		return s, err
	}
	return services{postgres.URL, cache.URL + "/0", []backing.Server{postgres, cache}}, nil
})

// scaled is a stateless instance, whose parts can be broken one by one.
type scaled struct {
	*instance
	services

	db     *pgx.Conn
	bucket s3test.Bucket
	post   *post
}

func newScaled(t *testing.T) *scaled {
	t.Helper()
	running, err := started()
	if err != nil {
		t.Fatal(err)
	}
	s := &scaled{services: running, bucket: s3test.New(t), post: &post{}}
	name := "flowxi_" + strings.ToLower(rand.Text())
	admin := connect(t, s.postgres)
	query(t, admin, "CREATE DATABASE "+name)
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		query(t, admin, "ALTER SYSTEM SET "+setting+" = on")
	}
	query(t, admin, "SELECT pg_reload_conf()")
	u, err := url.Parse(s.postgres)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	s.postgres = u.String()
	s.db = connect(t, s.postgres)
	a := newAuthority(t)
	cert, key := a.issue(t, host, time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour))
	s.instance = settle(t, "FLOWXI_ADDR=127.0.0.1:8443", "FLOWXI_PUBLIC_URL=https://"+host, "FLOWXI_TLS_CERT="+cert, "FLOWXI_TLS_KEY="+key,
		"FLOWXI_DATABASE_URL="+s.postgres, "FLOWXI_REDIS_URL="+s.redis, "FLOWXI_STORAGE_URL="+s.bucket.URL, "FLOWXI_KEYS="+seal.NewKey(),
		"FLOWXI_SMTP_URL=smtp://"+s.post.listen(t), "FLOWXI_MAIL_FROM=Flowxi <no-reply@flowxi.test>")
	s.o.Roots = a.pool()
	s.o.Resolver = names{records: map[string]string{
		"flowxi.test MX": "mx.flowxi.test.", "flowxi.test TXT": "v=spf1 mx -all", "_dmarc.flowxi.test TXT": "v=DMARC1; p=reject",
	}}.resolver(t)
	s.cached("CONFIG", "SET", "appendonly", "yes")
	s.serve()
	s.backUp()
	return s
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func query(t *testing.T, c *pgx.Conn, statement string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *scaled) cached(command string, args ...any) {
	s.Helper()
	c, err := redis.DialURL(s.redis)
	if err != nil {
		s.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Do(command, args...); err != nil {
		s.Fatal(err)
	}
}

// TestAScaledInstance breaks one thing after another, and mends it again, since the things
// are of whole servers.
func TestAScaledInstance(t *testing.T) {
	t.Parallel()
	s := newScaled(t)
	await(t, s)
	s.expect()

	query(t, s.db, "ALTER DATABASE "+s.db.Config().Database+" SET synchronous_commit = off")
	s.expect("database warning what was answered is lost")
	query(t, s.db, "ALTER DATABASE "+s.db.Config().Database+" RESET synchronous_commit")

	query(t, s.db, "ALTER DATABASE "+s.db.Config().Database+" SET default_transaction_read_only = on")
	s.expect("database failure read only connection")
	query(t, s.db, "ALTER DATABASE "+s.db.Config().Database+" RESET default_transaction_read_only")

	query(t, s.db, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = (SELECT indexrelid FROM pg_stat_user_indexes WHERE relname = 'sessions' LIMIT 1)")
	s.expect("plans failure indexes are invalid, and no plan uses them: ")
	query(t, s.db, "UPDATE pg_index SET indisvalid = true")

	query(t, s.db, "CREATE TABLE large (filling text) WITH (autovacuum_enabled = off)")
	query(t, s.db, "INSERT INTO large SELECT repeat('x', 1000) FROM generate_series(1, 3000)")
	s.expect("plans warning large tables were never analyzed: large")
	query(t, s.db, "ANALYZE large")

	query(t, s.db, "ALTER SYSTEM SET autovacuum = off")
	query(t, s.db, "SELECT pg_reload_conf()")
	time.Sleep(time.Second)
	s.expect("plans warning autovacuum is off")
	query(t, s.db, "ALTER SYSTEM RESET autovacuum")
	query(t, s.db, "SELECT pg_reload_conf()")

	query(t, s.db, "UPDATE schema_versions SET version_id = -version_id WHERE version_id > 1")
	s.expect("database failure the schema is at version 1 and this program at")
	query(t, s.db, "INSERT INTO schema_versions (version_id, is_applied) VALUES (1000, true)")
	s.expect("database warning the schema is at version 1000")
	query(t, s.db, "DELETE FROM schema_versions WHERE version_id = 1000")
	query(t, s.db, "UPDATE schema_versions SET version_id = -version_id WHERE version_id < -1")

	s.cached("CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru")
	s.expect("redis warning allkeys-lru")
	s.cached("CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction")
	s.expect("redis warning of its memory are used")
	s.cached("CONFIG", "SET", "maxmemory", "0", "appendonly", "no", "save", "")
	s.expect("redis warning keeps nothing on disk")
	s.cached("CONFIG", "SET", "appendonly", "yes")
	s.cached("REPLICAOF", "127.0.0.1", "1")
	s.expect("redis failure it is a replica")
	s.cached("REPLICAOF", "NO", "ONE")

	// What happened at the start may be longer ago by now than the clock will be behind.
	query(t, s.db, "UPDATE audit_events SET at = "+strconv.FormatInt(time.Now().UnixMicro(), 10))
	s.o.Now = func() time.Time { return time.Now().Add(-10 * time.Second) }
	s.expect("clock warning and that of PostgreSQL are", "clock warning and that of Redis are", "clock warning the newest event")
	s.o.Now = func() time.Time { return time.Now().Add(2 * time.Minute) }
	s.expect("clock failure and that of PostgreSQL are", "clock failure and that of Redis are")
}

// await waits until Redis has written its first copy to disk.
func await(t *testing.T, s *scaled) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if f := s.findings()[slot("redis")]; f.Level == OK {
			return
		}
	}
}

// TestServicesThatAreGone has nobody listen, and no secret in what is told of it.
func TestServicesThatAreGone(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	i := settle(t, "FLOWXI_DATABASE_URL=postgres://joe:"+secret+"@127.0.0.1:1/flowxi", "FLOWXI_REDIS_URL=redis://joe:"+secret+"@127.0.0.1:1",
		"FLOWXI_STORAGE_URL=s3://joe:"+secret+"@127.0.0.1:1/flowxi?region=x&tls=false", "FLOWXI_KEYS="+seal.NewKey(),
		"FLOWXI_SMTP_URL=smtp://joe:"+secret+"@127.0.0.1:1")
	i.expect("database failure connection refused", "redis failure connection refused", "photos failure the S3 server does not answer", "mail failure connection refused")
	text := told(i.findings())
	_, key, _ := strings.Cut(string(i.cfg.Keys), ":")
	for _, hidden := range []string{secret, key} {
		if strings.Contains(text, hidden) {
			t.Errorf("%q is told: %s", hidden, text)
		}
	}
}

// TestServicesThatHang has somebody listen who never says a word.
func TestServicesThatHang(t *testing.T) {
	t.Parallel()
	silent := mute(t)
	i := settle(t, "FLOWXI_DATABASE_URL=postgres://joe:hunter2@"+silent+"/flowxi", "FLOWXI_REDIS_URL=redis://"+silent,
		"FLOWXI_STORAGE_URL=s3://joe:hunter2@"+silent+"/flowxi?tls=false", "FLOWXI_KEYS="+seal.NewKey(), "FLOWXI_SMTP_URL=smtp://"+silent)
	began := time.Now()
	i.expect("database failure ", "redis failure ", "photos failure ", "mail failure ")
	if spent := time.Since(began); spent > 2*patience+5*moment {
		t.Errorf("it took %s", spent)
	}
}

func TestABucketThatCannotBeUsedIsTold(t *testing.T) {
	t.Parallel()
	bucket := s3test.New(t)
	_, secret := bucket.Keys()
	for url, want := range map[string]string{
		strings.Replace(bucket.URL, secret, "another", 1):        "photos failure access denied: the secret is not that of the key ID",
		strings.Replace(bucket.URL, bucket.Name, "no-bucket", 1): "photos failure there is no such bucket",
	} {
		i := embedded(t)
		i.cfg.StorageURL = account.Secret(url)
		i.expect(want)
	}
	i := embedded(t)
	i.cfg.StorageURL = account.Secret(bucket.URL)
	i.expect()
}

func TestConnectionsThatRunOutAreTold(t *testing.T) {
	t.Parallel()
	if list := connectionsFound(store.Facts{Connections: 177, Most: 197}); len(list) != 0 {
		t.Errorf("there is room for a node: %s", told(list))
	}
	if list := connectionsFound(store.Facts{Connections: 178, Most: 197}); len(list) != 1 || list[0].Level != Warning {
		t.Errorf("there is no room for a node: %s", told(list))
	}
}
