package internal_test

import (
	"go/ast"
	"go/types"
	"strings"
	"testing"
)

// connections are the constants behind the figures that the inventory tells of each
// connection, by its first cell.
var connections = map[string][]string{
	"clients": {
		"api/server.go headerTimeout", "api/server.go writeTimeout", "api/server.go idleTimeout",
		"api/body.go bodyTime", "api/upload.go UploadTime",
	},
	"operators, on a listener of their own": {"node/ops.go opsWrite"},
	"PostgreSQL":                            {"store/engine.go PostgresConns", "api/routes.go usualTimeout", "api/health.go healthWithin", "store/tx.go txTime", "store/tx.go txPause"},
	"Redis or Valkey":                       {"cache/redis_conn.go poolSize", "cache/redis_conn.go answerWithin"},
	"S3": {
		"blob/s3_client.go connections", "blob/s3_client.go dialWithin", "blob/s3_client.go answerWithin",
		"blob/s3.go putWithin", "blob/breaker.go breakerPause",
	},
	"the mail server":       {"mail/worker.go parallel", "mail/smtp.go dialTimeout", "mail/smtp.go sendTimeout"},
	"a collector of traces": {"otlp/otlp.go collectorConns", "otlp/otlp.go callTime"},
}

func TestTheInventoryTellsTheFiguresOfConnections(t *testing.T) {
	t.Parallel()
	files, told := sources(t), 0
	for _, cells := range inventory(t) {
		names, ok := connections[cells[0]]
		if !ok {
			continue
		}
		told++
		row := " " + strings.NewReplacer(",", " ", ";", " ").Replace(strings.Join(cells[1:4], " ")) + " "
		for _, name := range names {
			path, constant, _ := strings.Cut(name, " ")
			if want := figure(constantIn(files[path], constant)); want == "" || !strings.Contains(row, " "+want+" ") {
				t.Errorf("%s: the inventory does not tell %q, which is %s", cells[0], want, name)
			}
		}
	}
	if told != len(connections) {
		t.Errorf("the inventory has %d connections of %d", told, len(connections))
	}
}

// constantIn is the source text of a constant's value.
func constantIn(file *ast.File, name string) (text string) {
	if file == nil {
		return ""
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && spec.Names[0].Name == name {
			text = types.ExprString(spec.Values[0])
		}
		return true
	})
	return text
}

// figure is how the inventory writes what the source says.
func figure(text string) string {
	return strings.NewReplacer(" * time.Millisecond", " ms", " * time.Second", " s", " * time.Minute", " min", "time.Second", "1 s").Replace(text)
}
