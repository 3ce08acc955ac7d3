package clustertest_test

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/jackc/pgx/v5"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/cache/redistest"
)

// noSecretIsKept lives through everything that has a secret in it, on nodes that log all
// they can and services that log all they are asked, and then looks for each secret in
// whatever is left of it anywhere: in files, in memory of the services, in logs, metrics,
// traces, answers, on command lines and in what operators print. It leaves one node dead.
func noSecretIsKept(t *testing.T, w world) {
	collector := newCollector(t)
	w.tellAll(t, collector)
	talk := overhear(t, w)
	told := &answers{}

	l := w.live(t, told)
	configured := w.configured(t, collector.password)
	all := slices.Concat(configured, l.secrets())
	stores := slices.Concat(all, l.mails)
	nobody := append(slices.Clone(stores), secret("address", l.email), secret("name", l.name))

	output, metrics := w.operate(t, l.email), w.metrics(t)
	w.waitForTraces(t, collector)
	crash(t, w)
	w.checkpoint(t)

	database, logs := files(t, filepath.Join(w.Dir, "postgres", "data")), w.logs(t)
	expectLine(t, database, "arameters: $1 = ")
	expectLine(t, logs, `"level":"DEBUG"`)
	expectLine(t, logs, "traces are being lost")
	count, request := secret("count of mails", "mail.email:"), secret("id of a request", requestID)
	haystack{"PostgreSQL", database, secret("name", l.name)}.search(t, stores)
	haystack{"Redis", map[string][]byte{"its keys": keptKeys(t, w)}, count}.search(t, nobody)
	haystack{"Redis on disk", files(t, filepath.Join(w.Dir, "redis")), count}.search(t, nobody)
	haystack{"what Redis was asked", map[string][]byte{"all of it": talk()}, count}.search(t, nobody)
	haystack{"S3", files(t, filepath.Join(w.Dir, "s3", "objects")), secret("name of a photo", fmt.Sprintf("user_%d_", l.id))}.search(t, nobody)
	haystack{"the log", logs, request}.search(t, stores)
	maps.DeleteFunc(logs, func(name string, _ []byte) bool { return !strings.HasPrefix(filepath.Base(name), "node") })
	haystack{"the log of the nodes", logs, request}.search(t, nobody)
	haystack{"the traces", collector.parts(), secret("route", "/api/v1/auth/login/2fa")}.search(t, nobody)
	haystack{"the metrics", metrics, secret("count of requests", "flowxi_http_requests")}.search(t, nobody)
	haystack{"what operators are told", output, secret("address", l.email)}.search(t, stores)
	haystack{"the command lines", w.commandLines(t), secret("command", "/flowxi")}.search(t, all)
	told.search(t, l, configured)
}

// expectLine demands that somebody is as talkative as was asked for.
func expectLine(t *testing.T, parts map[string][]byte, line string) {
	t.Helper()
	for _, part := range parts {
		if bytes.Contains(part, []byte(line)) {
			return
		}
	}
	t.Errorf("nothing has a line with %q: it tells less than it could", line)
}

// requestID is that of the requests, so that they are found in the log.
const requestID = "canary-request-5f0c9e"

// lived is what somebody did with an account, in all its secrets.
type lived struct {
	id                               int64
	email, name                      string
	tokens, links, codes, challenges []string
	emails                           []string // of the codes
	password, other, wrong           string   // of the person, of another, and of nobody
	factor                           string
	mails                            []canary
}

func (l *lived) secrets() (list []canary) {
	for what, texts := range map[string][]string{
		"token": l.tokens, "link": l.links, "challenge": l.challenges, "password": {l.password, l.wrong, l.other},
	} {
		for _, text := range texts {
			_, after, numbered := strings.Cut(text, "|") // a token is known by its number
			if !numbered {
				after = text
			}
			list = append(list, secret(what, after))
		}
	}
	raw, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(l.factor)
	list = append(list, key("second factor", l.factor, raw))
	for i, code := range l.codes {
		list = append(list, digits("code", code, l.emails[i]))
	}
	return list
}

