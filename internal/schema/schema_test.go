package schema

import (
	"errors"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, schema, data string
		place, reason      string // "" = it matches
	}{
		{"anything", `{}`, `{"a":1}`, "", ""},
		{"true", `true`, `1`, "", ""},
		{"false", `false`, `1`, "", "nothing is allowed"},
		{"type", `{"properties":{"a":{"type":"string"}}}`, `{"a":5}`, "/a", "it is of the type number, not string"},
		{"escaped place", `{"properties":{"a/b~":{"items":{"type":"string"}}}}`, `{"a/b~":["x",1]}`, "/a~1b~0/1", "number"},
		{"required", `{"required":["a","b"]}`, `{"a":1}`, "", `it has no member "b"`},
		{"additional", `{"properties":{"a":true},"additionalProperties":false}`, `{"a":1,"z":2,"b":3}`, "/b", "no such member"},
		{"pattern property", `{"patternProperties":{"^x":{"type":"null"}},"additionalProperties":false}`, `{"x1":1}`, "/x1", "null"},
		{"additional schema", `{"additionalProperties":{"minimum":2}}`, `{"b":3,"a":1}`, "/a", "minimum"},
		{"enum", `{"enum":["a",1.0,{"b":[1,2]}]}`, `"secret value"`, "", "none of the values"},
		{"enum of a number in other words", `{"enum":["a",1.0,{"b":[1,2]}]}`, `1`, "", ""},
		{"enum of an object", `{"enum":[{"b":[1,2],"a":0}]}`, `{"a":0.0,"b":[1,20e-1]}`, "", ""},
		{"const null", `{"const":null}`, `0`, "", "none of the values"},
		{"const of exact digits", `{"const":12345678901234567891}`, `12345678901234567892`, "", "none of the values"},
		{"exact digits", `{"maximum":12345678901234567891}`, `12345678901234567892`, "", "maximum"},
		{"exact fraction", `{"multipleOf":0.01}`, `11.61`, "", ""},
		{"an integer is an integer", `{"type":"integer"}`, `10`, "", ""},
		{"huge number", `{"type":"object"}`, `{"a":[1e1001]}`, "/a/0", "1000 digits"},
		{"format", `{"properties":{"at":{"format":"date-time"}}}`, `{"at":"secret"}`, "/at", "it is no date-time"},
		{"format of another type", `{"format":"date-time"}`, `5`, "", ""},
		{"format and enum", `{"format":"email","enum":["a@b.example","x"]}`, `"x"`, "", "email"},
		{"regex", `{"format":"regex"}`, `"("`, "", "regex"},
		{"pattern", `{"pattern":"^[a-z]+$"}`, `"Secret"`, "", `the pattern "^[a-z]+$"`},
		{"ref", `{"properties":{"a":{"$ref":"#/$defs/s"}},"$defs":{"s":{"maxLength":2}}}`, `{"a":"abc"}`, "/a", "maxLength: got 3, want 2"},
		{"recursive", `{"properties":{"next":{"$ref":"#"},"n":{"type":"integer"}}}`, `{"next":{"next":{"n":"x"}}}`, "/next/next/n", "integer"},
		{"items", `{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}`, `["a",1,"b"]`, "/2", "number"},
		{"draft 7", `{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false}`, `["a",1]`, "", "more items"},
		{"draft 4", `{"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":true}`, `1`, "", "exclusiveMinimum"},
		{"anyOf", `{"anyOf":[{"type":"null"},{"type":"array"}]}`, `1`, "", "anyOf"},
		{"oneOf", `{"oneOf":[{"type":"number"},{"minimum":0}]}`, `1`, "", "oneOf"},
		{"allOf", `{"allOf":[{"minimum":0},{"maximum":3}]}`, `4`, "", "maximum"},
		{"not", `{"not":{"type":"number"}}`, `1`, "", "not"},
		{"if", `{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}`, `{"a":1}`, "", `"b"`},
		{"else", `{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}`, `{}`, "", `"c"`},
		{"dependent", `{"dependentSchemas":{"a":{"required":["b"]}}}`, `{"a":1}`, "", `"b"`},
		{"contains", `{"contains":{"const":1}}`, `[2]`, "", "contains"},
		{"unique", `{"uniqueItems":true}`, `[1,2,1.0]`, "", "equal"},
		{"property names", `{"propertyNames":{"maxLength":1}}`, `{"ab":1}`, "", "propertyNames"},
		{"unevaluated", `{"properties":{"a":true},"unevaluatedProperties":false}`, `{"a":1,"b":2}`, "", "does not match"},
		{"dynamic", `{"$id":"https://x.example/a","$dynamicRef":"#n","$defs":{"n":{"$dynamicAnchor":"n","type":"string"}}}`, `1`, "", "does not match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Compile([]byte(c.schema))
			if err != nil {
				t.Fatal(err)
			}
			for range 3 { // a schema is used again and again, and says the same
				err := s.Check([]byte(c.data), nil)
				if c.reason == "" {
					if err != nil {
						t.Fatal(err)
					}
					continue
				}
				m, ok := errors.AsType[*Mismatch](err)
				if !ok || m.Place != c.place || !strings.Contains(m.Reason, c.reason) || strings.Contains(strings.ToLower(m.Error()), "secret") {
					t.Fatalf("%v, want %q at %q", err, c.reason, c.place)
				}
			}
		})
	}
}

