package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"
)

// notify tells a supervisor how the server is, by the protocol of sd_notify(3). Without one
// that asked to be told it does nothing.
func notify(environ []string, state string) error {
	socket := variable(environ, "NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("reach NOTIFY_SOCKET: %w", err)
	}
	_, err = c.Write([]byte(state))
	if err := errors.Join(err, c.Close()); err != nil {
		return fmt.Errorf("write to NOTIFY_SOCKET: %w", err)
	}
	return nil
}

// keepNotified tells a supervisor that the server is ready, then that it lives, and when
// ctx ends, that it stops, which may take longer than a supervisor goes without hearing.
// Where alive does not return, as in a server that hangs, nothing is told any more.
func keepNotified(ctx context.Context, environ []string, log *slog.Logger, alive func(context.Context)) {
	tell := func(state string) {
		if err := notify(environ, state); err != nil {
			log.Warn("cannot tell the supervisor how the server is", "state", state, "error", err)
		}
	}
	tell("READY=1")
	var beats <-chan time.Time // none where nobody waits for them
	if pace := watchdogPace(environ); pace > 0 {
		ticks := time.NewTicker(pace)
		defer ticks.Stop()
		beats = ticks.C
	}
	for {
		select {
		case <-ctx.Done():
			tell("STOPPING=1")
			return
		case <-beats:
			alive(ctx)
			tell("WATCHDOG=1")
		}
	}
}

// watchdogPace is half of the time after which a supervisor takes a silent server for one
// that hangs (sd_watchdog_enabled(3)). Zero is no supervisor that does, or one that means
// another process.
func watchdogPace(environ []string) time.Duration {
	if pid := variable(environ, "WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	usec, err := strconv.ParseUint(variable(environ, "WATCHDOG_USEC"), 10, 40) // some twelve days
	if err != nil {
		return 0
	}
	return time.Duration(usec) * time.Microsecond / 2
}
