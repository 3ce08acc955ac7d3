package main

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// full is an output that nothing can be written to.
func full(t *testing.T) *output {
	t.Helper()
	file, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return &output{file: file}
}

// Where an answer cannot be written, whoever asked is told so and told nothing else.
func TestAnAnswerThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	lines := []string{
		"--help", "help", "version", "version --json", "man", "keys new", "mock --listen 127.0.0.1:0",
		"completion bash", "completion zsh", "completion fish",
	}
	for _, leaf := range commandTable(t).Model.Leaves(false) {
		lines = append(lines, strings.TrimPrefix(leaf.FullPath(), "flowxi ")+" --help")
	}
	for _, line := range lines {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			err := run(&world{stdout: full(t), stderr: os.Stderr}, strings.Fields(line))
			if !errors.Is(err, syscall.ENOSPC) || status(err) != 1 {
				t.Errorf("flowxi %s ends with %d and says %v", line, status(err), err)
			}
		})
	}
}
