// Command flowxi runs Flowxi and looks after one. Its one rule: what it prints on stdout
// is the answer, and everything else, errors included, is a line on stderr.
//
// It exits with 0 where all went well, 1 where something failed, and 2 where the command
// line or a setting is wrong. What there is to say of a command stands in its struct alone:
// help, manual page, completion and suggestions are derived from there.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"flowxi.app/flowxi/internal/config"
)

// commands is the command line, one struct for each command. One with the tag answer does
// nothing but answer.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Migrate migrateCommand `cmd:"" help:"Bring the database up to date, or tell whether it is."`
	User    userCommand    `cmd:"" help:"Look at people and act on their accounts, beside a running server."`
	Audit   auditCommand   `cmd:"" help:"Read the audit trail, and check that it is what was written."`
	Keys    keysCommand    `cmd:"" help:"Look after the key ring."`
	Move    moveCommand    `cmd:"" help:"Copy an embedded instance to PostgreSQL, and its photos to a bucket."`
	Backup  backupCommand  `cmd:"" help:"Write everything to one encrypted file, beside running servers."`
	Restore restoreCommand `cmd:"" help:"Bring back what a backup holds, where nobody is yet."`
	Health  healthCommand  `cmd:"" help:"Ask the server on this machine how it is."`
	Mock    mockCommand    `cmd:"" help:"Run a server for frontend tests, with people, codes and a clock that are known."`
	Doctor  doctorCommand  `cmd:"" help:"Tell what is wrong with an instance, and what to do."`
	Version versionCommand `cmd:"" answer:"" help:"Tell which version this is."`
	Help    helpCommand    `cmd:"" help:"Show the help of a command."`

	Completion completionCommand `cmd:"" answer:"" help:"Print what a shell completes command lines with."`
	Man        manCommand        `cmd:"" answer:"" help:"Print the manual page."`
}

// Examples of what to begin with.
func (commands) Examples() []example {
	return []example{
		{"flowxi serve", "Run a server on this machine, with SQLite and an inbox for its mails."},
		{"flowxi doctor", "See whether the settings, and all that they name, are well."},
		{"flowxi backup flowxi.backup", "Keep a copy."},
	}
}

// world is what a command sees of the outside.
type world struct {
	stdin   *os.File
	stdout  *output
	stderr  *os.File
	environ []string
}

// settings reads the settings that a server here would have.
func (w *world) settings() (config.Config, error) { return config.Load(w.environ) }

func main() {
	w := &world{stdin: os.Stdin, stdout: newOutput(os.Stdout, os.Stderr), stderr: os.Stderr, environ: os.Environ()}
	err := run(w, os.Args[1:])
	if err != nil {
		begin := "flowxi: "
		if leadsToJournal(w.stderr, w.environ) {
			begin = asError + begin // why a server does not start is looked for among errors
		}
		for _, line := range lines(toOperator(err)) {
			printf(w.stderr, "%s%s\n", begin, line)
		}
	}
	os.Exit(status(err))
}

func run(w *world, args []string) error {
	parser, err := parser(w)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args) // which prints a help that is asked for
	if lost := w.stdout.lost(); lost != nil {
		return lost
	}
	if err != nil {
		return usage{explain(parser.Model.Node, args, err)}
	}
	if err := nothingEmpty(command); err != nil {
		return usage{err}
	}
	if answers(command) {
		if err := w.stdout.demand(); err != nil {
			return err
		}
	}
	if err := command.Run(w); err != nil {
		return err
	}
	return w.stdout.lost()
}

// answers tells whether it is for its answer that a command is run. Whoever asks for JSON
// is to read it; what acts, or tells by its exit status, does so without.
func answers(command *kong.Context) bool {
	return command.Selected().Tag.Has("answer") || slices.ContainsFunc(command.Path, func(given *kong.Path) bool {
		return given.Flag != nil && given.Flag.Name == "json"
	})
}

// untilSignal ends with the first signal; a second SIGTERM or SIGINT ends the program.
// SIGHUP counts too, unless it was ignored at the start, as nohup has it. It often comes
// twice, from the shell and from the system, so a second one does nothing.
func untilSignal() (context.Context, context.CancelFunc) {
	ends := []os.Signal{syscall.SIGTERM, syscall.SIGINT}
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, func() {
		signal.Ignore(syscall.SIGHUP)
		stop() // then the others do again what they do
	})
	return ctx, stop
}

// nothingEmpty refuses a flag that is given and says nothing, which a script does whose
// variable or file is empty: it must not pass for a flag that is absent.
func nothingEmpty(command *kong.Context) error {
	for _, given := range command.Path {
		if given.Flag == nil {
			continue
		}
		switch value := given.Flag.Target.Interface().(type) {
		case string:
			if value == "" {
				return fmt.Errorf("--%s is empty: leave it out, or give it a value", given.Flag.Name)
			}
		case []string:
			if slices.Contains(value, "") {
				return fmt.Errorf("--%s is empty: leave it out, or give it a value", given.Flag.Name)
			}
		}
	}
	return nil
}

func parser(w *world) (*kong.Kong, error) {
	k, err := kong.New(&commands{},
		kong.Name("flowxi"),
		kong.Description("Flowxi is an authentication server: registration, login, second factor, sessions and profile over one HTTP API."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Help(w.printHelp),
		kong.Writers(w.stdout, w.stderr),
	)
	if err != nil {
		return nil, fmt.Errorf("put the command line together: %w", err)
	}
	k.Model.HelpFlag.Help = "Show this help."
	return k, nil
}

// usage is an error of the command line, or of settings of which a check has told.
type usage struct{ error }

// Unwrap gives the cause.
func (u usage) Unwrap() error { return u.error }

func status(err error) int {
	var wrong *config.Error
	var misused usage
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong), errors.As(err, &misused):
		return 2
	}
	return 1
}

// toOperator is an error as it is told: who stopped a command need not hear what it was at.
func toOperator(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("it was stopped before it was done")
	}
	return err
}

// lines are an error as it is told: one line, or one for each setting that is wrong.
func lines(err error) (list []string) {
	all := config.Wrong(err)
	if len(all) < 2 {
		return []string{oneLine(err)}
	}
	for _, wrong := range all {
		list = append(list, oneLine(wrong))
	}
	return list
}

// oneLine is the error as one line, whatever it was joined from.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
