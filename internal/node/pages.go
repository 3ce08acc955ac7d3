package node

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/web"
)

// pages answers everything outside the API. It is put together when a page is first
// asked for: most nodes never show one, and none should start the later for it.
func (n *Node) pages(c *locale.Catalog, version string) http.Handler {
	n.site = sync.OnceValue(func() *web.Site { return n.makePages(c, version) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n.site().ServeHTTP(w, r) })
}

func (n *Node) refused(w http.ResponseWriter, r *http.Request, status int, e account.Error) bool {
	return n.site().Refused(w, r, status, e)
}

// Serves tells whether the node has a page, or a folder of pages, at a path outside the
// API, such as /docs.
func (n *Node) Serves(path string) bool { return n.site().Serves(path) }

// makePages shows the inbox only where nobody but this machine can ask for it.
func (n *Node) makePages(c *locale.Catalog, version string) *web.Site {
	d := web.Deps{Catalog: c, Config: n.cfg, Now: n.now, Version: version, Log: n.log, Folder: n.folder, PhotosFrom: n.photosFrom}
	if n.cfg.DevInbox() {
		d.Inbox = n.inbox
	}
	n.describe(&d, c)
	return web.New(d)
}

// photosFrom is the origin of the addresses of photos, which the service of the bucket
// shapes: it is read off one of no photo. Where none can be signed now it is empty.
func (n *Node) photosFrom(ctx context.Context) string {
	signed, err := n.bucket.SignedURL(ctx, "profile_photos/none.jpg", time.Minute)
	if err != nil {
		return ""
	}
	address, err := url.Parse(signed)
	if err != nil {
		return ""
	}
	return address.Scheme + "://" + address.Host
}
