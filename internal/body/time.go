package body

import "time"

// AppendTime appends a time as RFC 3339 writes it, in UTC, with that many digits
// of its second's fraction (3 to 9), as time.Time.AppendFormat does in a tenth
// of the time. Years have four digits.
func AppendTime(dst []byte, t time.Time, digits int) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendDigits(dst, year, 4)
	dst = append(dst, '-')
	dst = appendDigits(dst, int(month), 2)
	dst = append(dst, '-')
	dst = appendDigits(dst, day, 2)
	dst = append(dst, 'T')
	dst = appendDigits(dst, hour, 2)
	dst = append(dst, ':')
	dst = appendDigits(dst, minute, 2)
	dst = append(dst, ':')
	dst = appendDigits(dst, second, 2)
	dst = append(dst, '.')
	fraction := t.Nanosecond()
	for range 9 - digits {
		fraction /= 10
	}
	dst = appendDigits(dst, fraction, digits)
	return append(dst, 'Z')
}

// appendDigits writes a number, which is not negative, with leading zeros.
func appendDigits(dst []byte, n, digits int) []byte {
	for range digits {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; n > 0 && i >= len(dst)-digits; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}
