package rescue

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestAPanicIsAnErrorThatTellsWhereItWas(t *testing.T) {
	before := Caught()
	for what, work := range map[string]func() error{
		"panic: runtime error: index out of range [3] with length 0": func() error { var none []int; none[len("row")]++; return nil },
		"panic: a value of type string":                              func() error { panic("the password is fxp_secret") },
		"panic: a value of type *errors.errorString":                 func() error { panic(errors.New("fxp_secret")) },
	} {
		err := Do(work)
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Error("job failed", "error", fmt.Errorf("sweep: %w", err), Stack(err))
		text := log.String()
		if err == nil || err.Error() != what || !strings.Contains(text, "rescue_test.go") || strings.Contains(text, "fxp_secret") {
			t.Errorf("want %s, got %v: %s", what, err, text)
		}
	}
	if got := Caught() - before; got != 3 {
		t.Errorf("%d panics are counted", got)
	}
}

func TestWorkWithoutAPanicIsLeftAlone(t *testing.T) {
	broken := errors.New("broken")
	before := Caught()
	if err := errors.Join(Do(func() error { return nil })); err != nil {
		t.Error(err)
	}
	err := Do(func() error { return broken })
	if !errors.Is(err, broken) || !Stack(err).Equal(slog.Attr{}) || Caught() != before {
		t.Errorf("got %v", err)
	}
}
