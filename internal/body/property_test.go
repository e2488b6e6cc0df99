package body

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dop251/goja"
	"pgregory.net/rapid"
)

// texts generates JSON texts: arbitrary values, written in all the ways that
// JSON allows. Its numbers are made by the generator that it is given.
type texts struct {
	t      *rapid.T
	number func(*rapid.T) string
	b      strings.Builder
}

func (g *texts) pick(n int) int { return rapid.IntRange(0, n-1).Draw(g.t, "choice") }

func (g *texts) space() {
	g.b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "\t", "\r\n", "  \n "}).Draw(g.t, "space"))
}

func (g *texts) value(depth int) {
	g.space()
	kinds := 6
	if depth == 0 {
		kinds = 4
	}
	switch g.pick(kinds) {
	case 0:
		g.b.WriteString(rapid.SampledFrom([]string{"null", "true", "false"}).Draw(g.t, "literal"))
	case 1, 2:
		g.b.WriteString(g.number(g.t))
	case 3:
		g.string(anyString.Draw(g.t, "string"))
	case 4:
		g.sequence('[', ']', g.pick(6), func(int) { g.value(depth - 1) })
	case 5:
		names := rapid.SliceOfNDistinct(anyName, 0, 8, rapid.ID).Draw(g.t, "names")
		g.sequence('{', '}', len(names), func(i int) {
			g.space()
			g.string(names[i])
			g.space()
			g.b.WriteByte(':')
			g.value(depth - 1)
		})
	}
	g.space()
}

func (g *texts) sequence(open, shut byte, n int, element func(i int)) {
	g.b.WriteByte(open)
	g.space()
	for i := range n {
		if i > 0 {
			g.b.WriteByte(',')
		}
		element(i)
	}
	g.b.WriteByte(shut)
}

// string writes s with the escapes it needs, and at random with others.
func (g *texts) string(s string) {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '/': `\/`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}
	escapes := rapid.SliceOfN(rapid.IntRange(0, 5), utf8.RuneCountInString(s), -1).Draw(g.t, "escapes")
	g.b.WriteByte('"')
	for i, r := range []rune(s) {
		needed := r < ' ' || r == '"' || r == '\\'
		switch how := escapes[i]; {
		case !needed && how > 1:
			g.b.WriteRune(r)
		case short[r] != "" && how > 0:
			g.b.WriteString(short[r])
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&g.b, `\u%04x\u%04X`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&g.b, rapid.SampledFrom([]string{`\u%04x`, `\u%04X`}).Draw(g.t, "case"), r)
		}
	}
	g.b.WriteByte('"')
}

var (
	anyString = rapid.OneOf(
		rapid.StringMatching("[a-z]{0,6}"),
		rapid.StringOf(rapid.RuneFrom([]rune("\x00\b\t\n\f\r\x1f\x7f\"\\/<>&'\u0085\u00a0\u00e8\u2028\u2029\ufeff\ufffd\uffff你🚀\U0010ffff"))),
		rapid.String(),
	)
	anyName = rapid.OneOf(
		anyString,
		rapid.SampledFrom([]string{"", "0", "00", "01", "-0", "-1", "1.0", "1e1", " 1", "4294967293", "4294967294",
			"4294967295", "4294967296", "9007199254740991", "18446744073709551617", "__proto__", "constructor", "toString", "length"}),
		rapid.Custom(func(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(0, 30).Draw(t, "index")) }),
		rapid.Custom(func(t *rapid.T) string {
			return strconv.FormatUint(uint64(rapid.Uint32().Draw(t, "index")), 10)
		}),
	)
)

