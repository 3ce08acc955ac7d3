package doctor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/cache/redistest"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

// instance is what a server has left or has open.
type instance struct {
	*testing.T

	cfg config.Config
	o   Options
}

// settle reads settings, in a folder that is not there yet.
func settle(t *testing.T, environ ...string) *instance {
	t.Helper()
	cfg, err := config.Load(append([]string{"FLOWXI_DATA_DIR=" + filepath.Join(t.TempDir(), "data")}, environ...))
	if err != nil {
		t.Fatal(err)
	}
	return &instance{T: t, cfg: cfg, o: Options{Server: func(context.Context) (Answer, error) { return Answer{"ok", cfg.Environment}, nil }}}
}

// embedded is an instance whose server is at work, and which was backed up.
func embedded(t *testing.T, environ ...string) *instance {
	t.Helper()
	i := settle(t, environ...)
	i.serve()
	i.backUp()
	return i
}

// serve has a server at work until the test ends, or it is stopped.
func (i *instance) serve() (stop func()) {
	i.Helper()
	cfg := i.cfg
	cfg.TLSCert, cfg.TLSKey = "", "" // it began with another certificate than the one that is examined
	n, err := node.New(i.Context(), cfg, node.Options{RedisWithin: redistest.Patience})
	if err != nil {
		i.Fatal(err)
	}
	stop = func() {
		if err := n.Close(); err != nil {
			i.Error(err)
		}
	}
	i.Cleanup(stop)
	return stop
}

func (i *instance) backUp() { i.backUpAt(time.Now()) }

// backUpAt makes one whose maker has such a clock.
func (i *instance) backUpAt(now time.Time) {
	i.Helper()
	i.operate(func(a *node.Admin) error {
		return errors.Join(a.Record(i.Context(), auth.BackedUp, ""), a.Store.NoteBackup(i.Context(), now, now))
	})
}

func (i *instance) operate(do func(*node.Admin) error) {
	i.Helper()
	a, err := node.OpenAdmin(i.Context(), i.cfg, "operator:test")
	if err != nil {
		i.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	if err := do(a); err != nil {
		i.Fatal(err)
	}
}

// findings are all, in the form "check level".
func (i *instance) findings() (all []Finding) {
	i.Helper()
	Examine(i.Context(), i.cfg, i.o, func(f Finding) { all = append(all, f) })
	for _, f := range all {
		if bad := f.Level == Warning || f.Level == Failure; bad != (f.Do != "") {
			i.Errorf("%s is %s, and what to do is %q", f.Check, f.Level, f.Do)
		}
		if strings.ContainsAny(f.Found+f.Do, "\n\r\x1b") || f.Found == "" {
			i.Errorf("%s: not one line: %q", f.Check, f.Found)
		}
	}
	return all
}

// expect demands that these are the only findings that are neither well nor left out, each
// as "check level words", in their order.
func (i *instance) expect(want ...string) {
	i.Helper()
	var got []Finding
	for _, f := range i.findings() {
		if f.Level == Warning || f.Level == Failure {
			got = append(got, f)
		}
	}
	if len(got) != len(want) {
		i.Errorf("it found %d things, want %d:%s", len(got), len(want), told(got))
		return
	}
	for n, f := range got {
		check, rest, _ := strings.Cut(want[n], " ")
		level, words, _ := strings.Cut(rest, " ")
		if f.Check != check || string(f.Level) != level || !strings.Contains(f.Found, words) {
			i.Errorf("want %q, got:%s", want[n], told([]Finding{f}))
		}
	}
}

func told(list []Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "\n%s %s %s (%s)", f.Check, f.Level, f.Found, f.Do)
	}
	return b.String()
}

// leftOut are the checks that were not asked.
func leftOut(all []Finding) (skipped []string) {
	for _, f := range all {
		if f.Level == Skipped {
			skipped = append(skipped, f.Check)
		}
	}
	return skipped
}

func TestAnEmbeddedInstanceThatIsWellIsFoundWell(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	i.expect()
	// The events of the backup are what the clock is compared with.
	if diff := cmp.Diff([]string{"plans", "redis", "mail", "dns", "tls"}, leftOut(i.findings())); diff != "" {
		t.Errorf("what was left out (-want +got):\n%s", diff)
	}
}

func TestAnInstanceThatNeverStartedIsToldSo(t *testing.T) {
	t.Parallel()
	i := settle(t)
	i.expect("database failure there is no database in")
	if exists(i.cfg.DataDir) {
		t.Error("the examination made the data directory")
	}
}

func TestItTellsInTheOrderOfTheChecks(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, c := range checks() {
		want = append(want, c.name)
	}
	for _, f := range settle(t).findings() {
		got = append(got, f.Check)
	}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Error(diff)
	}
}

func TestACheckThatPanicsOrHangsStopsNoOther(t *testing.T) {
	t.Parallel()
	i := settle(t)
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	var got []string
	began := time.Now()
	(&patient{Options: i.o, cfg: i.cfg}).examine(t.Context(), []check{
		{"first", func(*patient, context.Context) []Finding { panic("first") }},
		{"second", func(*patient, context.Context) []Finding { <-forever; return nil }},
		{"third", func(*patient, context.Context) []Finding { return well("fine") }},
	}, func(f Finding) { got = append(got, f.Check+" "+string(f.Level)) })
	if diff := cmp.Diff([]string{"first failure", "second failure", "third ok"}, got); diff != "" {
		t.Error(diff)
	}
	if spent := time.Since(began); spent > patience+5*moment {
		t.Errorf("it took %s", spent)
	}
}

func TestWhatOthersSayCannotReachATerminal(t *testing.T) {
	t.Parallel()
	if got := oneLine("one\n two\x1b[31m\u202ethree"); got != "one two�[31m�three" {
		t.Errorf("got %q", got)
	}
}

func TestASettingThatLeavesSomethingOpenIsTold(t *testing.T) {
	t.Parallel()
	embedded(t, "FLOWXI_RATE_LIMITS=off").expect("settings warning EVERY LIMIT IS OFF")
}

func TestAServerThatDoesNotAnswerIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	i.o.Server = func(context.Context) (Answer, error) { return Answer{}, store.ErrBusy }
	i.expect("server warning no server answers")
}

func TestAServerOfAnotherEnvironmentIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	i.o.Server = func(context.Context) (Answer, error) { return Answer{"ok", "elsewhere"}, nil }
	i.expect("server warning is of the environment elsewhere")
}
