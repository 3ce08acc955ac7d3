// Package internal_test holds the house together: it reads the import graph and says
// in a sentence where a package leans on one that it must not know.
package internal_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "flowxi.app/flowxi/"

// mayImport says, for each package, which others of this module it may lean on. A
// package that is not named here has no place in the house yet.
var mayImport = map[string][]string{
	"internal": {}, // this test

	// For programs of others: whoever imports it gets nothing of the server with it.
	"client": {},

	// Documents that stand at the top.
	"flowxi.app/flowxi": {},

	// The nouns and the small packages at the bottom.
	"internal/account":   {},
	"internal/seal":      {},
	"internal/totp":      {},
	"internal/rescue":    {}, // anybody may start a goroutine
	"internal/disk":      {},
	"internal/header":    {}, // says what a browser may do with an answer
	"internal/trace":     {}, // says what time goes on; where it is sent is for otlp
	"internal/password":  {"internal/trace"},
	"internal/cache":     {"internal/rescue", "internal/trace"},
	"internal/photo":     {"internal/rescue", "internal/trace"},
	"internal/blob":      {},
	"internal/ratelimit": {"internal/cache"},
	"internal/locale":    {"internal/account"},
	"internal/form":      {"internal/account", "internal/password"},
	"internal/config":    {"internal/account", "internal/password", "internal/ratelimit"},

	// One direction: cmd → {doctor, mock} → node → reference → {api, web, mail} → auth → store → account,
	// where few lean on all that are after them: web and mail know nothing of auth.
	"internal/store": {"internal/account", "internal/seal", "internal/trace"},
	"internal/auth": {
		"internal/account", "internal/blob", "internal/cache", "internal/config", "internal/form", "internal/password",
		"internal/photo", "internal/ratelimit", "internal/rescue", "internal/seal", "internal/store", "internal/totp",
		"internal/trace",
	},
	"internal/mail":     {"internal/account", "internal/locale", "internal/rescue", "internal/seal", "internal/store", "internal/trace"},
	"internal/transfer": {"internal/blob", "internal/rescue", "internal/seal", "internal/store"},
	"internal/api": {
		"internal/account", "internal/auth", "internal/config", "internal/form", "internal/header", "internal/locale", "internal/photo",
		"internal/rescue", "internal/trace",
	},
	"internal/reference": {
		"client", "internal/account", "internal/api", "internal/auth", "internal/config", "internal/form", "internal/header", "internal/locale",
		"internal/password", "internal/photo", "internal/ratelimit", "internal/totp", "internal/web",
	},
	"internal/web": {"flowxi.app/flowxi", "internal/account", "internal/blob", "internal/config", "internal/header", "internal/locale", "internal/mail"},

	// What an operator looks at. The parts count for themselves, and metrics asks them.
	"internal/otlp": {"internal/rescue", "internal/trace"},
	"internal/metrics": {
		"internal/account", "internal/api", "internal/auth", "internal/blob", "internal/cache", "internal/disk", "internal/mail", "internal/password",
		"internal/photo", "internal/rescue", "internal/store",
	},

	"internal/node": {
		"internal/account", "internal/api", "internal/auth", "internal/blob", "internal/cache", "internal/config", "internal/disk", "internal/header", "internal/locale",
		"internal/mail", "internal/metrics", "internal/otlp", "internal/password", "internal/photo", "internal/ratelimit", "internal/reference", "internal/rescue", "internal/seal",
		"internal/store", "internal/trace", "internal/transfer", "internal/web",
	},
	// What looks at all of it from outside.
	"internal/doctor": {
		"internal/account", "internal/auth", "internal/blob", "internal/cache", "internal/config", "internal/disk", "internal/locale", "internal/mail", "internal/node",
		"internal/rescue", "internal/seal", "internal/store",
	},
	// What is all of it for tests of a frontend, and a client of itself.
	"internal/mock": {
		"client", "internal/account", "internal/api", "internal/auth", "internal/config", "internal/header", "internal/mail", "internal/node",
		"internal/password", "internal/totp",
	},
	"cmd/flowxi": {
		"internal/account", "internal/auth", "internal/config", "internal/doctor", "internal/mock", "internal/node", "internal/seal", "internal/store", "internal/transfer",
	},

	// What only tests use.
	"internal/backing":                  {},
	"internal/browsertest":              {},
	"internal/cache/cachetest":          {"internal/cache"},
	"internal/cache/redistest":          {"internal/backing", "internal/cache"},
	"internal/blob/blobtest":            {"internal/blob"},
	"internal/blob/s3test":              {"internal/backing"},
	"internal/backing/mailsink":         {},
	"internal/clustertest":              {"internal/authtest", "internal/backing", "internal/cache/redistest", "internal/mail"},
	"internal/alerts":                   {}, // its tests start the whole thing
	"internal/faults":                   nil,
	"internal/dbtest":                   {"internal/backing", "internal/store"},
	"internal/password/internal/mklist": {},
	"internal/authtest":                 nil, // starts the whole thing, so it may know all of it
	"internal/canary":                   {},
	"internal/contract":                 nil,
	"internal/attack":                   nil,
	"internal/silence":                  {}, // its tests start the whole thing
	"clients/ts":                        {}, // so do these, for what is no Go
	"examples/web":                      {},
}

