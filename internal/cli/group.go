package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// group makes a command that only has commands.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(commands...)
	return cmd
}

// noSuchCommand refuses the name of a command that is not there.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	hint := ""
	if name := closest(args[0], names); name != "" {
		hint = fmt.Sprintf("did you mean `%s %s`? ", cmd.CommandPath(), name)
	}
	if !cmd.HasParent() {
		return wrongUse("%q is no command; %s`%s help` lists them", args[0], hint, cmd.CommandPath())
	}
	return wrongUse("`%s %s` is no command; %s`%[1]s --help` lists them", cmd.CommandPath(), args[0], hint)
}

// wrongFlag explains flags that cannot be read.
func wrongFlag(cmd *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return wrongUse("--%s %q: %w; see `%s --help`", invalid.GetFlag().Name, invalid.GetValue(), valueError(err), cmd.CommandPath())
	}
	text := err.Error()
	if word, ok := strings.CutPrefix(text, "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if name := closest(word, names); name != "" {
			return wrongUse("%w; did you mean --%s? see `%s --help`", err, name, cmd.CommandPath())
		}
	}
	return wrongUse("%w; see `%s --help`", err, cmd.CommandPath())
}

// valueError says what the value of a flag is to be, in words.
func valueError(err error) error {
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return err
	}
	switch invalid.GetFlag().Value.Type() {
	case "int":
		return errors.New("it is a whole number")
	case "float64":
		return errors.New("it is a number, such as 10 or 0.5")
	case "bool":
		return errors.New("it is true or false")
	case "duration":
		return errors.New("it is a duration, such as 30s or 5m")
	}
	return invalid.Unwrap()
}

// closest gives the candidate that a word was probably meant to be, or "".
func closest(word string, candidates []string) string {
	best, found := 3, ""
	for _, c := range candidates {
		d := distance(word, c)
		if len(word) > 2 && strings.HasPrefix(c, word) {
			d = 1
		}
		if d < best && d < len(c) {
			best, found = d, c
		}
	}
	return found
}

// distance is how many bytes must be inserted, left out or replaced to make one
// text of the other (the Levenshtein distance).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// noArgs refuses arguments, saying which.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return wrongUse("`%s` takes no arguments, but got %q", cmd.CommandPath(), args)
}

// oneArg wants one argument.
func oneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 || args[0] == "":
			return wrongUse("the %s is missing; it is: %s", name, cmd.UseLine())
		case len(args) > 1:
			return wrongUse("`%s` takes one %s, but got %q", cmd.CommandPath(), name, args)
		}
		return nil
	}
}

// maybeOneArg takes one argument or none.
func maybeOneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return oneArg(name)(cmd, args)
	}
}

// someArgs wants one argument or more.
func someArgs(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 || slices.Contains(args, "") {
			return wrongUse("the %s is missing; it is: %s", name, cmd.UseLine())
		}
		return nil
	}
}