// exactNumber writes a number that a double holds to the last digit, in any
// way: shifted exponents, useless zeros.
func exactNumber(t *rapid.T) string {
	f := rapid.OneOf(
		rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64),
		rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.Int64Range(-1<<53, 1<<53).Draw(t, "integer")) }),
		rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(-9999, 9999).Draw(t, "cents")) / 100 }),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e20, 1e21, 1e-6, 1e-7, 5e-324, math.MaxFloat64, 123456789012345680000}),
	).Draw(t, "float")
	// d.ddde±x: the digits, and where the point belongs.
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	exp, err := strconv.Atoi(exponent)
	if err != nil {
		t.Fatal(err)
	}
	sign := ""
	if mantissa[0] == '-' {
		sign, mantissa = "-", mantissa[1:]
	}
	digits := strings.Replace(mantissa, ".", "", 1) + strings.Repeat("0", rapid.IntRange(0, 25).Draw(t, "zeros"))
	point := rapid.IntRange(-3, len(digits)).Draw(t, "point") // digits before the point
	exp += 1 - point
	var text string
	switch {
	case point <= 0:
		text = "0." + strings.Repeat("0", -point) + digits
	case point == len(digits):
		text = digits
	default:
		text = digits[:point] + "." + digits[point:]
	}
	if len(digits) > 1 && point > 1 && digits[0] == '0' {
		text, exp = "0", 0 // a zero with more zeros before the point is not JSON
	}
	if exp != 0 || rapid.Bool().Draw(t, "useless exponent") {
		text += rapid.SampledFrom([]string{"e", "E"}).Draw(t, "e")
		if exp >= 0 {
			text += rapid.SampledFrom([]string{"", "+", "+0", "00"}).Draw(t, "plus")
		}
		text += strconv.Itoa(exp)
	}
	return sign + text
}

// TestStableUnderECMAScript is the promise itself: JSON.parse and
// JSON.stringify, as an independent implementation has them, change nothing.
func TestStableUnderECMAScript(t *testing.T) {
	vm := goja.New()
	program, err := vm.RunString("text => JSON.stringify(JSON.parse(text))")
	if err != nil {
		t.Fatal(err)
	}
	roundTrip, ok := goja.AssertFunction(program)
	if !ok {
		t.Fatal("not a function")
	}
	ecmaScript := func(t *rapid.T, text []byte) string {
		v, err := roundTrip(goja.Undefined(), vm.ToValue(string(text)))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return v.String()
	}
	rapid.Check(t, func(t *rapid.T) {
		g := texts{t: t, number: exactNumber}
		g.value(4)
		src := g.b.String()
		out, err := Stable(nil, []byte(src))
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		if got := ecmaScript(t, out); got != string(out) {
			t.Fatalf("%s\nbecame     %s\nECMAScript %s", src, out, got)
		}
		if got := ecmaScript(t, []byte(src)); got != string(out) {
			t.Fatalf("%s\nbecame         %s\nand should be %s", src, out, got)
		}
		again, err := Stable(nil, out)
		if err != nil || string(again) != string(out) {
			t.Fatalf("%s became %s, %v", out, again, err)
		}
	})
}

// inexactNumber writes a number that no double holds to the last digit.
func inexactNumber(t *rapid.T) string {
	return rapid.OneOf(
		// More significant digits than any shortest form has.
		rapid.StringMatching(`-?[1-9][0-9]{16,40}[1-9]`),
		rapid.StringMatching(`-?[0-9]\.[1-9][0-9]{16,40}[1-9]([eE][-+]?[1-9][0-9]?)?`),
		// Beyond the range, on both sides.
		rapid.StringMatching(`-?[1-9](\.[0-9]{1,9})?[eE]\+?[1-9][0-9]{3,30}`),
		rapid.StringMatching(`-?[1-9](\.[0-9]{1,9})?[eE]-[1-9][0-9]{3,30}`),
		// Odd integers beyond 2^53.
		rapid.Custom(func(t *rapid.T) string {
			return strconv.FormatInt(rapid.Int64Range(1<<53, 1<<56).Draw(t, "large")/20*20+1, 10)
		}),
	).Draw(t, "inexact")
}

// TestDigitsAreNeverRounded is the exception to the promise.
func TestDigitsAreNeverRounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := inexactNumber(t)
		src := fmt.Sprintf("[1.0, %s ,{\"a\":%s}]", number, number)
		want := fmt.Sprintf("[1,%s,{\"a\":%s}]", number, number)
		out, err := Stable(nil, []byte(src))
		if err != nil || string(out) != want {
			t.Fatalf("%s became %s, %v", src, out, err)
		}
	})
}
