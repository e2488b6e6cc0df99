package body

import (
	"strings"
	"sync"
	"testing"
)

// wantStable checks the stable form of a text: after what dst held, idempotent,
// and without a change to the text.
func wantStable(t *testing.T, in, want string) {
	t.Helper()
	src := []byte(in)
	got, err := Stable([]byte("before"), src)
	if err != nil {
		t.Fatalf("%.200s: %v", in, err)
	}
	if string(got) != "before"+want {
		t.Errorf("%.200s\n got  %.200s\n want before%.200s", in, got, want)
	}
	if string(src) != in {
		t.Errorf("%.200s: the source has changed", in)
	}
	again, err := Stable(nil, []byte(want))
	if err != nil || string(again) != want {
		t.Errorf("%.200s is not stable: %.200s, %v", want, again, err)
	}
}

func TestNumbers(t *testing.T) {
	// An empty want is the text as it is.
	tests := []struct{ in, want string }{
		{"0", ""}, {"-0", "0"}, {"-0.0", "0"}, {"0.000", "0"}, {"-0e5", "0"}, {"0E-99999999999999999999", "0"},
		{"0e99999999999999999999", "0"},
		{"1", ""}, {"-1", ""}, {"10", ""}, {"100000", ""}, {"1.0", "1"}, {"1.50", "1.5"}, {"-1.50e0", "-1.5"},
		{"11.60", "11.6"}, {"1E+2", "100"}, {"1e-2", "0.01"}, {"120e-1", "12"}, {"0.00012e4", "1.2"},
		{"999999999999999", ""}, {"1000000000000000", ""}, {"9007199254740993", ""}, {"9007199254740992", ""},
		{"123456789012345680000", ""}, {"123456789012345678900", ""}, {"12345678901234567891", ""},
		{"999999999999999900000", ""}, {"999999999999999999999", ""}, {"1000000000000000000001", ""},
		{"1e20", "100000000000000000000"}, {"1e21", "1e+21"}, {"1000000000000000000000", "1e+21"}, {"1E21", "1e+21"},
		{"1e-6", "0.000001"}, {"1e-7", "1e-7"}, {"0.0000001", "1e-7"}, {"1.0E-07", "1e-7"},
		{"0.1", ""}, {"0.30000000000000004", ""}, {"0.1000000000000000055", ""}, {"0.10000000000000000", "0.1"},
		{"5e-324", ""}, {"4.9e-324", ""}, {"2e-324", ""}, {"1e-400", ""}, {"1E400", ""}, {"-1e400", ""},
		{"1.7976931348623157e308", "1.7976931348623157e+308"}, {"1.7976931348623159e308", ""},
		{"2.2250738585072014e-308", ""}, {"3.14159265358979323846", ""}, {"12345678901234567.5", ""},
		{"1e99999999999999999999", ""}, {"1e-99999999999999999999", ""}, {"1e18446744073709551616", ""},
		{"1" + strings.Repeat("0", 308), "1e+308"}, {"1" + strings.Repeat("0", 309), ""},
		{"0." + strings.Repeat("0", 200000) + "1e200001", "1"},
		{"1" + strings.Repeat("0", 200000) + "e-200000", "1"},
		{"1." + strings.Repeat("0", 200000), "1"},
		{"1." + strings.Repeat("0", 200000) + "1", ""},
	}
	for _, tt := range tests {
		want := tt.want
		if want == "" {
			want = tt.in
		}
		wantStable(t, tt.in, want)
		wantStable(t, `{"n": [ `+tt.in+" ]}", `{"n":[`+want+"]}")
		if !strings.HasPrefix(tt.in, "-") && want != "0" {
			wantStable(t, "-"+tt.in, "-"+want)
		}
	}
}

