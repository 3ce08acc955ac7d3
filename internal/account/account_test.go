package account_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
)

func TestASecretNeverShowsItself(t *testing.T) {
	t.Parallel()
	const canary = "canary-3f9a"
	s := account.Secret(canary)
	holder := struct{ Password account.Secret }{s}
	var log strings.Builder
	values := map[string]any{
		"alone": s, "held": holder, "pointed at": &holder, "one of many": []account.Secret{s}, "named": map[string]account.Secret{"a": s},
		"an interface": []any{s},
	}
	var shown []string
	for name, value := range values {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, string(encoded))
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			shown = append(shown, fmt.Sprintf(verb, value))
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			log.Reset()
			slog.New(handler).With("before", value).WithGroup("group").Info("a line", name, value)
			shown = append(shown, log.String())
		}
	}
	shown = append(shown, fmt.Sprint(s), fmt.Errorf("wrapped: %w, %v", errors.New("x"), s).Error())
	for _, text := range shown {
		if strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", canary)) {
			t.Errorf("%s shows the secret", text)
		}
		if !strings.Contains(text, "[secret]") {
			t.Errorf("%s does not say that there is one", text)
		}
	}
}

// declared finds what is declared in errors.go with a name of that prefix.
func declared(t *testing.T, wanted func(*ast.ValueSpec) bool) (n int) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && wanted(spec) {
			n++
		}
		return true
	})
	return n
}

func TestTheCatalogueListsEveryCodeOnce(t *testing.T) {
	t.Parallel()
	codes := make(map[string]bool)
	for _, e := range account.Errors() {
		codes[e.Code] = true
		if e.Kind == 0 {
			t.Errorf("%s has no kind", e.Code)
		}
	}
	for _, o := range account.Outcomes() {
		codes[string(o)] = true
	}
	refusals := declared(t, func(s *ast.ValueSpec) bool { return strings.HasPrefix(s.Names[0].Name, "Err") })
	outcomes := declared(t, func(s *ast.ValueSpec) bool {
		typ, ok := s.Type.(*ast.Ident)
		return ok && typ.Name == "Outcome"
	})
	if len(codes) != refusals+outcomes || refusals == 0 || outcomes == 0 {
		t.Errorf("%d codes are listed, %d refusals and %d outcomes declared", len(codes), refusals, outcomes)
	}
}

func TestWhatSaysWhenToComeBackIsStillTheError(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("reserve: %w", account.ErrTooManyRequests.After(3*time.Second))
	var retry *account.Retry
	if !errors.Is(err, account.ErrTooManyRequests) || errors.Is(err, account.ErrServiceUnavailable) {
		t.Errorf("%v is not told by its code", err)
	}
	if !errors.As(err, &retry) || retry.After != 3*time.Second {
		t.Errorf("%v does not say when", err)
	}
}

func TestAnInvalidRequestIsAFailedValidation(t *testing.T) {
	t.Parallel()
	var err error = account.Invalid{{Field: "email", Rule: "required"}}
	if !errors.Is(err, account.ErrValidationFailed) || errors.Is(err, account.ErrNotFound) {
		t.Errorf("%v is not told by its code", err)
	}
}

func TestASessionEndsWithItsIdleAllowanceOrForGood(t *testing.T) {
	t.Parallel()
	used := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s := account.Session{LastUsedAt: used, ExpiresAt: used.Add(time.Hour)}
	if got := s.Expires(time.Minute); !got.Equal(used.Add(time.Minute)) {
		t.Errorf("idle for a minute it ends at %v", got)
	}
	if got := s.Expires(time.Hour + time.Second); !got.Equal(s.ExpiresAt) {
		t.Errorf("with a long idle allowance it ends at %v", got)
	}
}

func TestAUsernameIsTheIDInEightDigits(t *testing.T) {
	t.Parallel()
	for id, want := range map[account.UserID]string{17: "fx00000017", 99999999: "fx99999999", 100000000: "fx100000000"} {
		if got := account.Username(id); got != want {
			t.Errorf("user %d is %s, want %s", id, got, want)
		}
	}
}