// live lives one, mistakes included.
func (w world) live(t *testing.T, told *answers) *lived {
	t.Helper()
	l := &lived{
		name: "Canary Zoé 8d1f", password: "a canary sings 4 all of us", wrong: "a canary sings 5 times wrong", other: "a canary sings 6 elsewhere",
	}
	srv := told.of(w.Nodes(t))
	from := func() *authtest.Client { return srv.Client(t).From(w.address()).Header("X-Request-Id", requestID) }

	l.register(t, w, from)
	c := from().Token(l.tokens[0])
	c.Patch("/me", Fields{"first_name": l.name}).Expect(200, "ME_UPDATED")
	c.Upload(photo(t, 16)).Expect(200, "ME_PHOTO_UPDATED")
	a := pending(c)
	l.factor = a.secret
	twoFA(c, "enable", a.wrong()).Expect(403, "TWOFA_INVALID_CODE")
	twoFA(c, "enable", a.next()).Expect(200, "TWOFA_ENABLED")
	login := authtest.LoginFields(l.email, "phone")
	from().Post("/auth/login", login.With("password", l.wrong)).Expect(401, "INVALID_CREDENTIALS")
	begun := from()
	id := begun.Post("/auth/login", login.With("password", l.password)).Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
	l.challenges = append(l.challenges, id)
	finish(begun, id, a.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
	finish(from(), id, a.wrong(), "phone").Expect(403, "TWOFA_CHALLENGE_MISMATCH")
	phone := finish(begun, id, a.next(), "phone").Expect(200, "LOGIN_SUCCESS").Text("data.access_token")
	l.tokens = append(l.tokens, phone)
	waiting := from().Post("/auth/login", login.With("password", l.password)).Expect(200, "TWOFA_REQUIRED")
	l.challenges = append(l.challenges, waiting.Text("data.challenge_id"))
	c.Get("/me").Expect(200, "ME_OK")
	c.Get("/auth/devices").Expect(200, "DEVICES_LIST")
	c.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS")

	l.invite(t, w, from)
	l.blunder(t, from)
	from().Token(phone).Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	from().Token(phone).Get("/me").Expect(401, "UNAUTHENTICATED")
	return l
}

// register makes three codes, of which one is spent, one is tried wrongly and one waits.
func (l *lived) register(t *testing.T, w world, from func() *authtest.Client) {
	t.Helper()
	for i := range 3 {
		email := fmt.Sprintf("canary.%d.%s@example.com", i, strings.ReplaceAll(w.address(), ".", "-"))
		code := from().Locale("en").SendCode(email)
		l.emails, l.codes = append(l.emails, email), append(l.codes, code)
		l.keepMail(t, w, email)
	}
	l.email = l.emails[0]
	from().VerifyCode(l.emails[1], authtest.OtherCode(l.codes[1])).Expect(403, "OTP_INVALID")
	from().VerifyCode(l.emails[1], l.codes[1]).Expect(200, "OTP_VALID")
	set := Fields{"email": l.email, "code": l.codes[0], "password": l.password, "password_confirmation": l.wrong}
	from().Post("/register-email-code/set-password", set).Invalid("password")
	issued := from().Post("/register-email-code/set-password", set.With("password_confirmation", l.password)).Expect(200, "TOKEN_ISSUED")
	l.id, l.tokens = issued.Int("user_id"), append(l.tokens, issued.Text("access_token"))
}

// invite makes two links, of which one is spent and one is opened.
func (l *lived) invite(t *testing.T, w world, from func() *authtest.Client) {
	t.Helper()
	for i := range 2 {
		email := fmt.Sprintf("canary.link.%d.%s@example.com", i, strings.ReplaceAll(w.address(), ".", "-"))
		token := from().Locale("en").SendLink(email)
		l.links = append(l.links, token)
		l.keepMail(t, w, email)
		from().Send("GET", "/register?token="+token+"&email="+url.QueryEscape(email), nil)
		if i == 0 {
			issued := from().Post("/auth/register/set-password", Fields{
				"email": email, "token": token, "password": l.other, "password_confirmation": l.other,
			}).Expect(200, "TOKEN_ISSUED")
			l.tokens = append(l.tokens, issued.Text("access_token"))
		}
	}
}

// keepMail keeps the sentences of a mail that were in clear nowhere but in it.
func (l *lived) keepMail(t *testing.T, w world, email string) {
	t.Helper()
	for _, line := range strings.Split(w.Mails(t, email)[0].Text, "\n") {
		if line = strings.TrimSpace(line); len(line) >= 30 && !strings.Contains(line, "://") {
			l.mails = append(l.mails, secret("mail", line))
		}
	}
	if len(l.mails) == 0 {
		t.Fatal("the mail has no sentence to look for")
	}
}

// blunder sends secrets where they do not belong.
func (l *lived) blunder(t *testing.T, from func() *authtest.Client) {
	t.Helper()
	token := l.tokens[0]
	login := authtest.LoginFields(l.email, "tablet").With("password", l.wrong)
	for _, a := range []*authtest.Answer{
		from().Send("GET", "/api/v1/me?access_token="+url.QueryEscape(token), nil),
		from().Send("GET", "/api/v1/no/such/path?token="+l.links[1]+"&password="+url.QueryEscape(l.wrong), nil),
		from().Token(token + "x").Get("/me"),
		from().Header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(l.email+":"+l.password))).Get("/me"),
		from().Post("/auth/login", `{"password":"`+l.wrong+`"`),
		from().Post("/auth/login", login.With("password", []string{l.wrong})),
		from().Post("/auth/login", login.With("email", l.wrong).With("device_type", l.wrong+l.wrong)),
		from().Post("/auth/register/set-password", Fields{"email": l.email, "token": l.links[1] + "0", "password": l.wrong, "password_confirmation": l.wrong}),
		from().Post("/register-email-code/verify", Fields{"email": l.emails[2], "code": l.codes[2] + "0"}),
		from().Post("/auth/login/2fa", Fields{"challenge_id": l.challenges[0], "code": "x", "device_id": "phone"}),
	} {
		if a.Status < 400 {
			a.Fail("what cannot be right was answered as if it were")
		}
	}
}