// onlyIn names what the rest of the house must not touch, and the packages that may.
var onlyIn = map[string][]string{
	// Blob is no server: S3 is spoken over HTTP, within limits that are set there.
	"net/http": {
		"internal/api", "internal/web", "internal/header", "internal/node", "internal/blob", "internal/metrics", "internal/otlp", "internal/mock", "cmd/flowxi",
		"client",
		"internal/authtest", "internal/contract", "internal/attack", "internal/silence", "internal/clustertest", "internal/faults", "internal/backing/mailsink",
	},
	"net/http/pprof": {"internal/node"},
	"database/sql":   {"internal/store", "internal/dbtest"},

	"github.com/prometheus/client_golang/prometheus": {"internal/metrics"},
	"go.opentelemetry.io/otel/sdk/trace":             {"internal/otlp"},
	"go.opentelemetry.io/otel/trace":                 {"internal/trace"},
	"github.com/chromedp/chromedp":                   {"internal/browsertest"},

	// Chance that can be foretold makes no secret: it spreads callers and tests.
	"math/rand":    {},
	"math/rand/v2": {"client", "internal/backing", "internal/mail", "internal/mock", "internal/silence", "internal/store"},

	// What would take memory or the machine into hands other than those of Go. In password
	// it links a function of argon2 by its name, and TestOnlyArgon2IsLinkedByName sees to that.
	"C":       {},
	"unsafe":  {"internal/password"},
	"os/exec": {"internal/authtest", "internal/backing", "internal/canary", "internal/clustertest"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestTheHouseIsAsDrawn(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("%s has no place in the house: name it in mayImport, with what it may lean on", name)
			continue
		}
		for _, other := range p.Imports {
			if keepers, guarded := onlyIn[other]; guarded && !slices.Contains(keepers, name) {
				t.Errorf("%s imports %s, which belongs to %s alone", name, other, cmp.Or(strings.Join(keepers, ", "), "nobody"))
			}
			inside, ours := strings.CutPrefix(other, module)
			if ours = ours || other == strings.TrimSuffix(module, "/"); ours && allowed != nil && !slices.Contains(allowed, inside) {
				t.Errorf("%s imports %s, which it must not know", name, inside)
			}
		}
		if name == "internal/account" || name == "client" {
			standardOnly(t, p)
		}
	}
}

func standardOnly(t *testing.T, p listed) {
	t.Helper()
	for _, other := range p.Imports {
		if strings.Contains(strings.Split(other, "/")[0], ".") {
			t.Errorf("%s imports %s; it depends on the standard library alone", p.ImportPath, other)
		}
	}
}

func packages(t *testing.T) (list []listed) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatalf("go list: %v", err)
		}
		list = append(list, p)
	}
	if len(list) < 10 {
		t.Fatalf("go list names %d packages; the house has more", len(list))
	}
	return list
}

// linked names what is reached in other packages past what they export, and the file that does.
var linked = map[string]string{
	"golang.org/x/crypto/argon2.processBlocks": "internal/password/argon2id.go",
	"golang.org/x/crypto/argon2.initHash":      "internal/password/argon2id_test.go",
	"golang.org/x/crypto/argon2.initBlocks":    "internal/password/argon2id_test.go",
}

// Who imports unsafe by no name can link what is named in a comment, and has no pointers of it.
func TestOnlyArgon2IsLinkedByName(t *testing.T) {
	t.Parallel()
	found := 0
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // another test has made it and taken it away
			return nil
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "node_modules", "build", "dist", "flowxi-data"}, entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", path), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			if i.Path.Value == `"unsafe"` && (i.Name == nil || i.Name.Name != "_") {
				t.Errorf("%s imports unsafe", path)
			}
		}
		for _, group := range file.Comments {
			for _, c := range group.List {
				words := strings.Fields(c.Text)
				if words[0] != "//go:linkname" {
					continue
				}
				found++
				if other := words[len(words)-1]; linked[other] != filepath.ToSlash(path) {
					t.Errorf("%s links %s", path, other)
				}
			}
		}
		return nil
	})
	if err != nil || found != len(linked) {
		t.Errorf("%d functions are linked, want %d (%v)", found, len(linked), err)
	}
}
