package webhook

import "strings"

const (
	// maxElements is how many elements of a signature header are looked at.
	maxElements = 32
	// timestampPrefix stands before the timestamp in [LayoutTimestamped].
	timestampPrefix = "t="
)

// separator stands between the elements of the header; "" if it has but one.
func (l Layout) separator() string {
	switch l {
	case LayoutList:
		return " "
	case LayoutTimestamped:
		return ","
	case LayoutOne:
	}
	return ""
}

// elements calls each for the header's elements, of which it looks at
// maxElements at most.
func (l Layout) elements(value string, each func(element string)) {
	separator := l.separator()
	if separator == "" {
		each(value)
		return
	}
	rest, more := value, true
	for n := 0; more && n < maxElements; n++ {
		var element string
		element, rest, more = strings.Cut(rest, separator)
		each(element)
	}
}

// timestampElement returns the timestamp that a header of [LayoutTimestamped]
// holds, as it was written, and how many there are.
func timestampElement(value string) (timestamp string, found int) {
	LayoutTimestamped.elements(value, func(element string) {
		if text, ok := strings.CutPrefix(element, timestampPrefix); ok {
			timestamp = text
			found++
		}
	})
	return timestamp, found
}
