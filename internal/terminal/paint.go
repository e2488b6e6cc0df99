package terminal

import "strings"

// Style is a colour or weight, as the parameter of the escape sequence SGR
// (ECMA-48, 8.3.117); "" = plain.
type Style string

const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
)

// Paint gives a text a style. Spaces at its end stay plain.
func Paint(style Style, text string) string {
	plain := strings.TrimRight(text, " ")
	if style == Plain || plain == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + plain + "\x1b[0m" + text[len(plain):]
}
