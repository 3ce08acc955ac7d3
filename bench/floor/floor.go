// Package floor is the least that a server with the same libraries can do: bare net/http,
// one hash or one statement for each request, the same bytes out for a read of /me, and
// nothing that guards, counts, translates, logs or measures. Flowxi is measured against it.
package floor

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	_ "modernc.org/sqlite"
)

// Main is the program of the floor:
//
//	-addr ADDR -engine sqlite|postgres -dsn DSN -slots N    serves
//	-hash DURATION -slots N [-bcrypt COST]    verifies passwords alone, and prints how many it
//	                                          did and the nanoseconds of CPU that they took
func Main(args []string) error {
	flags := flag.NewFlagSet("floor", flag.ExitOnError)
	addr := flags.String("addr", "", "where to listen")
	engine := flags.String("engine", "sqlite", "sqlite or postgres")
	dsn := flags.String("dsn", "", "the database: a file, or a URL")
	slots := flags.Int("slots", 2, "how many passwords are hashed at once")
	hash := flags.Duration("hash", 0, "hash for that long, and serve nothing")
	cost := flags.Int("bcrypt", 0, "cost of bcrypt, where that is the hash; none: argon2id")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *hash > 0 {
		verify, err := verifier(*cost)
		if err != nil {
			return err
		}
		return hashAlone(*hash, *slots, verify)
	}
	return serve(*addr, *engine, *dsn, *slots)
}

// The cost of a hash is that of Flowxi without settings (m=19 MiB, t=2, p=1).
var (
	salt = []byte("sixteen bytes or")
	key  = derive(rightOne)
)

const rightOne = "correct horse battery staple"

func derive(password string) []byte { return argon2.IDKey([]byte(password), salt, 2, 19*1024, 1, 32) }

func verify(password string) bool { return subtle.ConstantTimeCompare(derive(password), key) == 1 }

// verifier is of argon2id, or of bcrypt where that has a cost.
func verifier(cost int) (func(password string) bool, error) {
	if cost == 0 {
		return verify, nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(rightOne), cost)
	return func(password string) bool { return bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil }, err
}

func hashAlone(d time.Duration, slots int, verify func(password string) bool) error {
	var n atomic.Int64
	var all sync.WaitGroup
	before, err := charged()
	if err != nil {
		return err
	}
	began := time.Now()
	for range slots {
		all.Go(func() {
			for time.Since(began) < d {
				verify(rightOne)
				n.Add(1)
			}
		})
	}
	all.Wait()
	after, err := charged()
	fmt.Println(n.Load(), time.Since(began).Nanoseconds(), after-before)
	return err
}

func charged() (nanoseconds int64, err error) {
	var own syscall.Rusage
	err = syscall.Getrusage(syscall.RUSAGE_SELF, &own)
	return own.Utime.Nano() + own.Stime.Nano(), err
}

type server struct {
	read, write *sql.DB
	slots       chan struct{}
	prepared    sync.Map // of *sql.Stmt by text: every connection prepares each once
}

// prepare prepares a text for a pool, once.
func (s *server) prepare(ctx context.Context, db *sql.DB, text string) (*sql.Stmt, error) {
	if known, ok := s.prepared.Load(text); ok {
		return known.(*sql.Stmt), nil //nolint:forcetypeassert // nothing else is kept there
	}
	stmt, err := db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.prepared.Store(text, stmt)
	return stmt, nil
}

// New makes the floor over a database that has the schema of Flowxi.
func New(engine, dsn string, slots int) (http.Handler, error) {
	s := &server{slots: make(chan struct{}, slots)}
	if err := s.open(engine, dsn); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/health", func(w http.ResponseWriter, _ *http.Request) { answer(w, struct{}{}) })
	mux.HandleFunc("POST /api/v1/auth/login", s.login)
	mux.HandleFunc("GET /api/v1/me", s.known(s.me))
	mux.HandleFunc("PATCH /api/v1/me", s.known(s.edit))
	mux.HandleFunc("GET /api/v1/auth/devices", s.known(s.devices))
	mux.HandleFunc("POST /api/v1/register-email-code/send", s.register)
	return mux, nil
}