func TestMemberOrder(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"1":1,"0":0}`, `{"0":0,"1":1}`},
		{`{"0":0,"1":1,"a":2}`, `{"0":0,"1":1,"a":2}`},
		{`{"a":0,"0":1}`, `{"0":1,"a":0}`},
		{`{"b":0,"a":1,"2":2,"c":3,"1":3,"d":4}`, `{"1":3,"2":2,"b":0,"a":1,"c":3,"d":4}`},
		{`{"a":0,"\u0031":1}`, `{"1":1,"a":0}`},
		{`{"10":0,"9":1,"a":2}`, `{"9":1,"10":0,"a":2}`},
		{`{"4294967295":0,"4294967294":1,"4294967293":2}`, `{"4294967293":2,"4294967294":1,"4294967295":0}`},
		{`{"a":0,"00":1,"01":2,"-0":3,"+1":4,"1.0":5,"1e3":6," 1":7,"":8,"18446744073709551617":9,"٣":10}`,
			`{"a":0,"00":1,"01":2,"-0":3,"+1":4,"1.0":5,"1e3":6," 1":7,"":8,"18446744073709551617":9,"٣":10}`},
		// Objects that change places within others that do, and some that do not.
		{`{"x":{"b":{"2":[{"z":0,"1":1}],"1":{}},"3":{"k":0,"0":[]}},"7":{"5":0,"4":{"c":{},"0":{"1":0}}},"6":[]}`,
			`{"6":[],"7":{"4":{"0":{"1":0},"c":{}},"5":0},"x":{"3":{"0":[],"k":0},"b":{"1":{},"2":[{"1":1,"z":0}]}}}`},
		{`[{"a":0,"0":1},{"a":0,"b":1},{"a":0,"0":1}]`, `[{"0":1,"a":0},{"a":0,"b":1},{"0":1,"a":0}]`},
		{`{"a":"},{\",","0":"[\\"}`, `{"0":"[\\","a":"},{\","}`},
	}
	for _, tt := range tests {
		wantStable(t, tt.in, tt.want)
		wantStable(t, `{ "deeper" : [ `+tt.in+` ] }`, `{"deeper":[`+tt.want+`]}`)
	}
}

func TestDepthLimitIsExact(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	wantStable(t, deep, deep)
	wantStable(t, strings.Repeat(`{"a":0,"1":`, MaxDepth)+"0"+strings.Repeat("}", MaxDepth),
		strings.Repeat(`{"1":`, MaxDepth)+"0"+strings.Repeat(`,"a":0}`, MaxDepth))
}

func TestIsObject(t *testing.T) {
	for in, want := range map[string]bool{"{}": true, ` {"a":1}`: true, "[{}]": false, `"{"`: false, "1": false, "null": false} {
		out, err := Stable(nil, []byte(in))
		if err != nil || IsObject(out) != want {
			t.Errorf("%s: %v, %v", in, IsObject(out), err)
		}
	}
	if IsObject(nil) {
		t.Error("nothing is an object")
	}
}

// TestAppendsInPlace checks that dst's room is used, and nothing before it
// touched, also when members change places.
func TestAppendsInPlace(t *testing.T) {
	dst := append(make([]byte, 0, 64), "before"...)
	got, err := Stable(dst, []byte(`{"a":1,"0":2}`))
	if err != nil || string(got) != `before{"0":2,"a":1}` {
		t.Errorf("got %s, %v", got, err)
	}
	if &got[0] != &dst[0] {
		t.Error("dst was not used although there was room")
	}
}

// TestPooledStateIsClean runs good, bad, large and disordered texts through the
// same pool from several goroutines.
func TestPooledStateIsClean(t *testing.T) {
	large := `{"z":"` + strings.Repeat("x", 2*maxRetained) + `","0":1}`
	texts := []struct{ in, want string }{
		{`{"b":[1,{"a":1,"0":2}],"1":{}}`, `{"1":{},"b":[1,{"0":2,"a":1}]}`},
		{`{"a":[[[{"b":1,"0":[`, ""},
		{`{"a":{"a":1,"a":2}}`, ""},
		{"1.0", "1"},
		{`["\u00e9"]`, `["é"]`},
		{strings.Repeat("[", 600), ""},
		{large, `{"0":1,"z":"` + strings.Repeat("x", 2*maxRetained) + `"}`},
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 300 {
				tt := texts[(g+i)%len(texts)]
				got, err := Stable(nil, []byte(tt.in))
				if string(got) != tt.want || (err == nil) != (tt.want != "") {
					t.Errorf("%.50s: got %.50s, %v", tt.in, got, err)
				}
			}
		})
	}
	wg.Wait()
}
