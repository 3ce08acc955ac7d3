package alerts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"flowxi.app/flowxi/internal/backing"
)

// number makes addresses that nobody has had.
var number atomic.Int64

func stranger() string { return fmt.Sprintf("stranger-%d@example.com", number.Add(1)) }

// anywhere is an address of a network that nobody has come from.
func anywhere() string {
	n := number.Add(1)
	return fmt.Sprintf("10.%d.%d.1", n>>8&255, n&255)
}

func asksForCode(s *site) {
	s.post(anywhere(), "/register-email-code/send", map[string]string{"email": stranger()})
}

func wrongLogin() map[string]string {
	return map[string]string{"email": stranger(), "password": "wrong horse battery", "device_id": "d", "device_type": "web", "device_name": "d"}
}

func wrongCode() map[string]string { return map[string]string{"email": stranger(), "code": "000000"} }

// checksCode asks the second node, each network until it meets its limit.
func checksCode(s *site) {
	n := number.Add(1) / 70
	payload, _ := json.Marshal(wrongCode())
	s.sendTo(2, fmt.Sprintf("10.%d.%d.2", n>>8&255, n&255), http.MethodPost, "/register-email-code/verify", payload)
}

func logsIn(s *site) { s.post(anywhere(), "/auth/login", wrongLogin()) }

func guesses(s *site) {
	logsIn(s)
	s.post(anywhere(), "/register-email-code/verify", wrongCode())
	s.post("192.0.2.1", "/register-email-code/verify", wrongCode())
}

// together has n callers do something at once.
func together(n int, do func(*site)) func(*site) {
	return func(s *site) {
		var doing sync.WaitGroup
		for range n {
			doing.Go(func() { do(s) })
		}
		doing.Wait()
	}
}

func readsAndLogsIn(s *site) {
	s.send(anywhere(), http.MethodGet, "/me", nil)
	together(20, logsIn)(s)
}

// locksLeases has somebody forget a transaction that holds the table of who has which duty:
// it can be read, and not written.
func locksLeases(t *testing.T, s *site) {
	conn, err := pgx.Connect(t.Context(), s.Setting(t, "FLOWXI_DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE leases IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	s.unlock = func() { _ = conn.Close(context.Background()) }
}

// repeats has a program that is not Flowxi run statements, again and again with a pause
// between, until it is mended.
func repeats(pause time.Duration, statements string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		ctx, cancel := context.WithCancel(context.Background())
		conn, err := pgx.Connect(ctx, s.Setting(t, "FLOWXI_DATABASE_URL"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(ctx, "SET application_name = 'somebody''s script'"); err != nil {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		running.Go(func() {
			for ctx.Err() == nil {
				_, _ = conn.Exec(ctx, statements)
				time.Sleep(pause)
			}
			_ = conn.Close(context.Background())
		})
		s.unlock = func() { cancel(); running.Wait() }
	}
}

// photo is a square of so many pixels.
func photo(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func stops(names ...string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) { s.Stop(t, names...) }
}

func starts(names ...string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) { s.Start(t, names...) }
}

func nothing(*testing.T, *site) {}

func mailServer(mode string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) { s.MailFault(t, mode) }
}

// restarts has a node start anew until an alert fires. Each process goes on until Prometheus
// has seen it, for one that it has not seen counts for nothing.
func restarts(alert string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		for range 20 {
			before := s.started(t, 2)
			s.Kill(t, "node2")
			s.Start(t, "node2")
			await(t, "Prometheus sees the new process", func() bool {
				now := s.started(t, 2)
				return now != "" && now != before
			})
			if s.hasFired(t, alert) {
				return
			}
		}
	}
}

// backsUp makes a backup of the cluster.
func backsUp(t *testing.T, s *site) { s.Operate(t, "backup", filepath.Join(t.TempDir(), "backup")) }

// dated has the last backup have been begun so long from now, by the clock of its maker.
func dated(off time.Duration) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		conn, err := pgx.Connect(t.Context(), s.Setting(t, "FLOWXI_DATABASE_URL"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		tag, err := conn.Exec(t.Context(), "UPDATE leases SET expires_at = $1 WHERE name = 'backed up'", time.Now().Add(off).UnixMicro())
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("%s, %v", tag, err)
		}
	}
}

// another has the second node run a build of its own, made with such arguments. What
// starts next is the usual one again.
func another(args ...string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		program := filepath.Join(s.Dir, "bin", "flowxi")
		build := exec.Command("go", slices.Concat([]string{"build", "-o", program + ".other"}, args, []string{"./cmd/flowxi"})...)
		build.Dir = backing.Root()
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		swap(t, program, program+".usual")
		swap(t, program+".other", program)
		defer swap(t, program+".usual", program)
		again(t, s)
	}
}

func swap(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Error(err)
	}
}

// again has the second node start anew.
func again(t *testing.T, s *site) {
	s.Kill(t, "node2")
	s.Start(t, "node2")
}

