package reference

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/ratelimit"
)

var gap = regexp.MustCompile(`\{\{([a-z_]*)\}\}`)

// Guides tell the settings of their server, and not those that most have.
func TestTheGuidesTellTheSettingsOfTheirServer(t *testing.T) {
	t.Parallel()
	cfg, catalogue := usual(t)
	cfg.OTPTTL, cfg.MagicLinkTTL, cfg.PhotoURLTTL = 7*time.Minute, 3*time.Hour, time.Minute
	cfg.ChallengeTTL, cfg.EnrollTTL = 90*time.Second, 7*time.Minute
	cfg.Limits.ChallengeTries = 9
	cfg.Limits.TwoFAPerPerson = ratelimit.Rates{{Limit: 4, Per: 2 * time.Minute}}
	for folder, want := range map[account.Locale][]string{
		english: {"good for 7 minutes", "good for 3 hours", "good for 1 minute", "9 codes were wrong", `"expires_in": 90 }`, "\"expires_in\": 420\n", "together: 4 in 2 minutes", "64 KiB", "40 megapixels"},
		french:  {"valable 7 minutes", "valable 3 heures", "valable 1 minute", "9 codes étaient erronés", `"expires_in": 90 }`, "\"expires_in\": 420\n", "confondus\u00a0: 4 en 2 minutes", "64 Kio", "40 mégapixels"},
	} {
		figures := Guide(cfg, catalogue, folder)
		all := ""
		for name, text := range guideFiles(t, folder) {
			all += gap.ReplaceAllStringFunc(text, func(found string) string {
				figure, known := figures[strings.Trim(found, "{}")]
				if !known {
					t.Errorf("%s asks for %s, which nobody tells", name, found)
				}
				return figure
			})
		}
		for _, words := range want {
			if !strings.Contains(all, words) {
				t.Errorf("no guide in %s says %q", folder, words)
			}
		}
	}
}

func guideFiles(t *testing.T, l account.Locale) map[string]string {
	t.Helper()
	pattern := "../web/docs/*.md"
	if l != english {
		pattern = "../web/docs/" + string(l) + "/*.md"
	}
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) < 10 {
		t.Fatalf("there are %d guides in %s, %v", len(names), l, err)
	}
	texts := make(map[string]string)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}
