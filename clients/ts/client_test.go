// Package ts_test holds the TypeScript client to the API: it is made from today's
// description, compiles with every sample of its README, and works against a server. Its
// one rule: what is tested is the package as others import it.
package ts_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

var update = flag.Bool("update", false, "generate src/schema.ts anew, and write the size into the README")

// TestMain generates before anything is compiled.
func TestMain(m *testing.M) {
	flag.Parse()
	if *update {
		if err := generate(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func generate() error {
	if out, err := exec.Command("../../scripts/npm", ".", "generate").CombinedOutput(); err != nil {
		return fmt.Errorf("generate: %w\n%s", err, out)
	}
	size, err := size()
	if err != nil {
		return err
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	return os.WriteFile("README.md", told.ReplaceAllLiteral(readme, []byte(size)), 0o644)
}

// told is what the README says of how large the client is.
var told = regexp.MustCompile(`\*\*[0-9.]+ KB\*\*`)

// size is how large it is, minified and by gzip.
func size() (string, error) {
	var problems bytes.Buffer
	npm := exec.Command("../../scripts/npm", ".", "size")
	npm.Stderr = &problems
	code, err := npm.Output()
	if err != nil {
		return "", fmt.Errorf("size: %w\n%s", err, &problems)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(code); err != nil {
		return "", err
	}
	_ = w.Close() // to a buffer
	return fmt.Sprintf("**%.1f KB**", float64(packed.Len())/1000), nil
}

// build installs what the client is made with, and compiles it and its tests.
func build(t *testing.T) {
	t.Helper()
	run(t, "../../scripts/npm", ".", "check")
}

// run runs a program here and returns what it has printed.
func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	return runWith(t, nil, program, args...)
}

func runWith(t *testing.T, environ []string, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), environ...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out, &problems)
	}
	return out
}

func TestTheTypesAreThoseOfTheDescription(t *testing.T) {
	t.Parallel()
	run(t, "../../scripts/npm", ".")
	made := filepath.Join(t.TempDir(), "schema.ts")
	run(t, "node_modules/.bin/openapi-typescript", "../../docs/openapi.yaml", "--output", made)
	if read(t, "src/schema.ts") != read(t, made) {
		t.Error("src/schema.ts is not what docs/openapi.yaml makes: run go test ./clients/ts -update")
	}
}

func TestTheClientWorksAgainstAServer(t *testing.T) {
	t.Parallel()
	build(t)
	program := authtest.Build(t)
	environ := []string{
		"FLOWXI_TEST_SERVER=" + authtest.Serve(t, program, "FLOWXI_RATE_LIMITS=off"),
		"FLOWXI_TEST_STRICT_SERVER=" + authtest.Serve(t, program, "FLOWXI_LIMIT_MAIL_PER_EMAIL=1/2s", "FLOWXI_LIMIT_LOGIN_PER_EMAIL_NETWORK=1/1h"),
	}
	tests, err := filepath.Glob("build/test/*.test.js")
	if err != nil || len(tests) == 0 {
		t.Fatalf("there are no tests: %v", err)
	}
	out := runWith(t, environ, "node", append([]string{"--test", "--test-reporter=spec"}, tests...)...)
	t.Logf("%s", out)
	if ran := regexp.MustCompile(`ℹ pass (\d+)`).FindSubmatch(out); ran == nil || len(ran[1]) < 2 {
		t.Errorf("too few tests ran")
	}
}

// usualClient is what samples of the README call flowxi where they make none themselves.
const usualClient = `declare const flowxi: import("@flowxi/client").FlowxiClient;` + "\n"

// TestTheSamplesCompile compiles those of the page on flowxi mock as well, which are for
// people who write in TypeScript, too.
func TestTheSamplesCompile(t *testing.T) {
	t.Parallel()
	build(t)
	var samples [][]string
	for page, least := range map[string]int{"README.md": 5, "../../docs/mock.md": 3} {
		found := regexp.MustCompile("(?s)```ts\n(.*?)```").FindAllStringSubmatch(read(t, page), -1)
		if len(found) < least {
			t.Fatalf("%s has %d samples", page, len(found))
		}
		samples = append(samples, found...)
	}
	dir, err := os.MkdirTemp("build", "readme-") // below the package, whose name the samples import
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for i, sample := range samples {
		text := sample[1] + "export {};\n"
		if !strings.Contains(text, "const flowxi =") {
			text = usualClient + text
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("sample%02d.ts", i+1)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := `{"extends": "../../test/readme/tsconfig.json", "include": [".", "../../test/readme"]}`
	if err := os.WriteFile(filepath.Join(dir, "tsconfig.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "node_modules/.bin/tsc", "--project", dir)
}

func TestTheReadmeTellsTheSize(t *testing.T) {
	t.Parallel()
	size, err := size()
	if err != nil {
		t.Fatal(err)
	}
	if found := told.FindString(read(t, "README.md")); found != size {
		t.Errorf("the client is %s, and the README says %q: run go test ./clients/ts -update", size, found)
	}
}

func TestTheReadmeNamesEveryOperation(t *testing.T) {
	t.Parallel()
	operations := regexp.MustCompile(`(?m)^\s+operationId: (\w+)$`).FindAllStringSubmatch(read(t, "../../docs/openapi.yaml"), -1)
	if len(operations) < 20 {
		t.Fatalf("only %d operations were found", len(operations))
	}
	readme := read(t, "README.md")
	for _, m := range operations {
		if !strings.HasPrefix(m[1], "head") && !strings.Contains(readme, "| `"+m[1]+"` |") {
			t.Errorf("README.md does not tell of %s", m[1])
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