func serve(addr, engine, dsn string, slots int) error {
	handler, err := New(engine, dsn, slots)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", addr) //nolint:noctx // at once
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// open makes pools like those of Flowxi: on SQLite one writer, whose commits are on disk,
// and some readers.
func (s *server) open(engine, dsn string) (err error) {
	if engine == "postgres" {
		if s.read, err = sql.Open("pgx", dsn); err != nil {
			return err
		}
		s.read.SetMaxOpenConns(20)
		s.read.SetMaxIdleConns(20)
		s.write = s.read
		return nil
	}
	const pragmas = "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	if s.write, err = sql.Open("sqlite", "file:"+dsn+pragmas+"&_txlock=immediate"); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", "file:"+dsn+pragmas+"&_pragma=query_only(1)"); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	return nil
}

type done struct {
	Message string `json:"message"`
	Code    string `json:"code"`
}

// answer sends the headers of an answer of Flowxi, too: they are bytes that go out. All are
// the same each time, as if nothing had to be found out for them.
func answer(w http.ResponseWriter, a any) {
	body, err := json.Marshal(a)
	if err != nil {
		fail(w, err)
		return
	}
	maps.Copy(w.Header(), headers)
	_, _ = w.Write(append(body, '\n'))
}

var headers = http.Header{
	"Cache-Control":                {"no-store"},
	"Content-Language":             {"en"},
	"Content-Security-Policy":      {"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"},
	"Content-Type":                 {"application/json; charset=utf-8"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Ratelimit-Limit":              {"100000"},
	"Ratelimit-Remaining":          {"99999"},
	"Ratelimit-Reset":              {"1"},
	"Referrer-Policy":              {"no-referrer"},
	"Vary":                         {"X-App-Locale, Accept-Language"},
	"X-Content-Type-Options":       {"nosniff"},
	"X-Request-Id":                 {"0123456789abcdef0123456789abcdef"},
}

func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

func (s *server) login(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		fail(w, err)
		return
	}
	s.slots <- struct{}{}
	ok := verify(in.Password)
	<-s.slots
	if !ok {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	answer(w, done{"Login successful.", "LOGIN_SUCCESS"})
}

const readWho = `
		SELECT u.id, u.email, u.status, u.locale, COALESCE(u.username, ''), u.first_name, u.last_name, u.birth_date, u.country,
			u.nationality, u.phone_number, u.totp_enabled_at, u.created_at, u.updated_at, s.token_hash
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 AND u.status = 'active'`

const readDevices = `
		SELECT id, COALESCE(device_id, ''), device_type, device_name, country, ip, created_at, last_used_at
		FROM sessions WHERE user_id = $1 ORDER BY last_used_at DESC, id DESC`

type person struct {
	ID           int64   `json:"id"`
	Email        string  `json:"email"`
	Status       string  `json:"status"`
	Locale       string  `json:"locale"`
	Username     string  `json:"username"`
	PhotoURL     *string `json:"photo_url"`
	FirstName    *string `json:"first_name"`
	LastName     *string `json:"last_name"`
	BirthDate    *string `json:"birth_date"`
	Country      *string `json:"country"`
	Nationality  *string `json:"nationality"`
	PhoneNumber  *string `json:"phone_number"`
	TwoFAEnabled bool    `json:"twofa_enabled"`
	CreatedAt    string  `json:"created_at"`
	UpdatedAt    string  `json:"updated_at"`
}

// who reads the holder of a token, by primary key and joined, as every request with a
// token must.
func (s *server) who(r *http.Request) (p person, err error) {
	number, secret, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "|")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return person{}, err
	}
	sum := sha256.Sum256([]byte(secret))
	var hash []byte
	var enabled, created, updated int64
	stmt, err := s.prepare(r.Context(), s.read, readWho) //nolint:sqlclosecheck // kept for all who come after
	if err != nil {
		return person{}, err
	}
	err = stmt.QueryRowContext(r.Context(), id).Scan(
		&p.ID, &p.Email, &p.Status, &p.Locale, &p.Username, &p.FirstName, &p.LastName, &p.BirthDate, &p.Country,
		&p.Nationality, &p.PhoneNumber, &enabled, &created, &updated, &hash)
	if err != nil {
		return person{}, err
	}
	if subtle.ConstantTimeCompare(sum[:], hash) != 1 {
		return person{}, errors.New("another token")
	}
	p.TwoFAEnabled, p.CreatedAt, p.UpdatedAt = enabled > 0, stamp(created), stamp(updated)
	return p, nil
}