func TestBadSchemas(t *testing.T) {
	for name, c := range map[string]struct{ schema, place, reason string }{
		"no JSON":              {`{`, "", "no JSON"},
		"a number":             {`5`, "", "number"},
		"unknown type":         {`{"properties":{"a":{"type":"text"}}}`, "/properties/a/type", ""},
		"not a schema":         {`{"additionalProperties":5}`, "/additionalProperties", ""},
		"remote":               {`{"$ref":"https://evil.example/x.json"}`, "", `"https://evil.example/x.json"`},
		"remote within":        {`{"items":{"allOf":[{"$ref":"http://169.254.169.254/"}]}}`, "", `"http://169.254.169.254/"`},
		"file":                 {`{"$ref":"file:///etc/passwd"}`, "", `"file:///etc/passwd"`},
		"relative":             {`{"$ref":"other.json"}`, "", `"other.json"`},
		"absolute path":        {`{"$ref":"/etc/passwd"}`, "", `etc/passwd`},
		"under another id":     {`{"$id":"https://a.example/b","$ref":"c"}`, "", `"https://a.example/c"`},
		"unknown draft":        {`{"$schema":"https://a.example/draft"}`, "", `"https://a.example/draft"`},
		"dangling":             {`{"$ref":"#/$defs/a"}`, "", "#/$defs/a"},
		"no such anchor":       {`{"$ref":"#a"}`, "", "#a"},
		"itself":               {`{"allOf":[{"$ref":"#"}]}`, "", "itself"},
		"each other":           {`{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}}}`, "", "itself"},
		"bad pattern":          {`{"pattern":"("}`, "/pattern", "regex"},
		"lookahead":            {`{"pattern":"(?=a)"}`, "/pattern", "regex"},
		"long pattern":         {`{"pattern":"` + strings.Repeat("a", 1025) + `"}`, "/pattern", "1025"},
		"large pattern":        {`{"pattern":"(a{1000}){1}b{1000}"}`, "/pattern", "large"},
		"large patterns":       {`{"properties":{"a":{"pattern":"a{999}"},"b":{"pattern":"b{999}"},"c":{"pattern":"c{999}"}}}`, "", "large"},
		"huge number":          {`{"minimum":1e1001}`, "/minimum", "1000 digits"},
		"too many":             {`{"enum":[` + strings.TrimSuffix(strings.Repeat("{},", 2001), ",") + `]}`, "", "2000"},
		"too deep":             {strings.Repeat(`{"not":`, 65) + "true" + strings.Repeat("}", 65), "", "64"},
		"too large":            {`{"title":"` + strings.Repeat("a", MaxBytes) + `"}`, "", "65536"},
		"a chain that is long": {`{"$ref":"#/$defs/0","$defs":{` + links(200) + `"200":{}}}`, "", "200"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Compile([]byte(c.schema))
			e, ok := errors.AsType[*Error](err)
			if !ok || c.place != "" && e.Place != c.place || !strings.Contains(e.Error(), c.reason) || strings.Contains(e.Error(), "ringback") {
				t.Errorf("%v, want %q at %q", err, c.reason, c.place)
			}
		})
	}
}

// links is so many definitions, each of which refers to the next one.
func links(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"` + index(i) + `":{"$ref":"#/$defs/` + index(i+1) + `"},`)
	}
	return b.String()
}

// TestBudget lets several checks share what they may cost.
func TestBudget(t *testing.T) {
	s, err := Compile([]byte(`{"items":{"type":"number"}}`))
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("[" + strings.Repeat("1,", 100_000) + "1]")
	b, checked := NewBudget(), 0
	for s.Check(data, b) == nil {
		if checked++; checked > 1000 {
			t.Fatal("there is no end")
		}
	}
	if checked < 5 || s.Check(data, nil) != nil {
		t.Errorf("%d checks are all that the budget allows", checked)
	}
}

// FuzzCheck compiles and checks whatever there is: neither panics, and a check
// says the same twice.
func FuzzCheck(f *testing.F) {
	f.Add(`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveAnchor":true,"items":{"$recursiveRef":"#"}}`, `[[1]]`)
	f.Add(`{"properties":{"a":{"$ref":"#/$defs/s"}},"$defs":{"s":{"enum":[1,"a",{}]}}}`, `{"a":{}}`)
	f.Add(`{"$dynamicRef":"#n","$defs":{"n":{"$dynamicAnchor":"n","items":{"$dynamicRef":"#n"}}}}`, `[[]]`)
	f.Add(`{"$ref":"https://json-schema.org/draft/2020-12/schema"}`, `{"items":5}`)
	f.Fuzz(func(t *testing.T, schema, data string) {
		s, err := Compile([]byte(schema))
		if err != nil {
			return
		}
		one, two := s.Check([]byte(data), nil), s.Check([]byte(data), nil)
		if (one == nil) != (two == nil) || one != nil && one.Error() != two.Error() {
			t.Fatalf("%q against %q: %v, and then %v", data, schema, one, two)
		}
	})
}
