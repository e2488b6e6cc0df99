package schema

import (
	"errors"
	"fmt"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// hostile are schemas, within their limits, and data of at most 256 KiB that
// would keep a validator without limits busy for long, or take its memory.
func hostile() map[string][2]string {
	var fan strings.Builder // allOf of two references to the next level, 90 levels
	fan.WriteString(`{"$ref":"#/$defs/l0","$defs":{`)
	for i := range 90 {
		fmt.Fprintf(&fan, `"l%d":{"%s":[{"$ref":"#/$defs/l%d"},{"$ref":"#/$defs/l%d"}]},`, i, []string{"allOf", "anyOf", "oneOf"}[i%3], i+1, i+1)
	}
	fan.WriteString(`"l90":{"type":"string"}}}`)
	var chain strings.Builder
	for i := range 190 {
		fmt.Fprintf(&chain, `"l%d":{"$ref":"#/$defs/l%d"},`, i, i+1)
	}
	dependent := strings.ReplaceAll(fan.String(), `"type":"string"`, `"type":"object"`)
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		dependent = strings.ReplaceAll(dependent, `"`+keyword+`":[{`, `"dependentSchemas":{"a":{`)
		dependent = strings.ReplaceAll(dependent, `},{"$ref"`, `},"b":{"$ref"`)
		dependent = strings.ReplaceAll(dependent, `"}]}`, `"}}}`)
	}
	list := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	nested := func(n int, inner string) string {
		return strings.Repeat("[", n) + inner + strings.Repeat("]", n)
	}
	return map[string][2]string{
		"fan-out":               {fan.String(), `{}`},
		"fan-out below not":     {`{"not":{"$ref":"#/$defs/l0"},` + fan.String()[len(`{"$ref":"#/$defs/l0",`):], `{}`},
		"fan-out by dependents": {dependent, `{"a":1,"b":1}`},
		"long enum":             {`{"items":{"enum":[` + numbered(9000, "%d,") + `]}}`, `[` + list(120_000, "1") + `]`},
		"enum of numbers":       {`{"items":{"enum":[` + numbered(9000, "%d,") + `]}}`, `[` + list(60_000, "1e9") + `]`},
		"required":              {`{"items":{"required":[` + numbered(7000, `"m%d",`) + `]}}`, `[` + list(80_000, `{}`) + `]`},
		"patterns for names": {
			`{"patternProperties":{` + numbered(150, `"^.*x%d$":true,`) + `}}`, `{` + numbered(20_000, `"n%d":1,`) + `}`,
		},
		"a pattern for long text": {`{"items":{"pattern":"(a|aa|a?){200}$"}}`, `["` + strings.Repeat("a", 250_000) + `b"]`},
		"unique at every level":   {`{"uniqueItems":true,"items":{"$ref":"#"}}`, nested(400, numbered(60_000, "%d,")[:200_000]+"0")},
		"unevaluated": {
			`{"unevaluatedProperties":false,"allOf":[` + list(600, `{"properties":{"a":true}}`) + `]}`, `{` + numbered(20_000, `"n%d":1,`) + `}`,
		},
		"deep": {
			`{"$ref":"#/$defs/l0","$defs":{` + chain.String() + `"l190":{"items":{"$ref":"#"}}}}`, nested(103, "1"),
		},
		"many failures": {`{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#"}}]}`, nested(450, list(120_000, "1"))},
		"itself":        {`{"$ref":"#"}`, `{}`},
		"booleans":      {`{"items":{"allOf":[` + list(1900, "true") + `]}}`, `[` + list(120_000, "1") + `]`},
		"regex in data": {`{"items":{"format":"regex"}}`, `[` + list(250, `"`+strings.Repeat("a{1000}", 140)+`"`) + `]`},
	}
}

// TestHostile measures what the limits are for. On two shared cores the longest
// check took 0.8 s and the longest compilation 30 ms; the test allows for much
// slower machines.
func TestHostile(t *testing.T) {
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) {
			data := c[1]
			if len(data) > 256<<10 {
				t.Fatalf("the data has %d bytes", len(data))
			}
			began := time.Now()
			s, err := Compile([]byte(c[0]))
			compiled := time.Since(began)
			if err != nil {
				if _, ok := errors.AsType[*Error](err); !ok {
					t.Fatal(err)
				}
				t.Logf("refused after %s: %v", compiled, err)
				return
			}
			began = time.Now()
			err = s.Check([]byte(data), nil)
			took := time.Since(began)
			t.Logf("compiled in %s, checked in %s with %d units left: %v", compiled, took, s.meter.left, err)
			if took > 20*time.Second || compiled > 20*time.Second {
				t.Errorf("%s and %s are too long", compiled, took)
			}
		})
	}
}

// TestStack measures the stack of the deepest check that there can be.
func TestStack(t *testing.T) {
	c := hostile()["deep"]
	s, err := Compile([]byte(c[0]))
	if err != nil {
		t.Fatal(err)
	}
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	done := make(chan error)
	go func() {
		done <- s.Check([]byte(c[1]), nil)
		<-done
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	metrics.Read(sample)
	close(done)
	used := sample[0].Value.Uint64() - before
	t.Logf("a check of %d levels took %d bytes of stack", s.chain*depthOf(c[1]), used)
	if used > 128<<20 {
		t.Errorf("%d bytes of stack", used)
	}
}

func depthOf(text string) int { return strings.Count(text, "[") }
