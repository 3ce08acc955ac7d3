package config_test

import (
	"net"
	"testing"

	"flowxi.app/flowxi/internal/config"
)

func TestAnAddressOfIPv4IsOfThatAlone(t *testing.T) {
	t.Parallel()
	const addr = "0.0.0.0:0"
	l, err := net.Listen(config.Network(addr), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if at := l.Addr().(*net.TCPAddr); at.IP.To4() == nil {
		t.Errorf("it listens on %s", at)
	}
	for _, addr := range []string{":8080", "[::]:8080", "127.0.0.1:8080", "localhost:8080"} {
		if got := config.Network(addr); got != "tcp" {
			t.Errorf("%s is opened with %s", addr, got)
		}
	}
}
