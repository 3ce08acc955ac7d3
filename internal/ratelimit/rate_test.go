package ratelimit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/ratelimit"
)

func TestRatesAreReadAndWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		rates   ratelimit.Rates
		written string
	}{
		"5/1m":              {ratelimit.Rates{{5, time.Minute}}, "5/1m"},
		"1/1m,5/1h,10/24h":  {ratelimit.Rates{{1, time.Minute}, {5, time.Hour}, {10, 24 * time.Hour}}, "1/1m,5/1h,10/24h"},
		" 1/60s , 5/90m":    {ratelimit.Rates{{1, time.Minute}, {5, 90 * time.Minute}}, "1/1m,5/90m"},
		"100000/168h":       {ratelimit.Rates{{100_000, 168 * time.Hour}}, "100000/168h"},
		"1/1s":              {ratelimit.Rates{{1, time.Second}}, "1/1s"},
		"3/1m30s":           {ratelimit.Rates{{3, 90 * time.Second}}, "3/90s"},
		"off":               {nil, "off"},
		" off ":             {nil, "off"},
		"2/1.5h,3/1h30m10s": {ratelimit.Rates{{2, 90 * time.Minute}, {3, 5410 * time.Second}}, "2/90m,3/5410s"},
	} {
		var got ratelimit.Rates
		if err := got.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want.rates, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if got.String() != want.written {
			t.Errorf("%q is written %q; want %q", text, got, want.written)
		}
	}
}

func TestARateOfCodeIsWrittenWhateverItIs(t *testing.T) {
	t.Parallel()
	if got := (ratelimit.Rate{Limit: 2, Per: 1500 * time.Millisecond}).String(); got != "2/1.5s" {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsNoRateIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	for text, reason := range map[string]string{
		"":              `write it as in "5/1m"`,
		"5":             `write it as in "5/1m"`,
		"none":          `write it as in "5/1m"`,
		"5/1m,":         `write it as in "5/1m"`,
		"off,5/1m":      `write it as in "5/1m"`,
		"0/1m":          "number from 1 to 100000",
		"-1/1m":         "number from 1 to 100000",
		"+1/1m":         "number from 1 to 100000",
		"100001/1m":     "number from 1 to 100000",
		"99999999999/1": "number from 1 to 100000",
		"five/1m":       "number from 1 to 100000",
		"5/m":           "from 1s to 168h",
		"5/60":          "from 1s to 168h",
		"5/0s":          "from 1s to 168h",
		"5/-1m":         "from 1s to 168h",
		"5/1500ms":      "from 1s to 168h",
		"5/169h":        "from 1s to 168h",
		"5/1m/1m":       "from 1s to 168h",
		"5/1m,6/60s":    "two rates for the same duration",
	} {
		rates := ratelimit.Rates{{7, time.Hour}}
		err := rates.UnmarshalText([]byte(text))
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v; want an error with %q", text, err, reason)
		}
		if diff := cmp.Diff(ratelimit.Rates{{7, time.Hour}}, rates); diff != "" {
			t.Errorf("%q was refused and left its mark:\n%s", text, diff)
		}
	}
}

func FuzzRates(f *testing.F) {
	for _, seed := range []string{"5/1m", "1/1m,5/1h,10/24h", "off", "5/1.5h", "0/1m", ",", "5/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var first, second ratelimit.Rates
		if first.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := second.UnmarshalText([]byte(first.String())); err != nil {
			t.Fatalf("%q is written %q, which is not read: %v", text, first, err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("%q is not what it was (-first +second):\n%s", text, diff)
		}
	})
}
