package internal_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// beside are the goroutines of the product, each by the function that starts it, with what
// keeps a panic in it from ending the process, or why there is none to keep.
var beside = map[string]string{
	"api/within.go set":                 "ends a context, and calls nothing that it was given",
	"store/batch.go beginBatch":         "ends a context",
	"api/pace.go hold":                  "compares times, and calls nothing that it was given",
	"auth/jobs.go Run":                  "each turn is under rescue: TestAPanicInAJobCostsOneTurn",
	"cache/memory.go NewMemory":         "each sweep is under rescue: TestAPanicInASweepCostsOneTurn",
	"cache/journal.go OpenMemory":       "each sweep is under rescue: TestAPanicInASweepCostsOneTurn",
	"cache/redis.go OpenRedis":          "each look is under rescue: TestAPanicInALookCostsOneTurn",
	"mail/worker.go Run":                "each mail is under rescue: TestAPanicOverOneMailIsOneFailedTry",
	"mock/mock.go begin":                "starts the jobs of a node, which keep their panics: node/run.go Run",
	"mock/mock.go ServeHTTP":            "ends a context",
	"mock/mock.go Serve":                "stops net/http, which keeps the panics of its handlers",
	"node/mixed.go newMixed":            "accepts, and nothing else",
	"node/mixed.go run":                 "the handshake is under rescue: TestAPanicInAHandshakeCostsOneConnection",
	"node/mixed.go finish":              "waits",
	"node/ops.go openOps":               "net/http keeps the panics of its handlers",
	"node/run.go Run":                   "starts the jobs, the worker and watchRing, each of which is under rescue: TestAPanicOverTheKeyRingCostsOneTurn",
	"node/serve.go Serve":               "starts the jobs, and net/http, which keeps the panics of its handlers",
	"transfer/backup.go hold":           "each turn is under rescue: TestAPanicInTheHoldingIsAFailedTurn",
	"cmd/flowxi/main.go untilSignal":    "ends a context",
	"cmd/flowxi/serve.go Run":           "writes to a socket, and asks the node, which keeps its panics: node/alive.go Alive",
	"mail/settle.go settle":             "wakes the worker",
	"doctor/doctor.go beside":           "each check is under rescue: TestACheckThatPanicsOrHangsStopsNoOther",
	"mail/smtp.go dialer":               "closes a connection",
	"mail/worker.go outlive":            "ends a context",
	"otlp/exporter.go ExportSpans":      "ends a context",
	"password/argon2id.go newWorkspace": "empties a channel",
}

// ofTests are the packages that no program of the product has in it.
var ofTests = []string{"attack/", "authtest/", "backing/", "blob/blobtest/", "cache/cachetest/", "canary/", "clustertest/", "silence/"}

// A panic that nothing recovers from ends the process, whoever else it serves.
func TestEveryGoroutineKeepsItsPanics(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for path, file := range sources(t) {
		path = strings.TrimPrefix(path, "../")
		if slices.ContainsFunc(ofTests, func(p string) bool { return strings.HasPrefix(path, p) }) {
			continue
		}
		for _, name := range startsBeside(file) {
			where := path + " " + name
			if beside[where] == "" {
				t.Errorf("%s starts a goroutine: put its work under rescue, and say so in beside", where)
			}
			seen[where] = true
		}
	}
	for where := range beside {
		if !seen[where] {
			t.Errorf("%s starts no goroutine any more: take it out of beside", where)
		}
	}
}

// startsBeside names the functions of a file that start a goroutine: by the statement, by
// sync.WaitGroup, or by AfterFunc.
func startsBeside(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				names = append(names, f.Name.Name)
			case *ast.CallExpr:
				s, ok := n.Fun.(*ast.SelectorExpr)
				if ok && (s.Sel.Name == "AfterFunc" || s.Sel.Name == "Go") {
					names = append(names, f.Name.Name)
				}
			}
			return true
		})
	}
	return names
}
