package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Annotations of flags.
const (
	// ownVariable marks a flag that says what one call changes or sends. It is
	// taken from the variable with the command in its name alone: RINGBACK_URL,
	// set for something else, must not move an endpoint.
	ownVariable = "ringback_own_variable"
	// readElsewhere marks a flag whose variable the command reads itself.
	readElsewhere = "ringback_read_elsewhere"
	// apiMember holds the member, parameter or header of the API that a flag
	// sets, where its name is another one.
	apiMember = "ringback_api_member"
)

// annotate marks flags of a command.
func annotate(cmd *cobra.Command, key string, flags ...string) {
	for _, name := range flags {
		_ = cmd.Flags().SetAnnotation(name, key, []string{"yes"}) // they were registered just before
	}
}

// changes marks all flags that a command has so far as saying what it changes.
func changes(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { annotate(cmd, ownVariable, f.Name) })
}

// means says which members of the API flags set: pairs of flag and member.
func means(cmd *cobra.Command, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		_ = cmd.Flags().SetAnnotation(pairs[i], apiMember, []string{pairs[i+1]})
	}
}

// fromEnvironment gives every flag that was not given its value from the
// environment: RINGBACK_JOBS_LIST_LIMIT, or else RINGBACK_LIMIT.
func fromEnvironment(cmd *cobra.Command, _ []string) error {
	var wrong error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || wrong != nil || f.Name == "help" || f.Name == "version" || f.Annotations[readElsewhere] != nil {
			return
		}
		name, value, ok := lookupFlag(cmd, f)
		if !ok {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			wrong = wrongUse("%s=%q: %w", name, value, valueError(err))
		}
	})
	return wrong
}

// lookupFlag finds the environment variable that gives a flag its value.
func lookupFlag(cmd *cobra.Command, f *pflag.Flag) (name, value string, ok bool) {
	name = variable(cmd.CommandPath(), f.Name)
	if value, ok = os.LookupEnv(name); ok || f.Annotations[ownVariable] != nil {
		return name, value, ok
	}
	name = variable(cmd.Root().Name(), f.Name)
	value, ok = os.LookupEnv(name)
	return name, value, ok
}

// variable is the name of an environment variable: RINGBACK_….
func variable(path, flag string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(path + "_" + flag))
}

// ownFlags are the flags of a command that say what it changes.
func ownFlags(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[ownVariable] != nil {
			names = append(names, f.Name)
		}
	})
	return names
}
