package api

import (
	"syscall"
	"time"
)

// threadSleep keeps its thread to itself, and may return early.
func threadSleep(d time.Duration) {
	t := syscall.NsecToTimespec(d.Nanoseconds())
	_ = syscall.Nanosleep(&t, nil) // a signal ends it, and whoever calls looks at the clock
}
