package node

import (
	"net/http"

	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/web"
)

// pages answers everything outside the API. The inbox is shown only where nobody but
// this machine can ask for it.
func (n *Node) pages(c *locale.Catalog, version string) http.Handler {
	d := web.Deps{Catalog: c, Config: n.cfg, Now: n.now, Version: version, Folder: n.folder}
	if n.cfg.DevInbox() {
		d.Inbox = n.inbox
	}
	n.describe(&d, c)
	return web.New(d)
}
