package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"flowxi.app/flowxi/client"
	"flowxi.app/flowxi/internal/mock"
)

// What the examples work with: a server, a file for a token, and an authenticator.
var (
	server        string
	tokenFile     string
	authenticator func() client.Secret
)

// TestMain runs everything beside a mock, which the examples call.
func TestMain(m *testing.M) {
	status := 0
	if err := beside(func() { status = m.Run() }); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func beside(run func()) (err error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server = "http://" + l.Addr().String()
	folder, err := os.MkdirTemp("", "flowxi-client-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	tokenFile = filepath.Join(folder, "token")
	m, err := mock.New(ctx, mock.Options{URL: server})
	if err != nil {
		return err
	}
	authenticator = func() client.Secret {
		for _, p := range m.People() {
			if p.TOTPCode != "" {
				return client.Secret(p.TOTPCode)
			}
		}
		return ""
	}
	ended := make(chan error, 1)
	go func() { ended <- m.Serve(ctx, l) }()
	run()
	stop()
	return <-ended
}
