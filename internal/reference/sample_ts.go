package reference

import (
	"fmt"
	"strconv"
	"strings"
)

// typeScript is written with the client of clients/ts, and runs in Node.js 20 as a module.
// In a page the token comes from elsewhere.
func (s sample) typeScript() string {
	var b strings.Builder
	if s.upload {
		b.WriteString("import { openAsBlob } from \"node:fs\";\n")
	}
	fmt.Fprintf(&b, "import { createClient } from \"@flowxi/client\";\n\nconst flowxi = createClient({ baseUrl: %q, locale: %q });\n",
		s.address, english)
	if s.bearer {
		b.WriteString("await flowxi.setToken(process.env.TOKEN ?? \"\");\n")
	}
	if s.upload {
		b.WriteString("const photo = await openAsBlob(\"photo.jpg\");\n")
	}
	fmt.Fprintf(&b, "const answer = await flowxi.%s(%s);\nconsole.log(answer.code, answer);", s.operation, s.typeScriptInput())
	return b.String()
}

func (s sample) typeScriptInput() string {
	if s.upload {
		return "{ photo }"
	}
	var lines []string
	for _, f := range s.fields {
		if !s.isFilledIn(f.Name) {
			lines = append(lines, "  "+f.Name+": "+strconv.Quote(fieldExample(f))+",\n")
		}
	}
	if lines == nil {
		return ""
	}
	return "{\n" + strings.Join(lines, "") + "}"
}

// isFilledIn tells whether the client writes a field by itself: it knows the device that it
// is on, and takes a password once.
func (s sample) isFilledIn(name string) bool {
	switch name {
	case "device_type", "device_name", "password_confirmation":
		return true
	case "device_id":
		return len(s.fields) > 1 // alone it is another device that is meant
	}
	return false
}
