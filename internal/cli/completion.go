package cli

import (
	"github.com/spf13/cobra"

	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

func newCompletion() *cobra.Command {
	cmd := group("completion", "Complete commands and flags in your shell",
		completionOf("bash", "source <(ringback completion bash)",
			func(root, cmd *cobra.Command) error { return root.GenBashCompletionV2(cmd.OutOrStdout(), true) }),
		completionOf("zsh", "source <(ringback completion zsh); compdef _ringback ringback",
			func(root, cmd *cobra.Command) error { return root.GenZshCompletion(cmd.OutOrStdout()) }),
		completionOf("fish", "ringback completion fish | source",
			func(root, cmd *cobra.Command) error { return root.GenFishCompletion(cmd.OutOrStdout(), true) }),
		completionOf("powershell", "ringback completion powershell | Out-String | Invoke-Expression",
			func(root, cmd *cobra.Command) error {
				return root.GenPowerShellCompletionWithDesc(cmd.OutOrStdout())
			}))
	cmd.Long = "Print a script that teaches a shell to complete Ringback's commands, flags and their\n" +
		"values. `ringback completion SHELL --help` says where it goes."
	return cmd
}

func completionOf(shell, load string, generate func(root, cmd *cobra.Command) error) *cobra.Command {
	return &cobra.Command{
		Use:   shell,
		Short: "Print the script for " + shell,
		Long:  "Print the script for " + shell + ". Put this line into the file that " + shell + " reads when it starts:\n\n  " + load,
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return generate(cmd.Root(), cmd) },
	}
}

// completes gives a flag's values to the shell.
func completes(cmd *cobra.Command, flag string, values []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // it was registered just before
}

// words gives the text of values with a fixed meaning.
func words[T ~string](values []T) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return texts
}

func profileNames() []string {
	var names []string
	for _, p := range webhook.Profiles() {
		names = append(names, p.Name)
	}
	return names
}

func jobStatuses() []string      { return words(ringback.JobStatuses()) }
func deliveryStatuses() []string { return words(ringback.DeliveryStatuses()) }
func scopes() []string           { return words(ringback.Scopes()) }
