package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// checkUnit starts the program with the settings of the systemd unit and the example
// beside it. What the unit is otherwise, systemd itself says.
func (l linter) checkUnit(ctx context.Context) error {
	const where = "systemd/flowxi.env.example"
	example, err := readEnv(l.path(where))
	if err != nil {
		return err
	}
	unit, err := os.ReadFile(l.path("systemd", "flowxi.service")) //nolint:gosec // in the folder to check
	if err != nil {
		return err
	}
	env := settings{}
	for line := range strings.Lines(string(unit)) {
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "Environment="), "=")
		if ok && strings.HasPrefix(line, "Environment=") {
			env[name] = strings.TrimSpace(value)
		}
	}
	filled := settings{"FLOWXI_SMTP_URL": "smtps://smtp.example.org", "FLOWXI_KEYS": l.key}
	return errors.Join(
		l.refused(ctx, where, env.over(example, settings{"FLOWXI_KEYS": l.key})),
		l.starts(ctx, where, env.over(example, filled)),
		l.aborts(ctx, env),
		leavesNoCore(string(unit)),
	)
}

// leavesNoCore checks that a crash leaves no copy of the memory, whoever takes such copies:
// the kernel, or a program that it hands them to (core(5)).
func leavesNoCore(unit string) error {
	for _, line := range []string{"LimitCORE=0", "CoredumpFilter=0x0"} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			return fmt.Errorf("systemd: a crash leaves a copy of the keys, without %s", line)
		}
	}
	return nil
}

// aborts checks that systemd starts a server again that has crashed. As Go has it, a crash
// has the exit status of a wrong setting, with which the unit leaves a server stopped.
func (l linter) aborts(ctx context.Context, env settings) error {
	folder, err := os.MkdirTemp("", "flowxi-deploy-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	serve := exec.CommandContext(ctx, "sh", "-c", `ulimit -c 0; exec "$0" serve`, l.flowxi) //nolint:gosec // the program that the caller names
	serve.Env = env.over(settings{"FLOWXI_DATA_DIR": folder, "FLOWXI_ADDR": "127.0.0.1:0"}).environ()
	log, err := serve.StderrPipe()
	if err != nil {
		return err
	}
	if err := serve.Start(); err != nil {
		return err
	}
	said := make([]byte, 4096)
	n, _ := log.Read(said) // then it runs
	_ = serve.Process.Signal(syscall.SIGABRT)
	_, _ = io.Copy(io.Discard, log)
	_ = serve.Wait() // its status says it
	if status := serve.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGABRT {
		return fmt.Errorf("systemd: a crash has exit status %d, after which no server starts again; it said: %s", status.ExitStatus(), said[:n])
	}
	return nil
}
