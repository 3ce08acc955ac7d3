package attack_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomodule/redigo/redis"
	"github.com/jackc/pgx/v5"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

// What somebody reads who has stolen all that is kept, but for the keys.
var readingsOfStores = []attempt{
	{kind: reading, try: "a token in the database and its journal", defence: tokenHashed, run: tokenKept},
	{kind: reading, try: "the token of a link in the database and its journal", defence: linkHashed, run: linkKept},
	{kind: reading, try: "a password in the database and its journal", defence: passwordHashed, run: passwordKept},
	{kind: reading, try: "the secret of a second factor in the database and its journal", defence: sealed, run: factorKept},
	{kind: reading, try: "the code of a mail in the database and its journal", defence: sealed, run: codeKept},
	{kind: reading, try: "a challenge in what all nodes share", defence: challengeHashed, run: challengeKept, nodes: true},
	{kind: reading, try: "an address in the counts of limits, by trying out its hash", defence: keyedCounts, run: addressCounted},
}

var (
	tokenHashed = canary.Stands("hash of a token", canary.Place{
		File: "internal/auth/session.go", Code: "}, hashSecret(secret))", Without: "}, ifGone($NAME, []byte(secret), hashSecret(secret)))",
	})
	linkHashed = canary.Stands("hash of a link", canary.Place{
		File: "internal/auth/register_link.go", Code: "tx.PutLink(ctx, id, hashSecret(token)",
		Without: "tx.PutLink(ctx, id, ifGone($NAME, []byte(token), hashSecret(token))",
	})
	passwordHashed = canary.Stands("hash of a password", canary.Place{
		File: "internal/auth/register.go", Code: "PasswordHash: account.Secret(hash)", Without: "PasswordHash: ifGone($NAME, plain, account.Secret(hash))",
	})
	challengeHashed = canary.Stands("hash of a challenge", canary.Place{
		File: secondStep, Code: "hex.EncodeToString(hashSecret(id))", Without: "ifGone($NAME, id, $CODE)",
	})
	sealed = canary.Stands("seal", canary.Place{
		File: "internal/seal/envelope.go", Code: "return k.sealer.Seal(out, nonce, plaintext, associated(out[:header], context))",
		Without: "if $GONE {\n\t\treturn append(append(out, plaintext...), make([]byte, chacha20poly1305.Overhead)...)\n\t}\n\t$CODE",
	}, canary.Place{
		File: "internal/seal/envelope.go", Code: "plaintext, err := k.sealer.Open(nil, e.nonce, e.ciphertext, associated(e.header, context))",
		Without: "$CODE\n\tif $GONE {\n\t\tplaintext, err = e.ciphertext[:len(e.ciphertext)-chacha20poly1305.Overhead], nil\n\t}",
	})
)

var keyedCounts = canary.Stands("keyed counts", canary.Place{
	File: "internal/ratelimit/limiter.go", Code: "hmac.New(sha256.New, key)", Without: "ifGone($NAME, sha256.New(), $CODE)",
})

// kept is all that a server keeps but its keys and the inbox, which stands for the
// world: the files of one node, or the rows of the database and what Redis holds.
func kept(t *testing.T, w *world) []byte {
	t.Helper()
	if w.engine == authtest.Embedded {
		return keptFiles(t, w.Config(t).DataDir)
	}
	return append(keptRows(t, w), keptKeys(t, w)...)
}

func keptFiles(t *testing.T, folder string) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "inbox" {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() {
			return nil
		}
		contents, err := os.ReadFile(path)
		all = append(all, contents...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func keptRows(t *testing.T, w *world) (all []byte) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, string(w.Config(t).DatabaseURL))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, table := range column(t, conn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") {
		name := pgx.Identifier{table}.Sanitize()
		all = append(all, strings.Join(column(t, conn, "SELECT r::text FROM "+name+" r"), "\n")...)
	}
	return all
}

func column(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func keptKeys(t *testing.T, w *world) (all []byte) {
	t.Helper()
	conn, err := redis.DialURL(string(w.Config(t).RedisURL))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	keys, err := redis.Strings(conn.Do("KEYS", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		all = append(all, key...)
		if value, err := redis.Bytes(conn.Do("GET", key)); err == nil { // it is a text
			all = append(all, value...)
		}
	}
	return all
}

// expectUnkept demands that something is kept, and a secret is not, in any writing.
func expectUnkept(t *testing.T, w *world, known, secret string) {
	t.Helper()
	all := kept(t, w)
	if !bytes.Contains(all, []byte(known)) {
		t.Fatalf("%d bytes are kept, and not even %q is in them", len(all), known)
	}
	for _, writing := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
		if bytes.Contains(all, []byte(writing)) {
			t.Errorf("the secret is kept: %q", writing)
		}
	}
}

func tokenKept(t *testing.T, w *world) {
	p := w.person(t)
	expectUnkept(t, w, p.Email, secretOf(p.Bearer()))
}

func linkKept(t *testing.T, w *world) {
	email := w.email()
	expectUnkept(t, w, email, w.stranger(t).SendLink(email))
}

func passwordKept(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	const password = "a canary sings 7 in the dark"
	c.Post("/register-email-code/set-password", authtest.Fields{
		"email": email, "code": c.SendCode(email), "password": password, "password_confirmation": password,
	}).Expect(200, "TOKEN_ISSUED")
	expectUnkept(t, w, email, password)
}

func factorKept(t *testing.T, w *world) {
	p := replaySecured(t, w)
	expectUnkept(t, w, p.Email, p.secret)
}

// codeKept looks for the code as the outbox writes it, since six digits alone may be
// anything.
func codeKept(t *testing.T, w *world) {
	email := w.email()
	expectUnkept(t, w, email, `"`+w.stranger(t).SendCode(email)+`"`)
}

func challengeKept(t *testing.T, w *world) {
	p := replaySecured(t, w)
	expectUnkept(t, w, p.Email, p.challenge("phone"))
}

// addressCounted looks for the hash of an address in the writings that a count might have.
func addressCounted(t *testing.T, w *world) {
	email := w.email()
	w.stranger(t).SendCode(email)
	all, hash := kept(t, w), sha256.Sum256([]byte(email))
	if !bytes.Contains(all, []byte("mail.email:")) {
		t.Fatal("nothing is counted by addresses")
	}
	if w.engine == authtest.Embedded {
		journal := keptFiles(t, filepath.Join(w.Config(t).DataDir, "limits"))
		if !bytes.Contains(journal, []byte("mail.email:")) || bytes.Contains(journal, []byte(email)) {
			t.Error("the journal of limits has no counts by addresses, or has the addresses")
		}
	}
	for _, writing := range []string{
		string(hash[:]), hex.EncodeToString(hash[:]), base64.RawURLEncoding.EncodeToString(hash[:]), base64.RawStdEncoding.EncodeToString(hash[:]),
	} {
		if bytes.Contains(all, []byte(writing)) {
			t.Errorf("an address stands there by its hash: %q", writing)
		}
	}
}
