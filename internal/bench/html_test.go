package bench

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// The page is well-formed, needs nothing from elsewhere, tells each chart in
// words, and escapes what it shows.
func TestPage(t *testing.T) {
	m := &measurement{
		value: 9000, against: 20_000, peak: 60,
		memory: []sample{{0, 40}, {1, 60}, {2, 50}}, note: `<script>alert("1")</script>`,
	}
	m.Distinct, m.PerSlot = 6, []float64{100, 300, 200, 10}
	m.Buckets = make([]int, len(bucketBounds)+1)
	m.Buckets[3], m.Buckets[5] = 4, 2
	s := &series{workload: workload{name: "burst", unit: perSecond, against: "relay", goal: goal{ratio: true, atLeast: 0.8}}, runs: []*measurement{m}}
	r := &Report{Store: storeSQLite, Machine: thisMachine(), results: []*series{s}, Workloads: []Workload{s.summary(storeSQLite)}}
	var out bytes.Buffer
	if err := r.HTML(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{
		`<span class="no">no</span>`, "relay 20000", "Over 0.2 s: least 100, mean 200, most 300.",
		"1 to 2 ms: 4; 2 to 4 ms: 0; 4 to 8 ms: 2.", "Over 2.0 s: least 40.0, mean 50.0, most 60.0.", "prefers-color-scheme: dark",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	for _, no := range []string{"<script", "http://", "https://", "NaN", "ZgotmplZ"} {
		if strings.Contains(text, no) {
			t.Errorf("%q is in the page", no)
		}
	}
	described := strings.Count(text, "<desc ")
	if charts := strings.Count(text, "<svg "); charts != 3 || described != charts {
		t.Errorf("%d charts, %d of them in words", charts, described)
	}
	d := xml.NewDecoder(strings.NewReader(strings.Replace(text, "<!DOCTYPE html>", "", 1)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
