package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const real = "../../deploy"

// program is Flowxi, built once for all tests.
var program = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "flowxi-deploy-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "flowxi")
	return path, exec.Command("go", "build", "-C", "../..", "-o", path, "./cmd/flowxi").Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func flowxi(t *testing.T) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatalf("build Flowxi: %v", err)
	}
	return path
}

func TestTheFilesAreAsTheyMustBe(t *testing.T) {
	t.Parallel()
	if err := lint(t.Context(), real, flowxi(t)); err != nil {
		t.Error(err)
	}
}

// Each case breaks one thing, as somebody who edits the files might.
func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, was, is, said string }{
		{"Dockerfile", "WORKDIR", "WORKDIRECTORY", "unknown instruction"},
		{"Dockerfile", " AS build", " as build", "FromAsCasing"},
		{"Dockerfile", "static-debian13:nonroot", "static-debian13", "has no tag"},
		{"Dockerfile", "USER 65532:65532", "USER nonroot", "by number"},
		{"Dockerfile", "USER 65532:65532", "USER 0:0", "other than root"},
		{"Dockerfile", `CMD ["/flowxi", "health"]`, "CMD /flowxi health", "health check"},
		{"Dockerfile", "FLOWXI_ADDR=0.0.0.0:8080", "FLOWXI_ADRR=0.0.0.0:8080", "FLOWXI_ADDR"},
		{"compose.yaml", "cap_drop: [ALL]", "cap_dorp: [ALL]", "cap_dorp"},
		{"compose.yaml", "cap_drop: [ALL]", "cap_drop: []", "keeps capabilities"},
		{"compose.yaml", "read_only: true", "read_only: false", "root is writable"},
		{"compose.yaml", "mail-ca:/certs:ro", "mail-cb:/certs:ro", "mail-cb"},
		{"compose.yaml", "mailpit: {condition: service_healthy}", "mailpitt: {condition: service_healthy}", "mailpitt"},
		{"compose.yaml", "127.0.0.1:9000:9000", "9000:9000", "open to other machines"},
		{"compose.yaml", "networks: [data, desk]", "networks: [data, edge]", "whose word nodes take"},
		{"compose.yaml", "haproxy:3.4", "haproxy:latest", "no tag"},
		{"compose.yaml", "stop_grace_period: 30s", "stop_grace_period: 15s", "drained"},
		{"compose.yaml", "FLOWXI_INSECURE_HTTP: allow", "FLOWXI_INSECURE_HTTP: refuse", "plain HTTP"},
		{"compose.yaml", "smtp://mailpit:1025", "mailpit:1025", "FLOWXI_SMTP_URL"},
		{"compose.env.example", "S3_SECRET=", "S3_SECERT=", "S3_SECRET"},
		{"compose.env.example", "=\n", "=guessable\n", "must not"},
		{"kubernetes/deployment.yaml", "readOnlyRootFilesystem", "readOnlyRootFileSystem", "readOnlyRootFileSystem"},
		{"kubernetes/deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "root is writable"},
		{"kubernetes/deployment.yaml", "periodSeconds: 1\n", "periodSeconds: 1s\n", "periodSeconds"},
		{"kubernetes/deployment.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "as root"},
		{"kubernetes/deployment.yaml", "drop: [ALL]", "drop: [NET_RAW]", "keeps capabilities"},
		{"kubernetes/deployment.yaml", "enableServiceLinks: false", "enableServiceLinks: true", "FLOWXI_PORT"},
		{"kubernetes/deployment.yaml", "path: /livez\n              port: ops\n            periodSeconds: 1\n", "path: /readyz\n              port: ops\n            periodSeconds: 1\n", "in the midst of its migrations"},
		{"kubernetes/deployment.yaml", "port: ops", "port: opps", "names another port"},
		{"kubernetes/deployment.yaml", "GracePeriodSeconds: 30", "GracePeriodSeconds: 15", "drained"},
		{"kubernetes/deployment.yaml", "component: node", "component: server", "does not select the nodes"},
		{"kubernetes/migrate-job.yaml", "component: migrate", "component: node", "selects the migration"},
		{"kubernetes/migrate-job.yaml", "flowxi:v1.0.0", "flowxi:v0.9.0", "another image"},
		{"kubernetes/migrate-job.yaml", "value: 127.0.0.1:8080", "value: 0.0.0.0:8080", "kubernetes: job: flowxi: FLOWXI_"},
		{"kubernetes/kustomization.yaml", "- service.yaml", "- services.yaml", "services.yaml"},
		{"kubernetes/kustomization.yaml", "newTag: v1.0.0", `newTag: latest`, "no tag"},
		{"kubernetes/flowxi.env", "FLOWXI_PUBLIC_URL=https", "FLOWXI_PUBLIC_URI=https", "FLOWXI_PUBLIC_URL"},
		{"kubernetes/flowxi.env", "https://id.", "https://www.", "ingress has not the host"},
		{"kubernetes/secret.example.yaml", "name: flowxi\n", "name: flowxi-secret\n", "the secret"},
		{"kubernetes/secret.example.yaml", "rediss://", "valkeys://", "FLOWXI_REDIS_URL"},
		{"kubernetes/horizontalpodautoscaler.yaml", "name: flowxi\n  minReplicas", "name: flowxi-node\n  minReplicas", "scales nothing"},
		{"kubernetes/networkpolicy.yaml", "port: ops", "port: metrics", "names another port"},
		{"kubernetes/poddisruptionbudget.yaml", "maxUnavailable", "maxUnavailables", "maxUnavailables"},
		{"systemd/flowxi.env.example", "FLOWXI_OPS_ADDR=127.0.0.1:9090", "FLOWXI_OPS_ADDR=9090", "FLOWXI_OPS_ADDR"},
		{"systemd/flowxi.env.example", "FLOWXI_SMTP_URL=\n", "FLOWXI_SMTP_URL=smtps://smtp.example.org\n", "starts as it is"},
		{"systemd/flowxi.service", "FLOWXI_DATA_DIR", "FLOWXI_DATA", "FLOWXI_DATA"},
		{"systemd/flowxi.service", "\nCoredumpFilter=0x0\n", "\n", "a copy of the keys"},
		{"systemd/flowxi.service", "GOTRACEBACK=crash", "GOTRACEBACK=all", "after which no server starts again"},
	} {
		t.Run(c.file+" "+c.is, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if err := os.CopyFS(folder, os.DirFS(real)); err != nil {
				t.Fatal(err)
			}
			replace(t, filepath.Join(folder, c.file), c.was, c.is)
			err := lintOne(t, folder, c.file)
			if err == nil || !strings.Contains(err.Error(), c.said) {
				t.Errorf("said %v, and nothing of %q", err, c.said)
			}
		})
	}
}

// lintOne checks what a file is part of.
func lintOne(t *testing.T, folder, file string) error {
	t.Helper()
	l, err := newLinter(t.Context(), folder, flowxi(t))
	if err != nil {
		t.Fatal(err)
	}
	image, err := l.checkDockerfile()
	switch {
	case strings.HasPrefix(file, "kubernetes/"):
		return l.checkCluster(t.Context(), image)
	case strings.HasPrefix(file, "systemd/"):
		return l.checkUnit(t.Context())
	}
	return errors.Join(err, l.checkCompose(t.Context(), image))
}

func replace(t *testing.T, path, was, is string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), was) {
		t.Fatalf("%s has no %q", path, was)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), was, is)), 0o600); err != nil {
		t.Fatal(err)
	}
}
