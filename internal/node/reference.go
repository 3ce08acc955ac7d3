package node

import (
	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/reference"
	"flowxi.app/flowxi/internal/web"
)

// describe adds to the pages what is derived from the API. The OpenAPI document is
// made when it is first asked for: most servers never are, and none of them should
// start the later for it.
func (n *Node) describe(d *web.Deps, c *locale.Catalog) {
	d.Derived = make(map[account.Locale]map[string]string)
	for _, l := range c.Supported() {
		d.Derived[l] = reference.Guide(n.cfg, c, l)
	}
	d.Reference = func() []web.Page {
		pages, err := reference.Pages(n.cfg, c)
		if err != nil {
			n.log.Error("cannot write the reference", "error", err)
		}
		return pages
	}
	d.OpenAPI = func() (yaml, json []byte) {
		yaml, json, err := reference.OpenAPI(n.cfg, c, d.Version)
		if err != nil {
			n.log.Error("cannot describe the API", "error", err)
		}
		return yaml, json
	}
}
