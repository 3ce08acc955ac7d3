package mock_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/mock"
)

func TestThePageIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/mock.md")
	if err != nil {
		t.Fatal(err)
	}
	page, r := string(text), start(t, mock.Options{})
	for _, p := range r.people() {
		if !strings.Contains(page, "`"+p.Email+"`") {
			t.Errorf("the page does not tell of %s", p.Email)
		}
	}
	for _, want := range []string{mock.Code, mock.Password, mock.TOTPSecret, mock.Start.Format("2 January 2006, 15:04:05 MST")} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not tell %q", want)
		}
	}
	script := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(page)
	if script == nil {
		t.Fatal("the page has no requests to copy")
	}
	lines := strings.ReplaceAll(script[1], "localhost:8080", strings.TrimPrefix(r.url, "http://"))
	out, err := exec.Command("sh", "-eu", "-c", lines).CombinedOutput()
	if err != nil || strings.Count(string(out), `"email":"pending@example.com"`) != 2 {
		t.Errorf("the requests ended with %v:\n%s", err, out)
	}
}
