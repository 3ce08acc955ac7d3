package main

import (
	"net/url"
	"path/filepath"
	"strings"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
)

// welcome tells somebody at a terminal where everything is, and no secret.
func welcome(w *world, cfg config.Config, n *node.Node) {
	printf(w.stdout, "\n  Flowxi %s, %s\n\n", thisBuild().Version, cfg.Environment)
	for _, p := range append(addresses(cfg, n), backing(cfg)...) {
		printf(w.stdout, "  %-9s %s\n", p.name, p.at)
	}
	printf(w.stdout, "\n")
	if list := cfg.Shortcuts(); len(list) > 0 {
		printf(w.stdout, "  %s\n\n", paint("Not for production: "+strings.Join(list, ", ")+".", yellow, coloured(w.stdout.file, w.environ)))
	}
	printf(w.stdout, "  Ctrl-C stops it.\n\n")
}

// place is where something is.
type place struct{ name, at string }

// addresses are where a browser, a client or a monitor finds the server.
func addresses(cfg config.Config, n *node.Node) []place {
	at := cfg.PublicURL.String()
	list := []place{{"API", at + "/api/v1"}}
	for _, page := range []place{{"Docs", "/docs"}, {"Try", "/docs/try"}, {"Account", "/account"}, {"Inbox", "/dev/inbox"}} {
		if n.Serves(page.at) {
			list = append(list, place{page.name, at + page.at})
		}
	}
	list = append(list, place{"Health", at + "/api/v1/health"})
	if ops, err := localAddr(cfg.OpsAddr); err == nil {
		list = append(list, place{"Metrics", "http://" + ops + "/metrics, and /livez and /readyz beside it"})
	} else {
		list = append(list, place{"Metrics", "none without FLOWXI_OPS_ADDR"})
	}
	if !cfg.Loopback() {
		list = append(list, place{"Listens", cfg.Addr})
	}
	return list
}

// backing is where the server keeps things, and whom it asks.
func backing(cfg config.Config) []place {
	database, limits, photos, mail := "SQLite in "+whole(node.DatabaseFile(cfg)), "in the memory of this server", "in "+whole(node.PhotoFolder(cfg)), "stays in the inbox"
	if cfg.DatabaseURL != "" {
		database = bare(string(cfg.DatabaseURL))
	}
	if cfg.RedisURL != "" {
		limits = bare(string(cfg.RedisURL))
	}
	if cfg.StorageURL != "" {
		photos = bare(string(cfg.StorageURL))
	}
	if cfg.SendsMail() {
		mail = bare(string(cfg.SMTPURL))
	}
	return []place{{"Database", database}, {"Limits", limits}, {"Photos", photos}, {"Mail", mail}}
}

// whole is a path as it can be used from any folder.
func whole(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// bare is an address without all that could be a secret in it: who asks, and how. A secret
// may hold what no other URL may, so all before the last @ goes unread. Where a ? stands
// before that, nobody can tell which of both is in the secret.
func bare(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	who := rest[:strings.LastIndexByte(rest, '@')+1]
	at, _, _ := strings.Cut(rest[len(who):], "?")
	u, err := url.Parse(scheme + "://" + at)
	if err != nil || strings.Contains(who, "?") {
		return scheme + "://…"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
