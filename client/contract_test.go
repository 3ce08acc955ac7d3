package client_test

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"flowxi.app/flowxi/client"
)

// document is the OpenAPI document of the repository, which a test of internal/reference
// holds to the server.
func document(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

// at follows names down a tree.
func at[T any](t *testing.T, tree any, path ...string) T {
	t.Helper()
	for _, name := range path {
		tree = tree.(map[string]any)[name]
	}
	found, ok := tree.(T)
	if !ok {
		t.Fatalf("the document has no %s of that kind: %T", strings.Join(path, "."), tree)
	}
	return found
}

func TestEveryOperationHasAMethod(t *testing.T) {
	t.Parallel()
	methods := reflect.TypeFor[*client.Client]()
	count := 0
	for path, item := range at[map[string]any](t, document(t), "paths") {
		for verb, op := range item.(map[string]any) {
			if verb == "parameters" || verb == "head" { // HEAD is GET without its answer
				continue
			}
			count++
			id := at[string](t, op, "operationId")
			if _, there := methods.MethodByName(strings.ToUpper(id[:1]) + id[1:]); !there {
				t.Errorf("no method calls %s (%s %s)", id, strings.ToUpper(verb), path)
			}
		}
	}
	if count < 20 {
		t.Errorf("the document has %d operations; there are more", count)
	}
}

// types are those of the schemas, by the names of the document.
func types() map[string]reflect.Type {
	list := map[string]reflect.Type{}
	for _, v := range []any{
		client.EmailInput{}, client.CodeCheckInput{}, client.CodePasswordInput{}, client.LinkPasswordInput{}, client.LoginInput{},
		client.LoginTwoFAInput{}, client.LogoutDeviceInput{}, client.TOTPInput{}, client.ProfileInput{},
		client.Done{}, client.CodeValid{}, client.TokenIssued{}, client.LoggedIn{}, client.LoginToken{}, client.Challenged{},
		client.LoginChallenge{}, client.DeviceList{}, client.Device{}, client.SecondFactor{}, client.Succeeded{}, client.Me{},
		client.Person{}, client.MeUpdated{}, client.UpdatedDetails{}, client.PhotoUpdated{}, client.PhotoDeleted{},
		client.Health{}, client.HealthData{},
	} {
		list[reflect.TypeOf(v).Name()] = reflect.TypeOf(v)
	}
	return list
}

func TestEverySchemaHasAType(t *testing.T) {
	t.Parallel()
	schemas, types := at[map[string]any](t, document(t), "components", "schemas"), types()
	for name, schema := range schemas {
		if name == "Refused" { // which is Error, and looked at below
			continue
		}
		if narrow, is := schema.(map[string]any)["allOf"].([]any); is && len(narrow) == 1 { // another one, with a code of its own
			name = strings.TrimPrefix(at[string](t, narrow[0], "$ref"), "#/components/schemas/")
		}
		if types[name] == nil {
			t.Errorf("there is no type for the schema %s", name)
		}
	}
	for name, typ := range types {
		if schemas[name] == nil {
			t.Errorf("the document has no schema %s", name)
			continue
		}
		holds(t, name, schemas[name].(map[string]any), typ, strings.HasSuffix(name, "Input"))
	}
	refused := slices.Sorted(maps.Keys(at[map[string]any](t, schemas["Refused"], "properties")))
	if want := []string{"code", "errors", "message"}; !slices.Equal(refused, want) {
		t.Errorf("a refusal has %v; Error knows of %v", refused, want)
	}
}

// holds compares the members of a schema with the fields of a type.
func holds(t *testing.T, name string, schema map[string]any, typ reflect.Type, input bool) {
	t.Helper()
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(typ) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag != "" {
			fields[tag] = f
		}
	}
	members := at[map[string]any](t, schema, "properties")
	for tag := range fields {
		if members[tag] == nil {
			t.Errorf("%s has no member %s", name, tag)
		}
	}
	required, _ := schema["required"].([]any)
	for member, m := range members {
		f, there := fields[member]
		if !there {
			t.Errorf("%s: no field is the member %s", typ, member)
			continue
		}
		fits(t, name+"."+member, m.(map[string]any), f, slices.Contains(required, any(member)), input)
	}
}

// fits compares one member with its field: what it may hold, and whether it may be absent
// or null.
func fits(t *testing.T, name string, member map[string]any, f reflect.StructField, required, input bool) {
	t.Helper()
	kinds := kindsOf(member)
	typ, nullable := f.Type, slices.Contains(kinds, "null")
	optional := strings.HasSuffix(f.Tag.Get("json"), ",omitzero")
	switch {
	case input && !required && !optional:
		t.Errorf("%s may be absent, and its field is always sent", name)
	case input && required && optional && typ.Kind() != reflect.String: // the Device of the Options stands in
		t.Errorf("%s is required, and its field may be left out", name)
	case !input && nullable != (typ.Kind() == reflect.Pointer):
		t.Errorf("%s may be null: %t; its field is a %s", name, nullable, typ)
	case !input && !required:
		t.Errorf("%s may be absent, of which the types know nothing", name)
	}
	if secret := member["writeOnly"] == true; secret && typ != reflect.TypeFor[client.Secret]() {
		t.Errorf("%s is a secret, and its field is a %s", name, typ)
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ == reflect.TypeFor[client.Optional]() {
		typ = reflect.TypeFor[string]()
	}
	always := slices.Equal(kinds, []string{"null"}) // any pointer is
	if got := kindOf(typ); !always && !slices.Contains(kinds, got) {
		t.Errorf("%s is %v, and its field is a %s (%s)", name, kinds, typ, got)
	}
	if inner, ok := member["properties"]; ok && inner != nil {
		holds(t, name, member, typ, input)
	}
	if ref, ok := member["$ref"].(string); ok && !strings.HasSuffix(ref, "/"+typ.Name()) {
		t.Errorf("%s is %s, and its field is a %s", name, ref, typ)
	}
}

func kindsOf(member map[string]any) []string {
	switch kind := member["type"].(type) {
	case string:
		if member["format"] == "date-time" {
			return []string{"date-time"}
		}
		return []string{kind}
	case []any:
		var list []string
		for _, k := range kind {
			list = append(list, k.(string))
		}
		return list
	}
	return []string{"object"} // a reference
}

func kindOf(typ reflect.Type) string {
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return "date-time"
	case typ.Kind() == reflect.String:
		return "string"
	case typ.Kind() == reflect.Bool:
		return "boolean"
	case typ.Kind() == reflect.Slice:
		return "array"
	case typ.Kind() == reflect.Int, typ.Kind() == reflect.Int64:
		return "integer"
	}
	return "object"
}

func TestTheStatesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	var got []string
	for _, s := range []client.Status{client.StatusPending, client.StatusActive, client.StatusBlocked, client.StatusClosed} {
		got = append(got, string(s))
	}
	var want []string
	for _, s := range at[[]any](t, document(t), "components", "schemas", "Person", "properties", "status", "enum") {
		want = append(want, s.(string))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the states are %v, want %v", got, want)
	}
}
