package columns

import "errors"

// Scanner is a row of a result.
type Scanner interface{ Scan(dest ...any) error }

// ErrStop ends the reading of rows without an error.
var ErrStop = errors.New("stop")

// Collect appends what scan makes of each row. With ErrStop from scan that one is
// the last.
func Collect[T any](all *[]T, scan func(Scanner) (T, error)) func(Scanner) error {
	return func(row Scanner) error {
		v, err := scan(row)
		if err == nil || errors.Is(err, ErrStop) {
			*all = append(*all, v)
		}
		return err
	}
}

// UpTo makes a list end early: after the value with which the sizes together
// pass the limit.
func UpTo[T any](limit int, size func(T) int, scan func(Scanner) (T, error)) func(Scanner) (T, error) {
	sum := 0
	return func(row Scanner) (T, error) {
		v, err := scan(row)
		if err != nil {
			return v, err
		}
		if sum += size(v); sum > limit {
			return v, ErrStop
		}
		return v, nil
	}
}
