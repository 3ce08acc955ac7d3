package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
)

// kratosCost is what Kratos hashes with unless hashers.bcrypt.cost says otherwise.
const kratosCost = 12

// kratosPerson is what it is to know of people, since it has no idea of its own.
const kratosPerson = `{
	"$id": "https://example.com/person.json",
	"$schema": "http://json-schema.org/draft-07/schema#",
	"type": "object",
	"properties": {"traits": {
		"type": "object",
		"properties": {
			"email": {"type": "string", "format": "email", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}},
			"first_name": {"type": "string"},
			"last_name": {"type": "string"}
		},
		"required": ["email"],
		"additionalProperties": false
	}}
}`

// kratosSettings are those that it does not start without, its addresses on loopback, and
// its reports to its makers off.
func kratosSettings(dsn string) []string {
	schema := "base64://" + base64.StdEncoding.EncodeToString([]byte(kratosPerson))
	return []string{
		"DSN=" + dsn,
		`IDENTITY_SCHEMAS=[{"id":"person","url":"` + schema + `"}]`, "IDENTITY_DEFAULT_SCHEMA_ID=person",
		"SELFSERVICE_DEFAULT_BROWSER_RETURN_URL=http://127.0.0.1/",
		"SERVE_PUBLIC_HOST=127.0.0.1", "SERVE_PUBLIC_PORT={addr.port}",
		"SERVE_ADMIN_HOST=127.0.0.1", "SERVE_ADMIN_PORT={ops.port}",
		"SQA_OPT_OUT=true",
	}
}

func openKratos(ctx context.Context, o options) (*peer, error) {
	title, err := titleOf("Ory Kratos", o.kratos)
	if err != nil {
		return nil, err
	}
	t := &target{name: "kratos", engine: postgres, behind: []charged{o.postgres}, people: people{count: o.people}, http: newClient()}
	dsn, err := o.createDatabase(ctx, t.name)
	if err != nil {
		return nil, err
	}
	// As many connections as Flowxi has, all kept: otherwise most of a request is to connect.
	dsn += "&max_conns=20&max_idle_conns=20"
	environ := []string{"HOME=" + o.dir, "DSN=" + dsn}
	if err := run(ctx, environ, o.kratos, "migrate", "sql", "--read-from-env", "--yes"); err != nil {
		return nil, err
	}
	if t.server, err = start(ctx, "/health/ready", append(environ, kratosSettings(dsn)...), o.kratos, "serve"); err != nil {
		return nil, err
	}
	var tokens []string
	p := &peer{
		target: t, title: title, cost: kratosCost, slots: allCores(),
		logIn: func(ctx context.Context, i int) error {
			_, err := t.kratosLogin(ctx, i)
			return err
		},
		readOwn: func(ctx context.Context, i int) error {
			_, err := t.call(ctx, http.MethodGet, t.server.URL+"/sessions/whoami", tokens[i%len(tokens)], "", http.StatusOK, "")
			return err
		},
	}
	for i := range o.people {
		body := fmt.Sprintf(`{"schema_id":"person","traits":{"email":%q,"first_name":"Ada","last_name":"Lovelace"},
			"credentials":{"password":{"config":{"password":%q}}}}`, email(t.people.person(i)), password)
		if _, err := t.call(ctx, http.MethodPost, t.server.ops+"/admin/identities", "", body, http.StatusCreated, ""); err != nil {
			return p, err
		}
		token, err := t.kratosLogin(ctx, i)
		if err != nil {
			return p, err
		}
		tokens = append(tokens, token)
	}
	return p, nil
}

// kratosLogin is two requests: one for a flow, and one that goes through it.
func (t *target) kratosLogin(ctx context.Context, i int) (token string, err error) {
	answer, err := t.call(ctx, http.MethodGet, t.server.URL+"/self-service/login/api", "", "", http.StatusOK, "")
	if err != nil {
		return "", err
	}
	var flow struct{ ID string }
	if err := json.Unmarshal(answer, &flow); err != nil {
		return "", err
	}
	body := fmt.Sprintf(`{"method":"password","identifier":%q,"password":%q}`, email(t.people.person(i)), password)
	if answer, err = t.call(ctx, http.MethodPost, t.server.URL+"/self-service/login?flow="+flow.ID, "", body, http.StatusOK, ""); err != nil {
		return "", err
	}
	var in struct {
		Token string `json:"session_token"`
	}
	err = json.Unmarshal(answer, &in)
	return in.Token, err
}
