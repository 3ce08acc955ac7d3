package reference

import (
	"reflect"

	"flowxi.app/flowxi/internal/form"
)

// bodySchema describes the JSON body of an input. Members that it does not name are
// ignored, so that it stays open.
func bodySchema(body form.Body) object {
	var properties object
	var required, companions list
	leader := ""
	for _, f := range body.Fields() {
		properties = append(properties, member{f.Name, fieldSchema(f)})
		switch {
		case f.Required && f.With == "":
			required = append(required, f.Name)
		case f.Required:
			leader, companions = f.With, append(companions, f.Name)
		}
	}
	return object{{"type", "object"}}.
		when(len(required) > 0, "required", required).
		and(member{"properties", properties}).
		when(leader != "", "dependentRequired", object{{leader, companions}})
}

// bodyName is what the schema of an input is called.
func bodyName(body form.Body) string { return reflect.TypeOf(body).Elem().Name() }

func fieldSchema(f form.Field) object {
	s := f.Rule.Schema
	example := fieldExample(f)
	return object{{"type", fieldType(f)}}.
		and(member{"description", fieldText(f)}).
		when(s.Format != "", "format", s.Format).
		when(s.Pattern != "", "pattern", s.Pattern).
		when(s.MinLength > 0, "minLength", s.MinLength).
		when(s.MaxLength > 0, "maxLength", s.MaxLength).
		when(s.Secret, "writeOnly", true).
		when(example != "", "examples", list{example})
}

// fieldType leaves null to every field that may be absent, since the two count as
// the same or null has a meaning of its own.
func fieldType(f form.Field) any {
	if f.Required && f.With == "" {
		return "string"
	}
	return list{"string", "null"}
}

// fieldText is the description of a field with what its schema cannot say.
func fieldText(f form.Field) string {
	text := f.Rule.Schema.Description + "."
	switch {
	case f.With != "" && f.Required:
		text += " Required where `" + f.With + "` is sent; checked without it too, but not kept."
	case f.With != "":
		text += " Checked, but not kept, where `" + f.With + "` is not sent."
	case f.Nullable:
		text += " Absent leaves it as it is; null, or an empty text, clears it."
	}
	return text
}
