package reference

import (
	"reflect"
	"strings"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/config"
)

// schemas collects the schemas of named answers for the components of a document.
type schemas struct {
	facts facts
	all   object
	known map[string]bool
}

func newSchemas(cfg config.Config) *schemas {
	return &schemas{facts: newFacts(cfg), known: make(map[string]bool)}
}

// add keeps a schema under a name, once, and returns how to point to it.
func (s *schemas) add(name string, schema func() object) object {
	if !s.known[name] {
		s.known[name] = true
		s.all = append(s.all, member{name, schema()})
	}
	return ref("schemas", name)
}

// answer describes the type that an answer points to.
func (s *schemas) answer(a any) object { return s.named(reflect.TypeOf(a).Elem()) }

func (s *schemas) named(t reflect.Type) object {
	return s.add(t.Name(), func() object { return s.structure(t, t.Name()) })
}

// structure describes a struct by its JSON members. It stays open: members may be
// added to an answer (contract, preamble).
func (s *schemas) structure(t reflect.Type, owner string) object {
	var properties object
	var required list
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" {
			continue
		}
		properties = append(properties, member{name, s.property(f.Type, owner, name)})
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	return object{{"type", "object"}, {"required", required}, {"properties", properties}}
}

// property describes one member of an answer by its type and by what is known of
// its name.
func (s *schemas) property(t reflect.Type, owner, name string) object {
	known := s.facts.of(owner, name)
	schema := s.value(t, owner)
	if len(known.more) > 0 && known.more[0].name == "type" { // it knows better
		schema = nil
	}
	if known.about != "" {
		schema = schema.and(member{"description", known.about})
	}
	return schema.and(known.more...)
}

func (s *schemas) value(t reflect.Type, owner string) object {
	switch t {
	case reflect.TypeFor[api.Timestamp]():
		return object{{"type", "string"}, {"format", "date-time"}, {"pattern", `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$`}}
	case reflect.TypeFor[account.Status]():
		return object{{"type", "string"}, {"enum", statuses()}}
	case reflect.TypeFor[account.UserID]():
		return object{{"type", "integer"}, {"format", "int64"}, {"minimum", 1}}
	case reflect.TypeFor[api.FieldErrors]():
		messages := object{{"type", "array"}, {"minItems", 1}, {"items", object{{"type", "string"}}}}
		return object{{"type", "object"}, {"minProperties", 1}, {"additionalProperties", messages}}
	}
	return s.plain(t, owner)
}

func statuses() list {
	var all list
	for _, s := range []account.Status{account.Pending, account.Active, account.Blocked, account.Closed} {
		all = append(all, string(s))
	}
	return all
}

func (s *schemas) plain(t reflect.Type, owner string) object {
	switch t.Kind() {
	case reflect.Pointer:
		return orNullSchema(s.value(t.Elem(), owner))
	case reflect.Slice:
		return object{{"type", "array"}, {"items", s.value(t.Elem(), owner)}}
	case reflect.Bool:
		return object{{"type", "boolean"}}
	case reflect.Int, reflect.Int64:
		return object{{"type", "integer"}}
	case reflect.Struct:
		if t.Name() == "" {
			return s.structure(t, owner)
		}
		return s.named(t)
	}
	return object{{"type", "string"}}
}

func orNullSchema(schema object) object {
	kind := schema[0].value
	return object{{"type", list{kind, "null"}}}.and(schema[1:]...)
}
