// Package backing starts the servers that tests need behind Flowxi, the real ones, by
// the scripts of this project. Its one rule: a server of ours ends with the process that
// started it, however that ends.
package backing

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Server is a running server.
type Server struct {
	URL  string
	held io.Closer // it lives until this is closed, if only as garbage
}

// Given is the server that an environment variable names, or else one that is started by
// the script of that name.
func Given(variable, script string) (Server, error) {
	if url := os.Getenv(variable); url != "" {
		return Server{URL: url}, nil
	}
	return Start(script)
}

// Start starts a server by a script of this project: postgres, redis, s3, or nginx, which
// is told what it stands before.
func Start(script string, more ...string) (Server, error) {
	dir, err := os.MkdirTemp("", "flowxi-"+script+"-")
	if err != nil {
		return Server{}, err
	}
	port, release, err := Ports() // which stay given until this process ends
	if err != nil {
		return Server{}, err
	}
	server, err := hold(script, dir, port, more...)
	if err != nil {
		release()
	}
	return server, err
}

// Stop ends a server that Start has started.
func (s Server) Stop() error { return s.held.Close() }

// hold starts a server that ends with this process: the script waits for the other side
// of its standard input to go away.
func hold(script, dir string, port int, more ...string) (Server, error) {
	cmd := exec.Command(filepath.Join(Root(), "scripts", script), append([]string{"hold", dir, strconv.Itoa(port)}, more...)...)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	held, err := cmd.StdinPipe()
	if err != nil {
		return Server{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Server{}, err
	}
	if err := cmd.Start(); err != nil {
		return Server{}, fmt.Errorf("start %s: %w", script, err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		return Server{}, fmt.Errorf("start %s: %s", script, strings.TrimSpace(failure.String()))
	}
	return Server{URL: strings.TrimSpace(line), held: held}, nil
}

// Ports are given in blocks. They lie below those that the system gives to whoever asks
// for any, one of which might be given away before its server has started. Whoever has a
// block listens on its guard, so that no other process takes it meanwhile.
const (
	PortBlock  = 40 // ports in a row
	blocks     = 250
	firstGuard = 20_000
	firstPort  = firstGuard + blocks
)

// Ports finds the first of PortBlock ports in a row that nobody listens on, and keeps them
// from others of its callers until release.
func Ports() (first int, release func(), err error) {
	for _, i := range rand.Perm(blocks) {
		guard, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(firstGuard+i)))
		if err != nil {
			continue // another has it
		}
		first = firstPort + i*PortBlock
		if free(first, PortBlock) {
			return first, func() { _ = guard.Close() }, nil
		}
		_ = guard.Close()
	}
	return 0, nil, errors.New("there are no free ports: others listen on all of them")
}

func free(first, n int) bool {
	for port := first; port < first+n; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

// Root is the folder of the module.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}
