package dbtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

func postgresURL() (string, error) {
	s, err := postgres()
	return s.url, err
}

// server is a PostgreSQL on which databases may be made.
type server struct {
	url  string
	held io.Closer // a server of our own lives until this is closed, if only as garbage
}

var postgres = sync.OnceValues(func() (server, error) {
	if given := os.Getenv("FLOWXI_TEST_POSTGRES_URL"); given != "" {
		return server{url: given}, nil
	}
	dir, err := os.MkdirTemp("", "flowxi-postgres-")
	if err != nil {
		return server{}, err
	}
	port, err := freePort()
	if err != nil {
		return server{}, err
	}
	return hold(dir, port)
})

// hold starts a server that ends with this process, however that ends: the script
// waits for the other side of its standard input to go away.
func hold(dir string, port int) (server, error) {
	cmd := exec.Command(filepath.Join(root(), "scripts", "postgres"), "hold", dir, strconv.Itoa(port))
	var failure bytes.Buffer
	cmd.Stderr = &failure
	held, err := cmd.StdinPipe()
	if err != nil {
		return server{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return server{}, err
	}
	if err := cmd.Start(); err != nil {
		return server{}, fmt.Errorf("start PostgreSQL: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		return server{}, fmt.Errorf("start PostgreSQL: %s", strings.TrimSpace(failure.String()))
	}
	return server{url: strings.TrimSpace(line), held: held}, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
