package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/terminal"
)

// screen is an output on a terminal without colours.
func screen(width int) (*output, *bytes.Buffer) {
	var b bytes.Buffer
	return &output{w: &b, err: &b, terminal: true, width: width, now: time.Unix(1_800_000_000, 0)}, &b
}

func TestTableFitsTheTerminal(t *testing.T) {
	o, shown := screen(50)
	tab := newTable(o, []column{{name: "ID"}, {name: "NAME", cut: true}, {name: "URL", cut: true}})
	tab.add([]cell{plain("id_that_is_copied"), plain("你好 and a name"), plain("https://example.com/a/very/long/path")})
	tab.add([]cell{plain("id_2"), plain("e\u0301\tx"), plain("")})
	if err := tab.flush(); err != nil {
		t.Fatal(err)
	}
	want := "ID                 NAME            URL\n" +
		"id_that_is_copied  你好 and a na…  https://exampl…\n" +
		"id_2               e\u0301\uFFFDx             -\n"
	if shown.String() != want {
		t.Errorf("got\n%s\nwant\n%s", shown, want)
	}
	for line := range strings.Lines(shown.String()) {
		if cells := terminal.Cells(strings.TrimSuffix(line, "\n")); cells > 50 {
			t.Errorf("%d cells: %s", cells, line)
		}
	}
	// A later portion has no second header, and is aligned with the first.
	shown.Reset()
	tab.add([]cell{plain("x"), plain("y"), plain("z")})
	if err := tab.flush(); err != nil || shown.String() != "x                  y               z\n" {
		t.Errorf("%q, %v", shown, err)
	}
}

func TestTableLeavesOutWhatDoesNotFit(t *testing.T) {
	o, shown := screen(40)
	tab := newTable(o, []column{{name: "ID"}, {name: "A", spare: true}, {name: "URL", cut: true}, {name: "B", cut: true, spare: true}})
	tab.add([]cell{plain("id_that_is_copied"), plain("aaaa"), plain("https://example.com/a/very/long/path"), plain("bbbb")})
	if err := tab.flush(); err != nil || shown.String() != "ID                 A     URL\nid_that_is_copied  aaaa  https://exampl…\n" {
		t.Errorf("%v\n%s", err, shown)
	}
	shown.Reset()
	tab.add([]cell{plain("x"), plain("y"), plain("z"), plain("longer than before")})
	if err := tab.flush(); err != nil || shown.String() != "x                  y     z\n" {
		t.Errorf("%v\n%s", err, shown)
	}
}

func TestTableIsNotCutInAPipe(t *testing.T) {
	o, shown := screen(20)
	o.terminal = false
	tab := newTable(o, []column{{name: "A", cut: true}, {name: "B", cut: true}})
	long := strings.Repeat("x", 300)
	tab.add([]cell{plain(long), plain(long)})
	if err := tab.flush(); err != nil || strings.Count(shown.String(), long) != 2 {
		t.Error(shown, err)
	}
}

func TestRecord(t *testing.T) {
	o, shown := screen(80)
	o.color = true
	r := o.record()
	r.text("id", "1\x1b[2J")
	r.text("nothing", "")
	r.cell("status", status("failed"))
	r.block("body", "a\r\n\tb\x07\n", "… left")
	r.headers("headers", map[string]string{"B": "2", "A": "1\n3"})
	if err := r.print(); err != nil {
		t.Fatal(err)
	}
	want := "\x1b[1mid\x1b[0m      1\uFFFD[2J\n" +
		"\x1b[1mstatus\x1b[0m  \x1b[31mfailed\x1b[0m\n" +
		"\x1b[1mbody\x1b[0m\n  a\n  \tb\uFFFD\n  \x1b[2m… left\x1b[0m\n" +
		"\x1b[1mheaders\x1b[0m\n  A: 1\uFFFD3\n  B: 2\n"
	if shown.String() != want {
		t.Errorf("%q\nwant\n%q", shown, want)
	}
}

func TestStatusColours(t *testing.T) {
	for text, want := range map[string]terminal.Style{
		"succeeded": terminal.Green, "delivered": terminal.Green, "failed": terminal.Red, "pending": terminal.Yellow,
		"running": terminal.Yellow, "canceled": terminal.Dim, "unheard-of": terminal.Plain,
	} {
		if got := status(text); got.style != want || got.text != text {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestPrintedJSON(t *testing.T) {
	o, shown := screen(80)
	raw := "{\"a\": \"\u009b31m\u202eé\U000e0001\", \"b\": [1.50]}\n"
	if err := o.printJSON([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	if want := "{\n  \"a\": \"\\u009b31m\\u202eé\\udb40\\udc01\",\n  \"b\": [\n    1.50\n  ]\n}\n"; shown.String() != want {
		t.Errorf("%q, want %q", shown, want)
	}
	var before, after map[string]any
	if json.Unmarshal([]byte(raw), &before) != nil || json.Unmarshal(shown.Bytes(), &after) != nil || before["a"] != after["a"] {
		t.Errorf("%v became %v", before, after)
	}
	shown.Reset()
	o.terminal = false
	if err := o.printJSON([]byte(raw)); err != nil || shown.String() != "{\"a\":\"\u009b31m\u202eé\U000e0001\",\"b\":[1.50]}\n" {
		t.Errorf("%q, %v", shown, err)
	}
	shown.Reset()
	if err := o.printJSON(nil); err != nil || shown.Len() > 0 {
		t.Errorf("%q, %v", shown, err)
	}
}

func TestShorten(t *testing.T) {
	long := strings.Repeat("é", maxShown)
	shown, left := shorten("x"+long, false)
	if len(shown) != maxShown-1 || !strings.HasSuffix(shown, "é") || left != "… 2047 of 4097 bytes; --full shows all" {
		t.Errorf("%d bytes, %q", len(shown), left)
	}
	if shown, left := shorten(long, true); shown != long || left != "" {
		t.Errorf("%d bytes, %q", len(shown), left)
	}
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b lockedBuffer
		b.w = &b.buf
		p := showProgress(&b, 40, "job_1")
		p.set("queued")
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		p.set("running,\x1b[2J attempt 1/3 of a very long text")
		p.stop()
		want := clearLine + "job_1  queued  0s" + clearLine + "job_1  queued  1s" +
			clearLine + "job_1  running,\uFFFD[2J attempt 1/3 of a v…" + clearLine
		if b.String() != want {
			t.Errorf("%q\nwant\n%q", b.String(), want)
		}
	})
	p := startProgress(&bytes.Buffer{}, "x") // no terminal
	p.set("y")
	p.stop()
	if p.shown() {
		t.Error("it is shown where there is no terminal")
	}
}