// configured are the secrets of the operator.
func (w world) configured(t *testing.T, collector string) []canary {
	t.Helper()
	_, text, _ := strings.Cut(strings.TrimSpace(w.Setting(t, "FLOWXI_KEYS")), ":")
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != 32 {
		t.Fatalf("the key of the ring is not read: %v", err)
	}
	keys, _, _ := strings.Cut(strings.TrimPrefix(w.Setting(t, "FLOWXI_STORAGE_URL"), "s3://"), "@127.")
	_, s3, _ := strings.Cut(keys, ":")
	return []canary{key("key of the ring", text, raw), secret("key of S3", s3), secret("password of the collector", collector)}
}

// collector takes traces, and whatever else nodes send to it. It fails the first call, so
// that a node has that to tell.
type collector struct {
	url, password string

	mu    sync.Mutex
	taken [][]byte
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{password: "canary-of-the-collector-77aa"}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.taken = append(c.taken, body)
		if len(c.taken) == 1 {
			rw.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(server.Close)
	c.url = strings.Replace(server.URL, "http://", "http://nodes:"+c.password+"@", 1)
	return c
}

func (c *collector) parts() map[string][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return map[string][]byte{"the batches": bytes.Join(c.taken, nil)}
}

func (w world) waitForTraces(t *testing.T, c *collector) {
	t.Helper()
	w.eventually(t, 20*time.Second, "the last login is in the traces", func() bool {
		return bytes.Contains(c.parts()["the batches"], []byte("/api/v1/auth/logout"))
	})
}

// tellAll has the nodes and PostgreSQL write down all that they can.
func (w world) tellAll(t *testing.T, c *collector) {
	t.Helper()
	w.Set(t, "FLOWXI_LOG_LEVEL", "debug")
	w.Set(t, "FLOWXI_TRACES_URL", c.url)
	for _, name := range []string{"node1", "node2"} {
		w.Stop(t, name)
		w.Start(t, name)
	}
	w.tell(t, "ALTER SYSTEM SET log_statement = 'all'", "ALTER SYSTEM SET log_parameter_max_length = -1", "SELECT pg_reload_conf()")
}

// checkpoint has PostgreSQL and Redis write down all that they hold.
func (w world) checkpoint(t *testing.T) {
	t.Helper()
	w.tell(t, "CHECKPOINT")
	redistest.Do(t, w.Setting(t, "FLOWXI_REDIS_URL"), "CONFIG", "SET", "rdbcompression", "no")
	redistest.Do(t, w.Setting(t, "FLOWXI_REDIS_URL"), "SAVE")
}

func (w world) tell(t *testing.T, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, w.Setting(t, "FLOWXI_DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// overhear listens to all that Redis is asked from now on.
func overhear(t *testing.T, w world) (heard func() []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.Setting(t, "FLOWXI_REDIS_URL"), "redis://"))
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(&all, conn)
	}()
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, "MONITOR\r\n"); err != nil {
		t.Fatal(err)
	}
	return func() []byte {
		_ = conn.Close()
		<-done
		return all.Bytes()
	}
}