// ahead has the second node take it for so much later than it is: a clock of a machine
// cannot be wrong for one process alone.
func ahead(by time.Duration) func(*testing.T, *site) {
	return planted{
		file: "cmd/flowxi/serve.go", usual: "node.Options{", instead: "node.Options{Now: ahead, ",
		beside: fmt.Sprintf("package main\n\nimport \"time\"\n\nfunc ahead() time.Time { return time.Now().Add(%d) }\n", by),
	}.runs
}

// planted is a change to the source, for a fault that no setting makes.
type planted struct {
	file, usual, instead string
	beside               string // another file of the package; may be empty
}

// runs has the second node run a build with the change.
func (p planted) runs(t *testing.T, s *site) {
	file, own := filepath.Join(backing.Root(), filepath.FromSlash(p.file)), t.TempDir()
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), p.usual) != 1 {
		t.Fatalf("%s has not once %s, %v", p.file, p.usual, err)
	}
	replace := map[string]string{file: filepath.Join(own, "changed.go")}
	if p.beside != "" {
		replace[filepath.Join(filepath.Dir(file), "planted.go")] = filepath.Join(own, "planted.go")
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"changed.go": strings.Replace(string(text), p.usual, p.instead, 1), "planted.go": p.beside, "overlay.json": string(overlay),
	} {
		if err := os.WriteFile(filepath.Join(own, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	another("-overlay", filepath.Join(own, "overlay.json"))(t, s)
}

// sql has somebody change the database by hand.
func sql(statement string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		conn, err := pgx.Connect(t.Context(), s.Setting(t, "FLOWXI_DATABASE_URL"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// little is the room of a build in which nothing is counted for long.
const little = 2000

// fillsUp has the second node count little, and what it counts of codes for seconds.
func fillsUp(t *testing.T, s *site) {
	s.Set(t, "FLOWXI_LIMIT_CODE_PER_EMAIL", "10/20s")
	s.Set(t, "FLOWXI_LIMIT_CODE_PER_NETWORK", "60/20s")
	planted{file: "cmd/flowxi/serve.go", usual: "node.Options{", instead: fmt.Sprintf("node.Options{Entries: %d, ", little)}.runs(t, s)
}

// isLeft waits until what the second node has counted is over, and starts it as usual.
func isLeft(t *testing.T, s *site) {
	await(t, "there is room again", func() bool { return !s.hasFired(t, "FlowxiLimitsFull") && !s.hasFired(t, "FlowxiLimitsNearlyFull") })
	s.Set(t, "FLOWXI_LIMIT_CODE_PER_EMAIL", "10/10m")
	s.Set(t, "FLOWXI_LIMIT_CODE_PER_NETWORK", "60/10m")
	again(t, s)
}

// uploads has people send large photos all at once, until each has met the limit.
func uploads(t *testing.T, s *site) {
	c, large := s.Node(t, 1).Client(t), photo(t, 6000)
	var sending sync.WaitGroup
	for range 12 {
		person := c.From(anywhere()).Register(stranger())
		for range 10 {
			sending.Go(func() { person.Upload(large) })
		}
	}
	s.unlock = sending.Wait
}

func edits(s *site) {
	s.send(anywhere(), http.MethodPatch, "/me", []byte(`{"first_name": "Ada"}`))
}

// walks are in the order in which they are walked.
var walks = []walk{
	// First, since for five minutes after a backup no photo is deleted.
	{
		name: "S3 stops", fires: "FlowxiPhotoStoreFails FlowxiPhotosNotDeleted", slow: true,
		breaks: func(t *testing.T, s *site) {
			s.Stop(t, "s3")
			if status := s.send(anywhere(), http.MethodDelete, "/me/photo", nil); status != http.StatusOK {
				t.Fatalf("the photo is taken away with %d", status)
			}
		},
		mends: starts("s3"),
	},
	{name: "no backup was made", fires: "FlowxiBackupMissing", breaks: nothing, mends: backsUp},
	{name: "no backup was made for days", fires: "FlowxiBackupOld", slow: true, breaks: dated(-72 * time.Hour), mends: backsUp},
	{name: "a backup was made by a clock that was ahead", fires: "FlowxiBackupOld", slow: true, breaks: dated(72 * time.Hour), mends: backsUp},
	{
		name: "Redis stops and a node dies", fires: "FlowxiRedisAway FlowxiNodeDown FlowxiErrors", goesOn: logsIn,
		breaks: func(t *testing.T, s *site) { s.Stop(t, "redis"); s.Kill(t, "node2") }, mends: starts("redis", "node2"),
	},
	{name: "PostgreSQL stops", fires: "FlowxiDatabaseAway FlowxiJobFails", slow: true, breaks: stops("postgres"), goesOn: asksForCode, mends: starts("postgres")},
	{name: "somebody guesses", fires: "FlowxiLoginsGuessed FlowxiCodesGuessed FlowxiLimitsReached", slow: true, breaks: nothing, goesOn: guesses, mends: nothing},
	{name: "all nodes stop", fires: "FlowxiDown FlowxiNodeDown", slow: true, breaks: stops("node1", "node2"), mends: starts("node1", "node2")},
	{name: "addresses are refused", fires: "FlowxiMailsDropped", slow: true, breaks: mailServer("refused"), goesOn: asksForCode, mends: mailServer("")},
	{name: "the mail server puts off", fires: "FlowxiMailLate", slow: true, breaks: mailServer("busy"), goesOn: asksForCode, mends: mailServer("")},
	{
		name: "Redis loses its data", fires: "FlowxiRedisLostData", slow: true,
		breaks: func(t *testing.T, s *site) { s.FlushRedis(t) }, mends: nothing,
	},
	{name: "a storm of logins", fires: "FlowxiHashQueueLong FlowxiLoginsTurnedAway FlowxiLoginsSlow", slow: true, breaks: nothing, goesOn: together(400, logsIn), mends: nothing},
	{
		name: "a table is locked", fires: "FlowxiDatabaseSlow FlowxiDatabasePoolFull FlowxiReadsSlow", slow: true,
		breaks: repeats(0, "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); COMMIT"), goesOn: together(2, readsAndLogsIn), mends: func(_ *testing.T, s *site) { s.unlock() },
	},
	{
		name: "a node starts again and again", fires: "FlowxiNodeRestarts", slow: true,
		breaks: restarts("FlowxiNodeRestarts"), mends: nothing,
	},
	{
		name: "a node hangs", fires: "FlowxiNodeDown", slow: true,
		breaks: func(t *testing.T, s *site) { s.Pause(t, "node2") }, mends: func(t *testing.T, s *site) { s.Resume(t, "node2") },
	},
	{
		name: "a node stops for long", fires: "FlowxiNodeNotReady", slow: true,
		breaks: func(t *testing.T, s *site) {
			s.Set(t, "FLOWXI_DRAIN_DELAY", "30s")
			s.Kill(t, "node2")
			s.Start(t, "node2")
			s.Signal(t, "node2", syscall.SIGTERM)
		},
		mends: func(t *testing.T, s *site) {
			s.Kill(t, "node2")
			s.Set(t, "FLOWXI_DRAIN_DELAY", "0s")
			s.Start(t, "node2")
		},
	},
	{
		name: "an upgrade is left half done", fires: "FlowxiVersionsMixed", slow: true,
		breaks: another("-ldflags", "-X main.version=v9.9.9"), mends: again,
	},
	{name: "a node has a wrong clock", fires: "FlowxiClockOff FlowxiClockWrong", slow: true, breaks: ahead(45 * time.Second), mends: again},
	{
		name: "a transaction is forgotten", fires: "FlowxiJobStale FlowxiJobFails", slow: true,
		breaks: locksLeases, mends: func(_ *testing.T, s *site) { s.unlock() },
	},
	{
		name: "more is asked for than the mail server takes", fires: "FlowxiOutboxGrows", slow: true,
		breaks: mailServer("busy"), goesOn: together(20, asksForCode), mends: mailServer(""),
	},
	{
		name: "a table is taken away", fires: "FlowxiInternalErrors", slow: true, shows: "registration_codes", goesOn: asksForCode,
		breaks: sql("ALTER TABLE registration_codes RENAME TO taken_away"), mends: sql("ALTER TABLE taken_away RENAME TO registration_codes"),
	},
	{
		name: "a build has a bug", fires: "FlowxiPanics", slow: true, shows: "VerifyCode", on: 2, goesOn: checksCode,
		breaks: planted{
			file: "internal/auth/register_code.go", usual: "	return a.checkCode(ctx, c, in.Email, in.Code)\n",
			instead: "	var none []int\n	none[len(in.Email)]++\n	return a.checkCode(ctx, c, in.Email, in.Code)\n",
		}.runs, mends: again,
	},
	{
		name: "there is little room to count", fires: "FlowxiLimitsNearlyFull FlowxiLimitsFull", slow: true, shows: `flowxi_cache_entries\{kind="codes"\}\s[1-9] limit\.reached`, on: 2,
		breaks: fillsUp, goesOn: together(10, checksCode), mends: isLeft,
	},
	{
		name: "many photos come at once", fires: "FlowxiPhotosTurnedAway", slow: true, shows: `flowxi_photo_refused_total\s[1-9] profile\.photo_updated`,
		breaks: uploads, mends: func(_ *testing.T, s *site) { s.unlock() },
	},
	{
		name: "another program writes the same rows", fires: "FlowxiTransactionsCollide", slow: true, shows: "somebody's",
		breaks: repeats(0, "UPDATE users SET email = email"), goesOn: together(8, edits), mends: func(_ *testing.T, s *site) { s.unlock() },
	},
}
