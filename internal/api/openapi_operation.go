package api

import (
	"net/http"
	"strings"
)

// operations describes a route, and where it is a GET also the HEAD that comes with
// it (contract section 10).
func (d *document) operations(r Route) (object, error) {
	responses, err := d.responses(r)
	if err != nil {
		return nil, err
	}
	all := object{{strings.ToLower(r.Method), d.operation(r, responses)}}
	if r.Method == http.MethodGet {
		all = all.and(member{"head", d.head(r)})
	}
	return all, nil
}

func (d *document) operation(r Route, responses object) object {
	return object{
		{"operationId", r.Operation},
		{"tags", list{string(r.Tag)}},
		{"summary", strings.TrimSuffix(r.Summary, ".")},
		{"description", d.describe(r)},
		{"security", security(r.Access)},
	}.
		when(r.body != nil || r.Upload, "requestBody", d.requestBody(r)).
		and(member{"responses", responses})
}

func (d *document) head(r Route) object {
	var responses object
	for _, s := range statusesOf(r) {
		responses = append(responses, member{s.text(), object{
			{"description", s.describe()},
			{"headers", responseHeaders(s.status, r.isFree())},
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
func security(a Access) list {
	if a == Public {
		return list{}
	}
	return list{object{{"bearerAuth", list{}}}}
}

// describe tells what an operation does and which limits it meets.
func (d *document) describe(r Route) string {
	text := d.fill(notes(r.Operation))
	if limits := d.limits(r); limits != "" {
		text += "\n\n**Limits**\n\n" + limits
	}
	return strings.TrimSpace(text)
}

func (d *document) requestBody(r Route) object {
	if r.Upload {
		return object{{"required", true}, {"content", object{{"multipart/form-data", object{
			{"schema", uploadSchema()},
			{"encoding", object{{photoField, object{{"contentType", "image/jpeg, image/png, image/webp"}}}}},
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

func uploadSchema() object {
	return object{
		{"type", "object"},
		{"required", list{photoField}},
		{"properties", object{{photoField, object{
			{"type", "string"},
			{"format", "binary"},
			{"description", "A JPEG, PNG or WebP file, told by its content and not by its name: up to 5 MiB and 40 megapixels."},
		}}}},
	}
}
