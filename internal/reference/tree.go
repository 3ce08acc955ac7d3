package reference

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"
)

// object is a JSON object whose members keep their order. A value is another
// object, a list, a string, an int, a bool or nil.
type (
	object []member
	list   []any
	member struct {
		name  string
		value any
	}
)

// and returns o with more members behind.
func (o object) and(more ...member) object { return append(o[:len(o):len(o)], more...) }

// when returns o with one more member where the condition holds.
func (o object) when(condition bool, name string, value any) object {
	if !condition {
		return o
	}
	return o.and(member{name, value})
}

// ref points to a part of the components.
func ref(kind, name string) object { return object{{"$ref", pointer(kind, name)}} }

func pointer(kind, name string) string { return "#/components/" + kind + "/" + name }

const indent = "  "

// toJSON writes a tree as indented JSON.
func toJSON(tree any) ([]byte, error) {
	var b bytes.Buffer
	if err := writeJSON(jsontext.NewEncoder(&b, jsontext.WithIndent(indent)), tree); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeJSON(e *jsontext.Encoder, tree any) error {
	switch v := tree.(type) {
	case object:
		return writeObject(e, v)
	case list:
		return writeList(e, v)
	case string:
		return e.WriteToken(jsontext.String(v))
	case int:
		return e.WriteToken(jsontext.Int(int64(v)))
	case bool:
		return e.WriteToken(jsontext.Bool(v))
	case nil:
		return e.WriteToken(jsontext.Null)
	}
	return fmt.Errorf("%T is no part of a document", tree)
}

func writeObject(e *jsontext.Encoder, o object) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := e.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := writeJSON(e, m.value); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

func writeList(e *jsontext.Encoder, l list) error {
	if err := e.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for _, v := range l {
		if err := writeJSON(e, v); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndArray)
}

// toYAML writes a tree as YAML.
func toYAML(tree any) ([]byte, error) {
	n, err := yamlNode(tree)
	if err != nil {
		return nil, err
	}
	return yaml.Dump(n, yaml.WithIndent(len(indent)), yaml.WithLineWidth(-1))
}

func yamlNode(tree any) (*yaml.Node, error) {
	var parts []any
	n := &yaml.Node{}
	switch v := tree.(type) {
	case object:
		n.Kind = yaml.MappingNode
		for _, m := range v {
			parts = append(parts, m.name, m.value)
		}
	case list:
		n.Kind, parts = yaml.SequenceNode, v
	default:
		return yamlScalar(tree)
	}
	for _, p := range parts {
		child, err := yamlNode(p)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, child)
	}
	return n, nil
}

func yamlScalar(v any) (*yaml.Node, error) {
	n := &yaml.Node{}
	if err := n.Encode(v); err != nil {
		return nil, err
	}
	if text, ok := v.(string); ok && strings.Contains(text, "\n") {
		n.Style = yaml.LiteralStyle
	}
	return n, nil
}

// parseTree reads JSON as a tree, members in their order. Numbers are whole.
func parseTree(d *jsontext.Decoder) (any, error) {
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case jsontext.KindBeginObject:
		return parseMembers(d)
	case jsontext.KindBeginArray:
		return parseItems(d)
	case jsontext.KindString:
		return t.String(), nil
	case jsontext.KindNumber:
		n, err := t.Int()
		return int(n), err
	case jsontext.KindNull:
		return nil, nil
	}
	return t.Bool(), nil
}

func parseMembers(d *jsontext.Decoder) (any, error) {
	o := object{}
	for d.PeekKind() != jsontext.KindEndObject {
		t, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := t.String() // before the next read takes its bytes
		value, err := parseTree(d)
		if err != nil {
			return nil, err
		}
		o = append(o, member{name, value})
	}
	_, err := d.ReadToken()
	return o, err
}

func parseItems(d *jsontext.Decoder) (any, error) {
	l := list{}
	for d.PeekKind() != jsontext.KindEndArray {
		value, err := parseTree(d)
		if err != nil {
			return nil, err
		}
		l = append(l, value)
	}
	_, err := d.ReadToken()
	return l, err
}
