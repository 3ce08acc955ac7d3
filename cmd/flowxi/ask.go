package main

import (
	"bufio"
	"errors"
	"fmt"
	"os/user"
	"strings"
)

// confirm asks before something is done that cannot be undone. Without a terminal there
// is nobody to ask, and --yes must have been given.
func confirm(w *world, yes bool, question string) error {
	if yes {
		return nil
	}
	if !terminal(w.stdin) {
		return usage{errors.New("there is no terminal to ask on: give --yes to do it without asking")}
	}
	printf(w.stderr, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(w.stdin).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was done")
}

// operator is who runs the command, for the audit trail.
func operator() string {
	u, err := user.Current()
	if err != nil {
		return "operator:unknown"
	}
	return fmt.Sprintf("operator:%s", u.Username)
}
