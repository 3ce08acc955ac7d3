package reference

import (
	"fmt"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
)

// OpenAPI describes the API in OpenAPI 3.1, as YAML and as JSON. All of it follows
// from api.Routes, the inputs and the answers; cfg gives the address, the limits and
// the times of this server, and the catalogue the messages in the examples. It takes
// some milliseconds.
func OpenAPI(cfg config.Config, catalogue *locale.Catalog, version string) (yaml, json []byte, err error) {
	tree, err := newDocument(cfg, catalogue).tree(version)
	if err != nil {
		return nil, nil, fmt.Errorf("describe the API: %w", err)
	}
	if yaml, err = toYAML(tree); err != nil {
		return nil, nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	if json, err = toJSON(tree); err != nil {
		return nil, nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return yaml, json, nil
}

func (d *document) tree(version string) (object, error) {
	paths, err := d.paths()
	if err != nil {
		return nil, err
	}
	if err := d.addStrays(); err != nil {
		return nil, err
	}
	address := d.cfg.PublicURL.String()
	return object{
		{"openapi", "3.1.0"},
		{"info", object{
			{"title", "Flowxi"},
			{"version", version},
			{"summary", "Accounts, login and sessions for an app of your own."},
			{"description", d.fill(introduction)},
		}},
		{"externalDocs", object{{"description", "Guides and reference"}, {"url", address + "/docs"}}},
		{"servers", list{object{{"url", address + api.Prefix}, {"description", "This server (" + d.cfg.Environment + ")"}}}},
		{"tags", tags()},
		{"paths", paths},
		{"components", d.components()},
	}, nil
}

// paths lists the operations by path, in the order of the table.
func (d *document) paths() (object, error) {
	var paths object
	at := make(map[string]int)
	for _, r := range api.Routes() {
		i, known := at[r.Path]
		if !known {
			i, at[r.Path] = len(paths), len(paths)
			paths = append(paths, member{r.Path, object{{"parameters", commonParameters()}}})
		}
		operations, err := d.operations(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Operation, err)
		}
		paths[i].value = paths[i].value.(object).and(operations...) //nolint:forcetypeassert // as it was put there
	}
	return paths, nil
}

func (d *document) components() object {
	return object{
		{"securitySchemes", object{{"bearerAuth", object{
			{"type", "http"},
			{"scheme", "bearer"},
			{"bearerFormat", "<id>|<secret>"},
			{"description", "A token of a login or a registration, in `Authorization: Bearer <token>`. It is never taken from the query, the body or a cookie."},
		}}}},
		{"parameters", parameters()},
		{"headers", headers(d.languages())},
		{"schemas", d.schemas.all},
		{"responses", d.shared},
	}
}

func (d *document) languages() list {
	var all list
	for _, l := range d.examples.catalogue.Supported() {
		all = append(all, string(l))
	}
	return all
}

// tags describes the groups of operations.
func tags() list {
	var all list
	seen := make(map[api.Tag]bool)
	for _, r := range api.Routes() {
		if !seen[r.Tag] {
			seen[r.Tag] = true
			all = append(all, object{{"name", string(r.Tag)}, {"description", tagText(r.Tag)}})
		}
	}
	return all
}
