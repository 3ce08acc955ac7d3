package main

import (
	"errors"
	"fmt"
	"net"
)

// notifyReady tells a supervisor that the server answers from now on, by the protocol of
// sd_notify(3). Without one that asked to be told it does nothing.
func notifyReady(environ []string) error {
	socket := variable(environ, "NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("reach NOTIFY_SOCKET: %w", err)
	}
	_, err = c.Write([]byte("READY=1"))
	if err := errors.Join(err, c.Close()); err != nil {
		return fmt.Errorf("write to NOTIFY_SOCKET: %w", err)
	}
	return nil
}
