package reference

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
)

var update = flag.Bool("update", false, "write docs/openapi.yaml and docs/errors.md anew")

// usual is the server that the documents of the repository speak of.
func usual(t testing.TB) (config.Config, *locale.Catalog) {
	t.Helper()
	cfg, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	return cfg, catalogue
}

func openAPI(t testing.TB) (yaml, json []byte) {
	t.Helper()
	cfg, catalogue := usual(t)
	yaml, json, err := OpenAPI(cfg, catalogue, "0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return yaml, json
}

func model(t testing.TB, text []byte) (libopenapi.Document, *v3.Document) {
	t.Helper()
	d, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	return d, &m.Model
}

// golden holds a file of docs against what it is derived from.
func golden(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", name)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/%s differs from the code (go test ./internal/reference -update writes it anew):\n%s", name, diff)
	}
}

func TestTheDocumentOfTheRepositoryIsTrue(t *testing.T) {
	t.Parallel()
	yaml, _ := openAPI(t)
	golden(t, "openapi.yaml", "# Derived from internal/reference by its tests; edit the table of routes and run: go test ./internal/reference -update\n"+string(yaml))
}

func TestWhatCannotBeWrittenIsSaid(t *testing.T) {
	t.Parallel()
	cfg, catalogue := usual(t)
	if yaml, json, err := OpenAPI(cfg, catalogue, "\xff"); err == nil || yaml != nil || json != nil {
		t.Errorf("%d and %d bytes, and %v", len(yaml), len(json), err)
	}
}

func TestTheDocumentIsValid(t *testing.T) {
	t.Parallel()
	yaml, asJSON := openAPI(t)
	for name, text := range map[string][]byte{"yaml": yaml, "json": asJSON} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _ := model(t, text)
			v, errs := validator.NewValidator(d)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if ok, problems := v.ValidateDocument(); !ok {
				for _, p := range problems {
					t.Errorf("%s: %s %v", p.Message, p.Reason, p.SchemaValidationErrors)
				}
			}
		})
	}
}

// What the rules allow and generators of clients stumble over: ogen wrote a client that did
// not compile for a const beside two types, and left out the form whose parts had an encoding.
func TestTheDocumentHasNothingThatGeneratorsStumbleOver(t *testing.T) {
	t.Parallel()
	_, text := openAPI(t)
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	var look func(at string, part any)
	look = func(at string, part any) {
		switch part := part.(type) {
		case map[string]any:
			if c, is := part["const"]; is {
				if _, one := part["type"].(string); !one || c == nil {
					t.Errorf("%s: const %v of the type %v", at, c, part["type"])
				}
			}
			if form, is := part["multipart/form-data"].(map[string]any); is && form["encoding"] != nil {
				t.Errorf("%s: a form whose parts have an encoding", at)
			}
			for name, inner := range part {
				look(at+"/"+name, inner)
			}
		case []any:
			for i, inner := range part {
				look(fmt.Sprintf("%s/%d", at, i), inner)
			}
		}
	}
	look("#", document)
}

func TestTheDocumentHasEveryRouteAndNoOther(t *testing.T) {
	t.Parallel()
	yaml, _ := openAPI(t)
	_, m := model(t, yaml)
	var want, got []string
	for _, r := range api.Routes() {
		want = append(want, r.Method+" "+r.Path)
		if r.Method == http.MethodGet {
			want = append(want, "HEAD "+r.Path)
		}
	}
	for path, item := range m.Paths.PathItems.FromOldest() {
		for method := range item.GetOperations().FromOldest() {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Programs that are generated from the document find out by the discriminator which answer
// they have.
func TestTheVariantsOfAnAnswerAreToldApartByTheirCodes(t *testing.T) {
	t.Parallel()
	yaml, _ := openAPI(t)
	_, m := model(t, yaml)
	found := 0
	check := func(operation string, media *v3.MediaType) {
		schema := media.Schema.Schema()
		if len(schema.OneOf) == 0 {
			return
		}
		found++
		if schema.Discriminator == nil || schema.Discriminator.PropertyName != "code" || schema.Discriminator.Mapping.Len() != len(schema.OneOf) {
			t.Errorf("%s: the discriminator is %+v", operation, schema.Discriminator)
			return
		}
		for _, choice := range schema.OneOf {
			constant := choice.Schema().Properties.GetOrZero("code")
			if constant == nil || constant.Schema().Const == nil {
				t.Errorf("%s: %s has no code of its own", operation, choice.GetReference())
				continue
			}
			code := constant.Schema().Const.Value
			if to := schema.Discriminator.Mapping.GetOrZero(code); to == "" || to != choice.GetReference() {
				t.Errorf("%s: %s leads to %q, and is %q", operation, code, to, choice.GetReference())
			}
			if media.Examples.GetOrZero(code) == nil {
				t.Errorf("%s: %s is no code of it", operation, code)
			}
		}
	}
	for _, item := range m.Paths.PathItems.FromOldest() {
		for _, o := range item.GetOperations().FromOldest() {
			for _, response := range o.Responses.Codes.FromOldest() {
				for _, media := range response.Content.FromOldest() {
					check(o.OperationId, media)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no answer has variants, not even that of a login")
	}
}

func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	yaml, _ := openAPI(t)
	_, m := model(t, yaml)
	codes := make(map[string]bool)
	note := func(responses *v3.Response) {
		for _, media := range responses.Content.FromOldest() {
			for name := range media.Examples.FromOldest() {
				code, _, _ := strings.Cut(name, ".")
				codes[code] = true
			}
		}
	}
	for _, item := range m.Paths.PathItems.FromOldest() {
		for _, o := range item.GetOperations().FromOldest() {
			for _, response := range o.Responses.Codes.FromOldest() {
				note(response)
			}
		}
	}
	for _, response := range m.Components.Responses.FromOldest() {
		note(response)
	}
	for _, e := range account.Errors() {
		if !codes[e.Code] {
			t.Errorf("no route answers %s: name it in the rows of internal/api/routes.go that do", e.Code)
		}
	}
	for _, o := range account.Outcomes() {
		if !codes[string(o)] {
			t.Errorf("%s is nowhere", o)
		}
	}
}
