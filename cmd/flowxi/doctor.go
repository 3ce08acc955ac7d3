package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/doctor"
)

type doctorCommand struct {
	JSON   bool   `name:"json" help:"Answer in JSON."`
	Strict bool   `help:"Exit with 1 where there are warnings, too."`
	Mail   string `placeholder:"ADDRESS" help:"Send a test mail to an address, in the language of the person who has it."`
}

// Help tells what it looks at.
func (doctorCommand) Help() string {
	return `It looks at everything that the settings name, with the settings and as the user of the server, which may be at work meanwhile: settings, permissions, disk, key ring, database, Redis, photos, clocks, mail server, DNS records of the sender, outbox, certificate, backups and the server itself. Each line is OK, WARN, FAIL, or SKIP where a check does not apply or could not be asked, and below it stands what to do. No check takes longer than some six seconds.

It writes an object among the photos, which it deletes again, and nothing else. It sends no mail unless --mail says so.`
}

// Failure tells when it exits with 1.
func (doctorCommand) Failure() string {
	return "something failed, or with --strict there are warnings"
}

// Examples of its use.
func (doctorCommand) Examples() []example {
	return []example{
		{"flowxi doctor", "A line for each check, and below it what to do."},
		{"flowxi doctor --mail you@example.org", "Send a test mail besides."},
		{"flowxi doctor --strict --json", "For a monitor that is to hear of warnings, too."},
	}
}

// diagnosis is all that was found, for programs.
type diagnosis struct {
	Level    doctor.Level     `json:"level"` // the worst of them
	Version  string           `json:"version"`
	Findings []doctor.Finding `json:"findings"`
}

// Run examines.
func (c *doctorCommand) Run(w *world) error {
	if c.Mail != "" {
		if err := doctor.CheckRecipient(c.Mail); err != nil {
			return usage{fmt.Errorf("--mail: %w", err)}
		}
	}
	ctx, stop := untilSignal()
	defer stop()
	show := func(doctor.Finding) {}
	if !c.JSON {
		show = shown(w.stdout, coloured(w.stdout.file, w.environ))
	}
	var all []doctor.Finding
	c.examine(ctx, w, func(f doctor.Finding) {
		show(f)
		all = append(all, f)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.JSON {
		if err := printJSON(w.stdout, diagnosis{Level: worst(all), Version: thisBuild().Version, Findings: all}); err != nil {
			return err
		}
	}
	return c.verdict(all)
}

// examine looks at everything, or at the settings alone where those are wrong.
func (c *doctorCommand) examine(ctx context.Context, w *world, tell func(doctor.Finding)) {
	cfg, err := w.settings()
	if err != nil {
		for _, f := range doctor.Unsettled(err) {
			tell(f)
		}
		return
	}
	doctor.Examine(ctx, cfg, doctor.Options{
		MailTo: c.Mail, Server: func(ctx context.Context) (doctor.Answer, error) { return askServer(ctx, cfg) },
	}, tell)
}

// verdict is an error where the command is to fail.
func (c *doctorCommand) verdict(all []doctor.Finding) error {
	failures, warnings := number(all, doctor.Failure), number(all, doctor.Warning)
	if failures == 0 && (!c.Strict || warnings == 0) {
		return nil
	}
	err := fmt.Errorf("failures: %d, warnings: %d", failures, warnings)
	if slices.ContainsFunc(all, func(f doctor.Finding) bool { return f.Setting }) {
		return usage{err}
	}
	return err
}

func number(all []doctor.Finding, level doctor.Level) (n int) {
	for _, f := range all {
		if f.Level == level {
			n++
		}
	}
	return n
}

func worst(all []doctor.Finding) doctor.Level {
	for _, level := range []doctor.Level{doctor.Failure, doctor.Warning} {
		if number(all, level) > 0 {
			return level
		}
	}
	return doctor.OK
}

// words are how a level is shown, and in which colour of a terminal.
var words = map[doctor.Level]struct{ word, colour string }{
	doctor.OK:      {"OK", green},
	doctor.Warning: {"WARN", yellow},
	doctor.Failure: {"FAIL", red},
	doctor.Skipped: {"SKIP", grey},
}

// shown writes each finding when it comes, and what to do below it.
func shown(to io.Writer, coloured bool) func(doctor.Finding) {
	return func(f doctor.Finding) {
		level := words[f.Level]
		word := paint(fmt.Sprintf("%-4s", level.word), level.colour, coloured)
		printf(to, "%s  %-11s  %s\n", word, f.Check, f.Found)
		if f.Do != "" {
			printf(to, "%s%s\n", strings.Repeat(" ", 19), f.Do)
		}
	}
}

// askServer asks the server of this machine how it is, and whether it takes requests.
func askServer(ctx context.Context, cfg config.Config) (doctor.Answer, error) {
	says, err := askHealth(ctx, cfg)
	if err != nil || cfg.OpsAddr == "" {
		return says, err
	}
	addr, err := localAddr(cfg.OpsAddr)
	if err != nil {
		return says, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return says, err
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return says, fmt.Errorf("FLOWXI_OPS_ADDR: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return says, fmt.Errorf("/readyz answers %d: it starts, or is told to stop", resp.StatusCode)
	}
	return says, nil
}
