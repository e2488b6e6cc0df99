package reference_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringback/ringback/internal/reference"
)

// hostile reads a document whose texts try to be markup.
func hostile(t *testing.T) *reference.Reference {
	t.Helper()
	text, err := os.ReadFile("testdata/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	ref, err := reference.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func operation(t *testing.T, ref *reference.Reference, id string) *reference.Operation {
	t.Helper()
	for _, g := range ref.Groups {
		for i := range g.Operations {
			if g.Operations[i].ID == id {
				return &g.Operations[i]
			}
		}
	}
	t.Fatalf("there is no operation %s", id)
	return nil
}

func TestOrder(t *testing.T) {
	t.Parallel()
	ref := hostile(t)
	var got []string
	for _, g := range ref.Groups {
		got = append(got, g.Name+":")
		for _, o := range g.Operations {
			got = append(got, o.ID)
		}
	}
	want := []string{
		"things:", "createThing", "listThings", "batchThings", "getThing", "deleteThing", "pokeThing", "getAnother",
		"odd things:", "listOddThings", "listAardvarks", "z:", "getUndeclared",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = nil
	for _, o := range ref.Objects {
		got = append(got, o.Name+":")
		for _, m := range o.Members {
			got = append(got, m.Name)
		}
	}
	want = []string{"Part:", "p", "Problem:", "code", "Thing:", "id", "name", "made", "text", "<m>", "parent"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// words writes a member as the documentations do, with code in backticks.
func words(m reference.Member) string {
	plain := func(spans []reference.Span) (text string) {
		for _, s := range spans {
			if s.Code {
				s.Text = "`" + s.Text + "`"
			}
			text += s.Text
		}
		return text
	}
	return strings.Join([]string{m.Name, m.In, plain(m.Type), m.Mark, plain(m.Text), plain(m.Limits)}, "; ")
}

func TestMembers(t *testing.T) {
	t.Parallel()
	ref := hostile(t)
	op := operation(t, ref, "pokeThing")
	var got []string
	for _, m := range slices.Concat(op.Parameters, op.Body, ref.Objects[2].Members) {
		got = append(got, words(m))
	}
	want := []string{
		"id; path; string; required; ; ",
		"<q>; query; string; required; </td>|</p>; one of `<a>`, `b|c`, `d`e`",
		"X-Head; header; string; ; of the schema; matches `^<|>$`",
		"say; ; string or null; ; <s>; not empty, at most 9 characters, default `<d>`",
		"tree; ; object; ; ; ",
		"list; ; list of object; ; ; at least 2 items, at most 3 items",
		"list[].n; ; number; ; ; more than 0, at most 7",
		"list[].m; ; any JSON; ; ; ",
		"zeal; ; integer; required; ; at least 0, less than 1.5e3",
		"also; ; string or object of integer; ; ; ",
		"id; ; string; ; ; ",
		"name; ; string; may be absent; ; ",
		"made; ; time; may be absent; ; ",
		"text; ; string; may be absent; ; ",
		"<m>; ; list of Part; may be absent; ; not empty",
		"parent; ; Thing; may be absent; ; ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOperation(t *testing.T) {
	t.Parallel()
	op := operation(t, hostile(t), "pokeThing")
	if !op.OperatorOnly || op.Public || len(op.Scopes) != 2 || len(op.Text) != 1 {
		t.Errorf("operator only %v, public %v, scopes %v, text %v", op.OperatorOnly, op.Public, op.Scopes, op.Text)
	}
	if odd := operation(t, hostile(t), "listOddThings"); odd.OperatorOnly || odd.Public {
		t.Errorf("operator only %v, public %v", odd.OperatorOnly, odd.Public)
	}
	const request = `curl -s "$URL/v1/things/t%201%24x/poke?%3Cq%3E=a+b%26c" \
  -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: application/json' \
  -d '{
  "say": "it'\''s </code>",
  "tree": {"say": "x"},
  "list": [{"n": 1}]
}'`
	if diff := cmp.Diff(request, op.Request); diff != "" {
		t.Error(diff)
	}
	examples := []reference.Example{{Title: "200 OK, 202 Accepted", JSON: `{
  "name": "n",
  "id": "t 1$x",
  "text": "</pre><script>"
}`}}
	if diff := cmp.Diff(examples, op.Examples); diff != "" {
		t.Error(diff)
	}
	var codes []string
	for _, e := range hostile(t).Errors {
		codes = append(codes, e.Code)
	}
	if diff := cmp.Diff([]string{"anywhere", "<code>", "operator_only"}, codes); diff != "" {
		t.Error(diff)
	}
	for id, request := range map[string]string{
		"createThing": `curl -s -X POST "$URL/v1/things"`,
		"deleteThing": "curl -s -X DELETE \"$URL/v1/things/t%201%24x\" \\\n  -H \"Authorization: Bearer $KEY\"",
		"getAnother":  "curl -s \"$URL/v1/another/$ID\" \\\n  -H \"Authorization: Bearer $KEY\"",
	} {
		if got := operation(t, hostile(t), id).Request; got != request {
			t.Errorf("%s: %s", id, got)
		}
	}
}

// TestHTML reads the page of a hostile document as XML, which is stricter than
// browsers are: nothing in it may run, load or be out of place.
func TestHTML(t *testing.T) {
	t.Parallel()
	page, err := hostile(t).HTML()
	if err != nil {
		t.Fatal(err)
	}
	allowed := strings.Fields("html head meta title link style body a header span nav p ul li main section h1 h2 h3 h4 " +
		"table thead tbody tr th td div article dl dt dd code pre br")
	attributes := strings.Fields("lang charset name content rel href id class aria-label tabindex role")
	levels := []string{"h1"}
	var text strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(page.HTML)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			name := token.Name.Local
			if !slices.Contains(allowed, name) {
				t.Errorf("an element <%s>", name)
			}
			if len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '4' {
				if last := levels[len(levels)-1]; name[1] > last[1]+1 {
					t.Errorf("<%s> follows <%s>", name, last)
				}
				levels = append(levels, name)
			}
			for _, a := range token.Attr {
				local := strings.HasPrefix(a.Value, "#") || a.Value == "openapi.json" || a.Value == "data:,"
				if !slices.Contains(attributes, a.Name.Local) || a.Name.Local == "href" && !local {
					t.Errorf("an attribute %s=%q", a.Name.Local, a.Value)
				}
			}
		}
	}
	for _, want := range []string{
		"<b>T</b> API", "Version <script>1</script>", "Intro <script>alert(1)</script> <code> & co and a lone ` tick.",
		"<img src=x onerror=alert(1)> [x](javascript:alert(1))", "<u>Things</u>", `Poke "it" </h3>`, "<!-- x -->", "</td>|</p>",
		`"text": "</pre><script>"`, "Limits & <i>more</i>", "*bold* _em_ snake_case ~~gone~~",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the page does not show %s", want)
		}
	}
	for _, loads := range []string{"url(", "@import", "src=\"", "://"} {
		if bytes.Contains(page.HTML, []byte(loads)) {
			t.Errorf("the page has %s", loads)
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	text := string(hostile(t).Markdown())
	for _, want := range []string{
		`# \<b\>T\</b\> API`, "Intro \\<script\\>alert(1)\\</script\\> `<code> & co` and a lone \\` tick.", "\n\\# no heading\n", "\n1\\. no list\n",
		`\<img src=x onerror=alert(1)\> \[x\](javascript:alert(1))`, `\*bold\* \_em\_ snake_case \~\~gone\~\~`,
		"| `<q>` | string, query, required | \\</td\\>\\|\\</p\\> (one of `<a>`, `b\\|c`, `` d`e ``) |",
		"| 403 | `<code>` | a\\|b `c` |", "- one `a|b`: two\n", "**202 Accepted**: [Thing](#thing). Header `X-<h>`: \\<h\\>. Header `X-Plain`\n",
		// As GitHub does it: the group's name and an operation's heading are the same.
		"- [Things](#things)\n", "[Things](#things-1)\n", "[Limits \\& \\<i\\>more\\</i\\>](#limits--imorei)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not have %q", want)
		}
	}
	if strings.Contains(text, "\n\n\n") {
		t.Error("the text has empty paragraphs")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestNoDocument(t *testing.T) {
	t.Parallel()
	if _, err := reference.Parse([]byte(`{"paths": []}`)); err == nil {
		t.Error("it was read")
	}
}
