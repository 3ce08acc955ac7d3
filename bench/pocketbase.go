package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
)

// pocketBaseCost is what a field for passwords has there unless its collection says
// otherwise.
const pocketBaseCost = 10

// openPocketBase starts PocketBase with the collection of people that it makes by itself.
func openPocketBase(ctx context.Context, o options) (*peer, error) {
	title, err := titleOf("PocketBase", o.pocketbase)
	if err != nil {
		return nil, err
	}
	t := &target{name: "pocketbase", engine: sqlite, people: people{count: o.people}, http: newClient()}
	data, environ := filepath.Join(o.dir, t.name), []string{"HOME=" + o.dir}
	// While it has no operator, it looks for a browser to ask for one in.
	if err := run(ctx, environ, o.pocketbase, "superuser", "upsert", "operator@example.com", password, "--dir", data); err != nil {
		return nil, err
	}
	if t.server, err = start(ctx, "/api/health", environ, o.pocketbase, "serve", "--http", "{addr}", "--dir", data); err != nil {
		return nil, err
	}
	users := t.server.URL + "/api/collections/users/"
	logIn := func(ctx context.Context, i int) ([]byte, error) {
		return t.call(ctx, http.MethodPost, users+"auth-with-password", "",
			fmt.Sprintf(`{"identity":%q,"password":%q}`, email(t.people.person(i)), password), http.StatusOK, "")
	}
	var in []pocketBaseLogin
	p := &peer{
		target: t, title: title, cost: pocketBaseCost, slots: allCores(),
		logIn: func(ctx context.Context, i int) error {
			_, err := logIn(ctx, i)
			return err
		},
		readOwn: func(ctx context.Context, i int) error {
			own := in[i%len(in)]
			_, err := t.call(ctx, http.MethodGet, users+"records/"+own.Record.ID, own.Token, "", http.StatusOK, "")
			return err
		},
	}
	for i := range o.people {
		body := fmt.Sprintf(`{"email":%q,"name":"Ada Lovelace","password":%q,"passwordConfirm":%[2]q}`, email(t.people.person(i)), password)
		if _, err := t.call(ctx, http.MethodPost, users+"records", "", body, http.StatusOK, ""); err != nil {
			return p, err
		}
		answer, err := logIn(ctx, i)
		if err != nil {
			return p, err
		}
		var own pocketBaseLogin
		if err := json.Unmarshal(answer, &own); err != nil {
			return p, err
		}
		in = append(in, own)
	}
	return p, nil
}

// pocketBaseLogin is what its answer to a login says of who has logged in.
type pocketBaseLogin struct {
	Token  string
	Record struct{ ID string }
}
