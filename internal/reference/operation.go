package reference

import (
	"strings"

	"flowxi.app/flowxi/internal/api"
)

// operations describes a route, and where it is a GET also the HEAD that comes with
// it (contract section 10).
func (d *document) operations(r api.Route) (object, error) {
	responses, err := d.responses(r)
	if err != nil {
		return nil, err
	}
	all := object{{strings.ToLower(r.Method), d.operation(r, responses)}}
	if r.Method == methodGet {
		all = all.and(member{"head", d.head(r)})
	}
	return all, nil
}

func (d *document) operation(r api.Route, responses object) object {
	return object{
		{"operationId", r.Operation},
		{"tags", list{string(r.Tag)}},
		{"summary", strings.TrimSuffix(r.Summary, ".")},
		{"description", d.describe(r)},
		{"security", security(r.Access)},
	}.
		when(r.Body() != nil || r.Upload, "requestBody", d.requestBody(r)).
		and(member{"responses", responses})
}

func (d *document) head(r api.Route) object {
	var responses object
	for _, s := range statusesOf(r) {
		responses = append(responses, member{s.text(), object{
			{"description", s.describe()},
			{"headers", responseHeaders(s.status, r.IsFree())},
		}})
	}
	return object{
		{"operationId", "head" + strings.ToUpper(r.Operation[:1]) + r.Operation[1:]},
		{"tags", list{string(r.Tag)}},
		{"summary", "The headers of GET " + r.Path},
		{"description", "Answers as GET does, without the body."},
		{"security", security(r.Access)},
		{"responses", responses},
	}
}

// security is empty, not absent, for what everybody may call: the document has no
// default to fall back to.
func security(a api.Access) list {
	if a == api.Public {
		return list{}
	}
	return list{object{{"bearerAuth", list{}}}}
}

// describe tells what an operation does and which limits it meets.
func (d *document) describe(r api.Route) string {
	text := d.fill(notes(r.Operation))
	if limits := d.limits(r); limits != "" {
		text += "\n\n**Limits**\n\n" + limits
	}
	return strings.TrimSpace(text)
}

func (d *document) requestBody(r api.Route) object {
	if r.Upload {
		return object{{"required", true}, {"content", object{{"multipart/form-data", object{
			{"schema", d.uploadSchema()},
		}}}}}
	}
	body := r.Body()
	if body == nil {
		return nil
	}
	schema := d.schemas.add(bodyName(body), func() object { return bodySchema(body) })
	return object{{"required", true}, {"content", object{{"application/json", object{
		{"schema", schema},
		{"example", requestExample(body)},
	}}}}}
}

func (d *document) uploadSchema() object {
	return object{
		{"type", "object"},
		{"required", list{api.PhotoField}},
		{"properties", object{{api.PhotoField, object{
			{"type", "string"},
			{"format", "binary"},
			{"description", d.fill(photoNotes)},
		}}}},
	}
}
