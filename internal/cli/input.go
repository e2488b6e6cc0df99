package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/terminal"
)

// maxInput bounds JSON that is sent, in bytes: the API takes no larger bodies.
const maxInput = 1 << 20

// inputs reads what flags point to: "-" is standard input, "@FILE" a file.
type inputs struct {
	cmd   *cobra.Command
	stdin io.Reader
	taken string // the flag that standard input was read for, or ""
}

func inputsOf(cmd *cobra.Command) *inputs { return &inputs{cmd: cmd, stdin: cmd.InOrStdin()} }

// standard reads standard input, for one flag.
func (in *inputs) standard(flag string, limit int64) ([]byte, error) {
	if in.taken != "" {
		return nil, wrongUse("%s -: standard input is read for %s already", flag, in.taken)
	}
	in.taken = flag
	return readAtMost(in.stdin, flag+" -", limit)
}

// file reads a file; "-" is standard input.
func (in *inputs) file(flag, path string, limit int64) ([]byte, error) {
	if path == "-" {
		return in.standard(flag, limit)
	}
	raw, err := readSmallFile(path, limit)
	if err != nil {
		return nil, wrongUse("%s: %w", flag, err)
	}
	return raw, nil
}

// value gives a flag's value, as it is or from where it points to.
func (in *inputs) value(flag, text string) ([]byte, error) {
	if path, ok := strings.CutPrefix(text, "@"); ok {
		return in.file(flag, path, maxInput)
	}
	if text == "-" {
		return in.standard(flag, maxInput)
	}
	return []byte(text), nil
}

// json gives a flag's value as JSON, as the client's parameters want it: an
// untyped nil, which leaves the member out, if the flag was not given.
func (in *inputs) json(flag, text string) (any, error) {
	if !in.cmd.Flags().Changed(strings.TrimPrefix(flag, "--")) {
		return nil, nil
	}
	raw, err := in.value(flag, text)
	if err != nil {
		return nil, err
	}
	var value json.RawMessage
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, wrongUse("%s is not JSON: %w%s", flag, err, where(err))
	}
	return value, nil
}

// where says at which byte a syntax error of JSON is.
func where(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf(" (at byte %d)", syntax.Offset)
	}
	return ""
}

// secret gives a secret's text without the line end of a file.
func (in *inputs) secret(flag, path string) (string, error) {
	const limit = 64 << 10
	raw, err := in.file(flag, path, limit)
	text := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if err == nil && text == "" {
		err = wrongUse("%s %s: it is empty", flag, path)
	}
	return text, err
}

// readAtMost reads to the end, which must come within that many bytes.
func readAtMost(r io.Reader, name string, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(raw)) > limit {
		return nil, wrongUse("%s is larger than %d bytes", name, limit)
	}
	return raw, nil
}

// body reads a webhook's body: a file's bytes, or those of standard input.
func (in *inputs) body(path string) ([]byte, error) {
	const limit = 64 << 20
	if path != "" {
		return in.file("--body", path, limit)
	}
	if w, ok := in.stdin.(io.Writer); ok {
		if _, typed := terminal.Size(w); typed {
			return nil, wrongUse("the body is missing: give it on standard input (< FILE) or with --body FILE")
		}
	}
	return in.standard("the body", limit)
}
