//go:build !linux

package api

import "time"

// threadSleep is as exact as the timers of the runtime are.
func threadSleep(d time.Duration) { time.Sleep(d) }
