package main

import (
	"fmt"
	"os"
	"syscall"
)

// leadsToJournal tells whether a file is the stream to the journal that systemd has named
// (systemd.exec(5)). The name is handed down to whatever a service runs, so it has to be
// that of this very file.
func leadsToJournal(file *os.File, environ []string) bool {
	info, err := file.Stat()
	if err != nil {
		return false
	}
	stream, ok := info.Sys().(*syscall.Stat_t)
	return ok && variable(environ, "JOURNAL_STREAM") == fmt.Sprintf("%d:%d", stream.Dev, stream.Ino)
}