func stamp(micros int64) string {
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.000000Z")
}

// known makes a handler of what is done for the holder of a token.
func (s *server) known(do func(*http.Request, person) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := s.who(r)
		if err != nil {
			fail(w, err)
			return
		}
		a, err := do(r, p)
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, a)
	}
}

type data[T any] struct {
	done
	Data T `json:"data"`
}

func (s *server) me(_ *http.Request, p person) (any, error) {
	return data[person]{done{"OK", "ME_OK"}, p}, nil
}

func (s *server) edit(r *http.Request, p person) (any, error) {
	var in struct {
		FirstName string `json:"first_name"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	err := s.tx(r.Context(),
		statement{`UPDATE users SET first_name = $1, updated_at = $2 WHERE id = $3`, []any{in.FirstName, time.Now().UnixMicro(), p.ID}},
		statement{`INSERT INTO audit_events (at, action, actor, user_id, ip, request_id, detail) VALUES ($1, 'profile.changed', 'person', $2, '127.0.0.1', '0123456789abcdef0123456789abcdef', 'first_name')`, []any{time.Now().UnixMicro(), p.ID}})
	return data[person]{done{"Profile updated.", "ME_UPDATED"}, p}, err
}

type statement struct {
	text string
	args []any
}

// tx runs statements that are committed together.
func (s *server) tx(ctx context.Context, all ...statement) error {
	ready := make([]*sql.Stmt, len(all)) // before the transaction has the only connection that writes
	for i, one := range all {
		var err error
		if ready[i], err = s.prepare(ctx, s.write, one.text); err != nil { //nolint:sqlclosecheck // kept for all who come after
			return err
		}
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for i, one := range all {
		if _, err := tx.StmtContext(ctx, ready[i]).ExecContext(ctx, one.args...); err != nil { //nolint:sqlclosecheck // the transaction closes it
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

type device struct {
	ID         int64  `json:"id"`
	DeviceID   string `json:"device_id"`
	Type       string `json:"device_type"`
	Name       string `json:"device_name"`
	Country    string `json:"country"`
	IP         string `json:"ip_address"`
	CreatedAt  string `json:"created_at"`
	LastUsedAt string `json:"last_used_at"`
}

func (s *server) devices(r *http.Request, p person) (any, error) {
	found, err := s.devicesOf(r.Context(), p.ID)
	return data[[]device]{done{"Devices.", "DEVICES_LIST"}, found}, err
}

func (s *server) devicesOf(ctx context.Context, id int64) (found []device, err error) {
	stmt, err := s.prepare(ctx, s.read, readDevices) //nolint:sqlclosecheck // kept for all who come after
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var d device
		var created, used int64
		if err := rows.Scan(&d.ID, &d.DeviceID, &d.Type, &d.Name, &d.Country, &d.IP, &created, &used); err != nil {
			return nil, err
		}
		d.CreatedAt, d.LastUsedAt = stamp(created), stamp(used)
		found = append(found, d)
	}
	return found, rows.Err()
}

// register writes the four rows that a registration cannot do without: a person, their
// code, the mail, and what the trail says.
func (s *server) register(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		fail(w, err)
		return
	}
	now := time.Now().UnixMicro()
	digest, mail := sha256.Sum256([]byte(in.Email)), make([]byte, 300)
	err := s.tx(r.Context(),
		statement{`INSERT INTO users (email, status, locale, created_at, updated_at) VALUES ($1, 'pending', 'en', $2, $2)`, []any{in.Email, now}},
		statement{`INSERT INTO registration_codes (user_id, digest, created_at, expires_at) SELECT id, $1, $2, $2 FROM users WHERE email = $3`, []any{digest[:], now, in.Email}},
		statement{`INSERT INTO outbox (id, kind, recipient, locale, sealed, due_at, created_at, expires_at) VALUES ($1, 'registration_code', $2, 'en', $3, $4, $4, $4)`, []any{fmt.Sprintf("%x", digest[:16]), in.Email, mail, now}},
		statement{`INSERT INTO audit_events (at, action, actor, ip, request_id) VALUES ($1, 'registration.requested', 'anonymous', '127.0.0.1', '0123456789abcdef0123456789abcdef')`, []any{now}})
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, done{"A code has been sent.", "OTP_SENT"})
}
