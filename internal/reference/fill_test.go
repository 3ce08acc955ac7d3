package reference

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/ratelimit"
)

func TestFiguresReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	on, off := &document{}, &document{}
	on.cfg.RateLimits = true
	rates := ratelimit.Rates{{Limit: 1, Per: time.Minute}, {Limit: 5, Per: time.Hour}, {Limit: 10, Per: 24 * time.Hour}}
	for _, tt := range []struct {
		d       *document
		setting any
		want    string
	}{
		{on, rates, "1 a minute, 5 an hour, 10 a day"},
		{on, ratelimit.Rates{{Limit: 10, Per: 10 * time.Minute}}, "10 in 10 minutes"},
		{on, ratelimit.Rates{{Limit: 3, Per: 90 * time.Second}, {Limit: 4, Per: time.Second}}, "3 in 90 seconds, 4 a second"},
		{on, ratelimit.Rates{{Limit: 3, Per: 48 * time.Hour}}, "3 in 2 days"},
		{on, ratelimit.Rates(nil), "no limit"},
		{off, rates, "no limit"},
		{off, 5, "5"},
	} {
		if got := tt.d.figure(tt.setting); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestSizesReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for want, bytes := range map[string]int{"5 MiB": 5 << 20, "64 KiB": 64 << 10, "1025 KiB": 1<<20 + 1<<10, "1000 bytes": 1000} {
		if got := sayer(english).size(bytes); got != want {
			t.Errorf("size(%d) = %q, want %q", bytes, got, want)
		}
	}
	for want, pixels := range map[string]int{"40 megapixels": 40_000_000, "2.5 megapixels": 2_500_000} {
		if got := sayer(english).megapixels(pixels); got != want {
			t.Errorf("megapixels(%d) = %q, want %q", pixels, got, want)
		}
	}
}

func TestNoTextIsLeftToBeFilledIn(t *testing.T) {
	t.Parallel()
	yaml, _ := openAPI(t)
	texts := []string{string(yaml)}
	for _, p := range pages(t) {
		texts = append(texts, p.Markdown)
	}
	for _, text := range texts {
		if left := regexp.MustCompile(`\{[a-z]+_?[a-z]*\}`).FindString(text); left != "" {
			t.Errorf("%s is left", left)
		}
	}
}

func TestTheTimesAreThoseOfTheServer(t *testing.T) {
	t.Parallel()
	cfg, catalogue := usual(t)
	cfg.EnrollTTL, cfg.ChallengeTTL, cfg.Environment = 90*time.Second, 7*time.Minute, "sandbox"
	_, json, err := OpenAPI(cfg, catalogue, "0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"maximum": 90`, `"expires_in": 90`, `"expires_in": 420`, "kept for 90 seconds", `"environment": "sandbox"`} {
		if !strings.Contains(string(json), part) {
			t.Errorf("it lacks %s", part)
		}
	}
	if strings.Contains(string(json), `"expires_in": 600`) {
		t.Error("it has a time of another server")
	}
}
