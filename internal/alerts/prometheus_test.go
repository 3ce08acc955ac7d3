package alerts_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/backing"
)

// patience is for what takes a second or two on a machine that is busy, and for a job that
// is taken to be stale after 75 seconds.
const patience = 3 * time.Minute

// quick makes of the rules such as see in seconds what they else see in minutes, and of
// few, since jobs and calls of S3 do not come faster.
func quick(text string) string {
	text = regexp.MustCompile(`(?m)^(\s+for:) .*$`).ReplaceAllString(text, "$1 1s")
	text = regexp.MustCompile(`\[\w+:\w+\]`).ReplaceAllString(text, "[4s:1s]")
	text = regexp.MustCompile(`\[\w+\]`).ReplaceAllString(text, "[8s]")
	return strings.NewReplacer(
		`changes(process_start_time_seconds{job="flowxi"}[8s])`, `changes(process_start_time_seconds{job="flowxi"}[30s])`, // three starts take their time
		"(flowxi_outbox_oldest_seconds) > 300", "(flowxi_outbox_oldest_seconds) > 3",
		"(flowxi_job_last_success_timestamp_seconds) > 600", "(flowxi_job_last_success_timestamp_seconds) > 75", // some have a turn a minute
		`(flowxi_job_runs_total{result="failed"}[8s])) > 3`, `(flowxi_job_runs_total{result="failed"}[8s])) > 0`,
		`(flowxi_storage_calls_total{result="failed"}[8s]) > 3`, `(flowxi_storage_calls_total{result="failed"}[8s]) > 0`,
	).Replace(text)
}

// prometheus is a running one.
type prometheus struct{ url string }

// startPrometheus starts one that scrapes nodes and a server alone, and that ends with
// the test.
func startPrometheus(t *testing.T, nodes []string, alone string) prometheus {
	t.Helper()
	port, release, err := backing.Ports()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	dir := t.TempDir()
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: flowxi
    static_configs: [{targets: ["%s"]}]
  - job_name: alone
    static_configs: [{targets: ["%s"]}]
`, strings.Join(nodes, `", "`), alone)
	for name, text := range map[string]string{"prometheus.yaml": config, "rules.yaml": quick(read(t, rulesFile))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	cmd := exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yaml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr, "--log.level=error")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: scripts/test installs it", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	p := prometheus{url: "http://" + addr}
	await(t, "Prometheus is ready", func() bool {
		resp, err := http.Get(p.url + "/-/ready")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
	return p
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in %s not so: %s", patience, what)
		}
	}
}

// ask calls the API of Prometheus.
func (p prometheus) ask(t *testing.T, path string, answer any) error {
	t.Helper()
	resp, err := http.Get(p.url + "/api/v1/" + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	whole := struct {
		Status, Error string
		Data          any
	}{Data: answer}
	if err := json.NewDecoder(resp.Body).Decode(&whole); err != nil {
		return err
	}
	if whole.Status != "success" {
		return fmt.Errorf("%s: %s", resp.Status, whole.Error)
	}
	return nil
}

// series is how many series an expression has now.
func (p prometheus) series(t *testing.T, expr string) (int, error) {
	t.Helper()
	var data struct{ Result []json.RawMessage }
	err := p.ask(t, "query?query="+url.QueryEscape(expr), &data)
	return len(data.Result), err
}

// value is that of the one series of an expression, empty where there is none now.
func (p prometheus) value(t *testing.T, expr string) string {
	t.Helper()
	var data struct{ Result []struct{ Value []any } }
	if err := p.ask(t, "query?query="+url.QueryEscape(expr), &data); err != nil {
		t.Fatal(err)
	}
	if len(data.Result) != 1 {
		return ""
	}
	return fmt.Sprint(data.Result[0].Value[1]) // behind its time
}

// fired is an alert.
type fired struct {
	State               string
	Labels, Annotations map[string]string
}

// firing are the alerts that fire now, by name.
func (p prometheus) firing(t *testing.T) map[string]fired {
	t.Helper()
	var data struct{ Alerts []fired }
	if err := p.ask(t, "alerts", &data); err != nil {
		t.Fatal(err)
	}
	list := map[string]fired{}
	for _, a := range data.Alerts {
		if a.State == "firing" {
			list[a.Labels["alertname"]] = a
		}
	}
	return list
}
