package reference

import (
	"strings"
	"unicode"
)

// Block is a paragraph of one item, or a list.
type Block struct {
	List  bool
	Items [][]Span
}

// Span is a piece of text.
type Span struct {
	Text string
	Code bool
	Link string // the ID of what it leads to; "" = nothing
}

// blocks reads the little of CommonMark that descriptions use: paragraphs,
// lists whose items begin with "- ", and `code`. All else is text.
func blocks(text string) (all []Block) {
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		paragraph = strings.TrimSpace(paragraph)
		if paragraph == "" {
			continue
		}
		b := Block{List: strings.HasPrefix(paragraph, "- ")}
		if b.List {
			for item := range strings.SplitSeq("\n"+paragraph, "\n- ") {
				if item != "" {
					b.Items = append(b.Items, spans(item))
				}
			}
		} else {
			b.Items = [][]Span{spans(paragraph)}
		}
		all = append(all, b)
	}
	return all
}

// sections splits a description at its headings, "## Limits".
func sections(text string) (intro []Block, all []Section) {
	for i, part := range strings.Split("\n"+text, "\n## ") {
		if i == 0 {
			intro = blocks(part)
			continue
		}
		title, rest, _ := strings.Cut(part, "\n")
		title = oneLine(title)
		all = append(all, Section{ID: anchor(title), Title: title, Text: blocks(rest)})
	}
	return intro, all
}

// spans reads one paragraph: text with `code` in it.
func spans(text string) (all []Span) {
	text = oneLine(text)
	for text != "" {
		before, rest, opened := strings.Cut(text, "`")
		code, after, closed := strings.Cut(rest, "`")
		if !opened || !closed || code == "" {
			return append(all, Span{Text: text})
		}
		if before != "" {
			all = append(all, Span{Text: before})
		}
		all = append(all, Span{Text: code, Code: true})
		text = after
	}
	return all
}

// oneLine makes all white space single spaces.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// anchor makes an ID of a title: "Lists and paging" is "lists-and-paging".
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case unicode.IsSpace(r):
			return '-'
		}
		return -1
	}, title)
}
