package main

// helpCommand is another way to write --help.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command to explain."`
}

// Run explains the command, and ends the program as --help does.
func (c *helpCommand) Run(w *world) error { return run(w, append(c.Command, "--help")) }
