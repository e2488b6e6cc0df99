package bench

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
)

//go:embed page.html
var pageFile embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"figure": Figure,
	"isTrue": func(b *bool) bool { return *b },
}).ParseFS(pageFile, "page.html"))

// HTML writes a page with the figures and charts of the runs that are nearest to
// the medians. It needs nothing but itself: no script, no other file.
func (r *Report) HTML(w io.Writer) error {
	type section struct {
		Workload
		Charts []*chart
	}
	var sections []section
	for i, s := range r.results {
		sections = append(sections, section{r.Workloads[i], s.charts()})
	}
	return page.Execute(w, map[string]any{"Report": r, "Sections": sections})
}

// typical gives the run whose value is nearest to the median.
func (s *series) typical() *measurement {
	var values []float64
	for _, m := range s.runs {
		values = append(values, m.value)
	}
	middle := median(values)
	return slices.MinFunc(s.runs, func(a, b *measurement) int {
		return int(math.Copysign(1, math.Abs(a.value-middle)-math.Abs(b.value-middle)))
	})
}

// charts are those for which the typical run has figures.
func (s *series) charts() []*chart {
	m := s.typical()
	var all []*chart
	if whole := len(m.PerSlot) - 1; whole > 1 { // the last slot was cut off
		points := make([]sample, whole)
		for i, v := range m.PerSlot[:whole] {
			points[i] = sample{float64(i) * slot.Seconds(), v}
		}
		all = append(all, lines("Throughput", "deliveries a second, by seconds since the first arrival", points))
	}
	if m.Distinct > 0 && s.against != "" {
		all = append(all, bars("Latency", "deliveries, by milliseconds from publishing to arrival", m.Buckets))
	}
	if len(m.memory) > 1 && mostOf(m.memory) > 0 {
		all = append(all, lines("Memory", "MiB resident in the server, by seconds since the first request", m.memory))
	}
	return all
}

// chart is a drawing in SVG: a line, or bars.
type chart struct {
	Title, About string // About says what is on the axes
	Summary      string // the same in words, for those who do not see it
	Line         string // points of the line; "" = bars
	Bars         []bar
	Top          string // label of the highest value
	Left, Right  string // labels of the ends of the horizontal axis
}

type bar struct {
	X, Y, Width, Height string
	Label               string // "4 to 8 ms: 123"
}

// The area that is drawn in, in units of the SVG.
const (
	chartWidth  = 360.0
	chartHeight = 120.0
)

func mostOf(points []sample) (most float64) {
	for _, p := range points {
		most = max(most, p.value)
	}
	return most
}

// lines draws values over time.
func lines(title, about string, points []sample) *chart {
	end, most := points[len(points)-1].at, mostOf(points)
	least, sum := most, 0.0
	var b strings.Builder
	for i, p := range points {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%.1f,%.1f", chartWidth*p.at/max(end, 1e-9), chartHeight*(1-p.value/max(most, 1e-9)))
		least, sum = min(least, p.value), sum+p.value
	}
	mean := sum / float64(len(points))
	return &chart{
		Title: title, About: about, Line: b.String(), Top: Figure(&most), Left: "0 s", Right: fmt.Sprintf("%.1f s", end),
		Summary: fmt.Sprintf("Over %.1f s: least %s, mean %s, most %s.", end, Figure(&least), Figure(&mean), Figure(&most)),
	}
}

// bars draws a histogram, without the empty buckets at its ends.
func bars(title, about string, buckets []int) *chart {
	from, to := 0, len(buckets)-1
	for from < to && buckets[from] == 0 {
		from++
	}
	for to > from && buckets[to] == 0 {
		to--
	}
	c := &chart{Title: title, About: about}
	most := float64(max(slices.Max(buckets), 1))
	width := chartWidth / float64(to-from+1)
	var told []string
	for i := from; i <= to; i++ {
		height := chartHeight * float64(buckets[i]) / most
		label := fmt.Sprintf("%s: %d", bucketName(i), buckets[i])
		told = append(told, label)
		c.Bars = append(c.Bars, bar{
			X: fmt.Sprintf("%.1f", float64(i-from)*width+1), Y: fmt.Sprintf("%.1f", chartHeight-height),
			Width: fmt.Sprintf("%.1f", width-2), Height: fmt.Sprintf("%.1f", height), Label: label,
		})
	}
	c.Top, c.Left, c.Right = Figure(&most), bucketName(from), bucketName(to)
	c.Summary = strings.Join(told, "; ") + "."
	return c
}

// bucketName is the range of a bucket: "4 to 8 ms".
func bucketName(i int) string {
	switch {
	case i == 0:
		return fmt.Sprintf("to %g ms", bucketBounds[0])
	case i == len(bucketBounds):
		return fmt.Sprintf("over %g ms", bucketBounds[i-1])
	default:
		return fmt.Sprintf("%g to %g ms", bucketBounds[i-1], bucketBounds[i])
	}
}
