//go:build !unix

package node

import "os"

// lockFile takes nothing: these systems have no lock that goes with the process.
func lockFile(*os.File) (taken bool, err error) { return false, nil }
