package body

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDigits is how many significant digits ECMAScript's shortest form of a
// number can have (ECMA-262, Number::toString). A number that needs more
// cannot have the value of such a form.
const maxDigits = 17

// appendNumber appends the stable form of raw, a valid JSON number: the
// shortest form of the nearest double if that denotes the very same decimal
// value, otherwise raw as it is.
func appendNumber(dst, raw []byte) []byte {
	if isShortInteger(raw) {
		return append(dst, raw...)
	}
	want, ok := parseDecimal(raw)
	if !ok {
		return append(dst, raw...)
	}
	if want.n == 0 {
		return append(dst, '0')
	}
	f, ok := want.float()
	if !ok {
		return append(dst, raw...)
	}
	start := len(dst)
	dst = jsontext.AppendFloat(dst, f, 64)
	if got, ok := parseDecimal(dst[start:]); !ok || got != want {
		return append(dst[:start], raw...)
	}
	return dst
}

// isShortInteger recognises what most numbers are: an integer below 10^21.
// ECMAScript writes it in plain digits, so it either is in its shortest form or
// no double holds it; it stays as it is in both cases.
func isShortInteger(raw []byte) bool {
	digits := raw
	if digits[0] == '-' {
		digits = digits[1:]
		if digits[0] == '0' {
			return false
		}
	}
	if len(digits) > 21 {
		return false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// decimal is ±digits × 10^exp, without zeros at either end of the digits, so
// that two of them are the same number if and only if they are equal. Zero is
// the one without digits, whatever its sign was.
type decimal struct {
	negative bool
	n        int
	digits   [maxDigits]byte // ASCII; those from n on are 0
	exp      int64
}

// parseDecimal reads a valid JSON number. It reports false for a number of
// more than maxDigits significant digits. No exponent is too long.
func parseDecimal(raw []byte) (d decimal, ok bool) {
	i := 0
	if raw[0] == '-' {
		d.negative = true
		i = 1
	}
	var zeros, fraction int64 // zeros behind the last digit; digits behind the point
	inFraction := false
mantissa:
	for ; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '.':
			inFraction = true
			continue
		case c == 'e' || c == 'E':
			break mantissa
		case c != '0':
			if int64(d.n)+zeros >= maxDigits {
				return decimal{}, false
			}
			for ; zeros > 0; zeros-- {
				d.digits[d.n] = '0'
				d.n++
			}
			d.digits[d.n] = c
			d.n++
		case d.n > 0:
			zeros++
		}
		if inFraction {
			fraction++
		}
	}
	if d.n == 0 {
		return decimal{}, true
	}
	d.exp = zeros - fraction
	if i < len(raw) {
		d.exp += parseExponent(raw[i+1:])
	}
	return d, true
}

// parseExponent reads what follows the "e" of a number. Beyond ±2^40 it does
// not count on: no number that fits into memory comes back into range from
// there.
func parseExponent(raw []byte) int64 {
	negative := raw[0] == '-'
	var e int64
	for _, c := range raw {
		if c >= '0' && c <= '9' && e < 1<<40 {
			e = e*10 + int64(c-'0')
		}
	}
	if negative {
		return -e
	}
	return e
}

// float returns the nearest double, or false if there is no finite one. A
// number too close to zero gives 0.
func (d *decimal) float() (float64, bool) {
	if d.exp < -400 || d.exp > 400 {
		return 0, false // ±5e-324 to ±1.8e308 is what there is
	}
	var b [maxDigits + len("-e-400")]byte
	text := b[:0]
	if d.negative {
		text = append(text, '-')
	}
	text = append(text, d.digits[:d.n]...)
	text = strconv.AppendInt(append(text, 'e'), d.exp, 10)
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil
}
