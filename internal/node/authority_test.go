package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/otlp"
	"flowxi.app/flowxi/internal/store"
)

// calls speak to each kind of server that a node has, at an address, by TLS. What they say
// after the handshake nobody answers.
var calls = map[string]func(ctx context.Context, addr string){
	"Redis": func(ctx context.Context, addr string) {
		_, _ = cache.OpenRedis(ctx, "rediss://"+addr+"/0", cache.RedisOptions{Now: time.Now})
	},
	"S3": func(ctx context.Context, addr string) {
		_, _ = blob.OpenS3(ctx, "s3://id:secret@"+addr+"/bucket?region=r")
	},
	"PostgreSQL": func(ctx context.Context, addr string) {
		_, _ = store.Open(ctx, store.Options{URL: "postgres://u:p@" + addr + "/d?sslmode=verify-full"})
	},
	"mail": func(ctx context.Context, addr string) {
		if s, err := mail.NewSMTP("smtps://" + addr); err == nil {
			_ = s.Send(ctx, mail.Message{
				ID: strings.Repeat("0", 32), Kind: "registration_code", From: "a@example.com", To: "b@example.com",
				Subject: "s", Text: "t\n", HTML: "<p>t</p>\n", Locale: "en", Date: time.Now(),
			})
		}
	},
	"traces": func(ctx context.Context, addr string) {
		if p, err := otlp.Open("https://"+addr, "v1", slog.New(slog.DiscardHandler)); err == nil {
			_, span := p.Tracer().Root(ctx, "x", "")
			span.End(nil)
			_ = p.Close()
		}
	},
}

// childEnv has the addresses that a child process calls; aloneEnv the only certificate
// that it may trust.
const (
	childEnv = "TEST_AUTHORITY_CALLS"
	aloneEnv = "TEST_AUTHORITY_ALONE"
)

// TestAnAuthorityOfOnesOwnIsTrusted has a process of its own for each case, since a process
// reads once whom it trusts.
func TestAnAuthorityOfOnesOwnIsTrusted(t *testing.T) {
	if addrs := os.Getenv(childEnv); addrs != "" {
		callAll(t, addrs)
		return
	}
	t.Parallel()
	folder, strangers := t.TempDir(), t.TempDir()
	cert, key := writeCertificate(t, folder, 1, time.Now())
	stranger, _ := writeCertificate(t, strangers, 2, time.Now())
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		environ []string
		trusted bool
	}{
		"by its file":           {[]string{"SSL_CERT_FILE=" + cert}, true},
		"by its folder":         {[]string{"SSL_CERT_DIR=" + folder}, true},
		"and nobody else":       {[]string{"SSL_CERT_FILE=" + cert, "SSL_CERT_DIR=" + folder, aloneEnv + "=" + cert}, true},
		"another is a stranger": {[]string{"SSL_CERT_FILE=" + stranger}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			if c.trusted {
				want = []string{"PostgreSQL", "Redis", "S3", "mail", "traces"}
			}
			if got := trustedBy(t, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, c.environ); !slices.Equal(got, want) {
				t.Errorf("it trusts %q; want %q", got, want)
			}
		})
	}
}

// trustedBy names the servers with whom a child process finishes the handshake. All of
// them have to be called.
func trustedBy(t *testing.T, config *tls.Config, environ []string) (names []string) {
	t.Helper()
	type outcome struct {
		name    string
		trusted bool
	}
	outcomes := make(chan outcome, 100) // the clients try several times
	var addrs []string
	for name := range calls {
		addr := greets(t, config, name == "PostgreSQL", func(trusted bool) {
			select {
			case outcomes <- outcome{name, trusted}:
			default:
			}
		})
		addrs = append(addrs, name+"="+addr)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAnAuthorityOfOnesOwnIsTrusted$")
	child.Env = append(os.Environ(), append(environ, childEnv+"="+strings.Join(addrs, ","))...)
	if said, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	called := map[string]bool{}
	for len(called) < len(calls) {
		select {
		case o := <-outcomes:
			if o.trusted && !slices.Contains(names, o.name) {
				names = append(names, o.name)
			}
			called[o.name] = true
		case <-time.After(10 * time.Second):
			t.Fatalf("it has called %v alone", called)
		}
	}
	slices.Sort(names)
	return names
}

// greets is a server that hangs up after the handshake, and tells how that ended.
func greets(t *testing.T, config *tls.Config, postgres bool, tell func(trusted bool)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
				if postgres { // it asks for TLS with eight bytes, and is told yes with one
					_, _ = conn.Read(make([]byte, 8))
					_, _ = conn.Write([]byte("S"))
				}
				tell(tls.Server(conn, config).Handshake() == nil)
			}()
		}
	}()
	return l.Addr().String()
}

// callAll is what the child does.
func callAll(t *testing.T, addrs string) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for _, pair := range strings.Split(addrs, ",") {
		name, addr, _ := strings.Cut(pair, "=")
		all.Go(func() { calls[name](ctx, addr) })
	}
	all.Wait()
	if cert := os.Getenv(aloneEnv); cert != "" {
		if err := trustsAlone(filepath.Clean(cert)); err != nil {
			t.Error(err)
		}
	}
}

func trustsAlone(cert string) error {
	text, err := os.ReadFile(cert)
	if err != nil {
		return err
	}
	one := x509.NewCertPool()
	one.AppendCertsFromPEM(text)
	system, err := x509.SystemCertPool()
	if err == nil && !system.Equal(one) {
		err = fmt.Errorf("others than %s are trusted", cert)
	}
	return err
}
