package node_test

import (
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/seal"
)

// foretold is a chance that is known beforehand.
type foretold struct{ auth.Random }

func (foretold) Code() string { return "123456" }

func TestCodesThatAreKnownAreForASandboxOfItsOwn(t *testing.T) {
	t.Parallel()
	open := func(folder string, o node.Options, environ ...string) error {
		cfg, err := config.Load(append(environ, "FLOWXI_DATA_DIR="+folder, "FLOWXI_KEYS="+key))
		if err != nil {
			t.Fatal(err)
		}
		n, err := node.New(t.Context(), cfg, o)
		if err == nil {
			err = n.Close()
		}
		return err
	}
	const sandbox = "FLOWXI_ENVIRONMENT=sandbox"
	used := t.TempDir()
	if err := open(used, node.Options{}, sandbox); err != nil {
		t.Fatal(err)
	}
	for _, o := range []node.Options{{Chance: foretold{}}, {LocalOrigins: true}} {
		if err := open(t.TempDir(), o, sandbox); err != nil {
			t.Errorf("an empty sandbox refuses: %v", err)
		}
		for name, err := range map[string]error{
			"production":       open(t.TempDir(), o),
			"a database":       open(t.TempDir(), o, sandbox, "FLOWXI_DATABASE_URL=postgres://127.0.0.1:1/none"),
			"Redis":            open(t.TempDir(), o, sandbox, "FLOWXI_REDIS_URL=redis://127.0.0.1:1"),
			"a bucket":         open(t.TempDir(), o, sandbox, "FLOWXI_STORAGE_URL=s3://a:b@127.0.0.1:1/none?tls=false"),
			"people's sandbox": open(used, o, sandbox),
		} {
			if err == nil || !strings.Contains(err.Error(), "codes that are known beforehand") {
				t.Errorf("with %s it ended with %v", name, err)
			}
		}
	}
}

var key = seal.NewKey()