// keptKeys are all keys and values of Redis, as it gives them out.
func keptKeys(t *testing.T, w world) (all []byte) {
	t.Helper()
	conn, err := redis.DialURL(w.Setting(t, "FLOWXI_REDIS_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for cursor := "0"; ; {
		page, err := redis.Values(conn.Do("SCAN", cursor, "COUNT", 1000))
		if err != nil {
			t.Fatal(err)
		}
		keys, err := redis.Strings(page[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			all = append(append(all, key...), value(t, conn, key)...)
		}
		if cursor, err = redis.String(page[0], nil); err != nil || cursor == "0" {
			return all
		}
	}
}

// value is all that a key holds, whatever its type.
func value(t *testing.T, conn redis.Conn, key string) []byte {
	t.Helper()
	kind, err := redis.String(conn.Do("TYPE", key))
	if err != nil {
		t.Fatal(err)
	}
	read := map[string][]any{
		"string": {"GET", key}, "hash": {"HGETALL", key}, "list": {"LRANGE", key, 0, -1}, "set": {"SMEMBERS", key},
		"zset": {"ZRANGE", key, 0, -1, "WITHSCORES"}, "stream": {"XRANGE", key, "-", "+"}, "none": nil, // gone meanwhile
	}
	command, known := read[kind]
	if !known {
		t.Fatalf("Redis holds a %s", kind)
	}
	if command == nil {
		return nil
	}
	name, _ := command[0].(string)
	reply, err := conn.Do(name, command[1:]...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return flat(reply)
}

func flat(reply any) (all []byte) {
	switch r := reply.(type) {
	case []byte:
		return append(r, '\n')
	case []any:
		for _, one := range r {
			all = append(all, flat(one)...)
		}
	}
	return all
}

// operate runs what an operator runs to see how things are.
func (w world) operate(t *testing.T, email string) map[string][]byte {
	t.Helper()
	output := map[string][]byte{}
	for _, command := range []string{
		"user list", "user show " + email, "user show " + email + " --json", "user events " + email + " --json", "audit tail", "audit export", "audit verify",
		"keys list", "migrate status", "version", "help serve", "backup " + filepath.Join(w.Dir, "canary.backup"),
	} {
		output[command] = []byte(w.Operate(t, strings.Fields(command)...))
	}
	backup, err := os.ReadFile(filepath.Join(w.Dir, "canary.backup"))
	if err != nil {
		t.Fatal(err)
	}
	output["the file of the backup"] = backup
	return output
}

// metrics are all pages of the operators' listeners that tell of what goes on.
func (w world) metrics(t *testing.T) map[string][]byte {
	t.Helper()
	pages := map[string][]byte{}
	for n := 1; n <= w.nodes; n++ {
		for _, path := range []string{"/metrics", "/readyz", "/livez", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1"} {
			status, page := w.ask(t, n, path)
			if status != http.StatusOK {
				t.Fatalf("%s is answered with %d", path, status)
			}
			pages[fmt.Sprint(n, path)] = []byte(page)
		}
	}
	return pages
}

// crash ends a node as a fault of its own would, with all that Go then writes down.
func crash(t *testing.T, w world) {
	t.Helper()
	w.Signal(t, "node1", syscall.SIGQUIT)
	w.eventually(t, 20*time.Second, "the node is gone", func() bool { return !w.Running(t, "node1") })
	if log, err := os.ReadFile(filepath.Join(w.Dir, "node1.log")); err != nil || !bytes.Contains(log, []byte("SIGQUIT")) || !bytes.Contains(log, []byte("goroutine ")) {
		t.Fatalf("the node did not write down how it ended: %v", err)
	}
}

func (w world) logs(t *testing.T) map[string][]byte {
	t.Helper()
	logs := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(w.Dir, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if logs[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return logs
}

// commandLines are those of the nodes that still run, which anybody on their machine may
// read. A node starts no other process that could be told more.
func (w world) commandLines(t *testing.T) map[string][]byte {
	t.Helper()
	lines := map[string][]byte{}
	list := w.Processes(t, "node2")
	if len(list) != 1 {
		t.Errorf("a node has started %d other processes", len(list)-1)
	}
	for _, pid := range list {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			t.Fatal(err)
		}
		lines[fmt.Sprint(pid)] = line
	}
	return lines
}

// answers are all that were given to clients, with their headers.
type answers struct {
	mu  sync.Mutex
	all map[string][]byte // by their number and what was asked for
}

// of has a server's clients note what they are told.
func (a *answers) of(srv *authtest.Server) *authtest.Server {
	check := srv.OnExchange
	srv.OnExchange = func(req *http.Request, payload []byte, resp *http.Response, body []byte) {
		var header bytes.Buffer
		_ = resp.Header.Write(&header)
		a.mu.Lock()
		if a.all == nil {
			a.all = map[string][]byte{}
		}
		a.all[fmt.Sprintf("answer %d, to %s %s", len(a.all)+1, req.Method, req.URL.Path)] = append(header.Bytes(), body...)
		a.mu.Unlock()
		check(req, payload, resp, body)
	}
	return srv
}

// search demands that each secret that is given out is so once, and no other at all.
func (a *answers) search(t *testing.T, l *lived, configured []canary) {
	t.Helper()
	haystack{"an answer", a.all, secret("name of a person", l.name)}.search(t, configured)
	for _, s := range l.secrets() {
		var in []string
		for name, answer := range a.all {
			if _, found := s.in(answer); found {
				in = append(in, name)
			}
		}
		want := 0
		switch s.what {
		case "token", "challenge", "second factor":
			want = 1
		}
		if len(in) != want {
			t.Errorf("the %s is in %d answers, want %d: %q", s.what, len(in), want, in)
		}
	}
}
