package reference

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

func TestBothFormsOfATreeSayTheSame(t *testing.T) {
	t.Parallel()
	tree := object{
		{"z", list{1, true, nil, "two\nlines\n", object{}, list{}}},
		{"a", object{{"yes", "no"}, {"date", "2026-01-09"}, {"number", "0123"}, {"colon", "a: b # c"}, {"empty", ""}, {"html", "<é> & '\""}}},
	}
	fromJSON, err := toJSON(tree)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := toYAML(tree)
	if err != nil {
		t.Fatal(err)
	}
	var one, other any
	if err := json.Unmarshal(fromJSON, &one); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(asYAML, &other); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &other); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("%s\n%s", asYAML, diff)
	}
	if !strings.HasPrefix(string(asYAML), "z:") {
		t.Errorf("the order is lost:\n%s", asYAML)
	}
	again, err := parseTree(jsontext.NewDecoder(bytes.NewReader(fromJSON)))
	if diff := cmp.Diff(any(tree), again, cmp.AllowUnexported(member{})); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestATreeRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, wrong := range []any{1.5, object{{"a", struct{}{}}}, list{object{{"b", []int{1}}}}} {
		if text, err := toJSON(wrong); err == nil {
			t.Errorf("%#v became %s", wrong, text)
		}
	}
}
