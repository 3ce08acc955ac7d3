package silence_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/canary"
)

var leaks = flag.Int("silence.leaks", 0, "how many builds with planted leaks to judge too, which must be found")

// leak is a defence of silence, and the test that finds out that it is gone.
type leak struct {
	defence *canary.Defence
	test    string
	says    string // in what it prints
}

const (
	byWork = "^TestNoCallTellsByItsWorkWhoHasAnAccount$/^open$"
	byTime = "^TestNoCallTellsByItsTimeWhoHasAnAccount$/^open$"
)

var planted = []leak{
	{canary.Stands("hash for nobody", canary.Place{
		File: "internal/auth/login.go", Code: "return false, false, hashed(a.hasher.VerifyNobody(ctx, string(plain)))",
		Without: "if $GONE {\n\t\t\treturn false, false, nil\n\t\t}\n\t\t$CODE",
	}), byWork, "steps for one who is"},
	{canary.Stands("time without 200 µs for nobody, where it shows", eventless(
		"for began := time.Now(); time.Since(began) < 200*time.Microsecond; {\n\t\t}"), canary.Place{
		File: "internal/api/endpoint.go", Code: "paced.hold(began, isUnproved(err))", Without: "if !$GONE {\n\t\t\t\t$CODE\n\t\t\t}",
	}), byTime, "login tells a person"},
	{canary.Stands("query for preferences", canary.Place{
		File: "internal/store/user.go", Code: "_, err = tx.exec(ctx, \"create preferences\", `",
		Without: "if $GONE && u.Status != account.Pending {\n\t\treturn u, nil\n\t}\n\t$CODE",
	}), byWork, "steps for one who is"},
	{canary.Stands("answer as long for nobody", eventless("c.Locale = \"en\"")), byWork, "is answered"},
	{canary.Stands("event of a login of nobody", eventless("return account.ErrInvalidCredentials")), byWork, "steps for one who is"},
	{canary.Stands("rows of padding", canary.Place{
		File: "internal/store/padding.go", Code: "missing := total - tx.written",
		Without: "$CODE\n\tif $GONE {\n\t\tmissing = 0\n\t}",
	}), byWork, "rows for one who is"},
}

// eventless does something else to those who are nobody before it writes the event of a
// refused login.
func eventless(instead string) canary.Place {
	return canary.Place{
		File: "internal/auth/login.go", Code: "if err := a.record(ctx, a.eventOn(c, device, eventLoginRefused, about, \"\")); err != nil {",
		Without: "if $GONE && about == 0 {\n\t\t" + instead + "\n\t}\n\t$CODE",
	}
}

// TestPlantedLeaksAreFound shows that silence is no deafness. It builds servers that tell,
// so it is for scripts/silence; otherwise it makes sure that each leak can still be planted.
func TestPlantedLeaksAreFound(t *testing.T) {
	if canary.Taken() {
		t.Skip("this is a canary")
	}
	t.Parallel()
	var defences []*canary.Defence
	for _, l := range planted {
		defences = append(defences, l.defence)
	}
	builds := canary.Plan(t, defences)
	if t.Failed() {
		return
	}
	for _, l := range planted[:min(*leaks, len(planted))] {
		b := builds[l.defence]
		b.Make(t)
		t.Run(l.defence.Name, func(t *testing.T) {
			run := func(defence string, more []string) (string, error) {
				return b.Run(t, defence, append([]string{"-test.run", l.test, "-test.timeout", "5m"}, more...)...)
			}
			tries := [][]string{nil}
			if l.test == byTime {
				// A machine that does something else beside it hides so short a time from few rounds.
				tries = [][]string{{"-silence.rounds", "50", "-silence.only", "login"}, {"-silence.rounds", "400", "-silence.only", "login"}}
			}
			for i, more := range tries {
				if l.test == byTime {
					if out, err := run(canary.Nothing, more); err != nil {
						t.Fatalf("with nothing planted nothing may be found:\n%s", canary.Last(out, 40))
					}
				}
				out, err := run(l.defence.Name, more)
				switch {
				case err != nil && strings.Contains(out, l.says) && !strings.Contains(out, "panic:"):
					fmt.Printf("planted: no more %s; found: %q\n", l.defence.Name, l.says)
					return
				case err != nil || i == len(tries)-1:
					t.Fatalf("the leak is not found (%v):\n%s", err, canary.Last(out, 40))
				}
			}
		})
	}
}
