package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/webhook"
)

// hookFlags are those of `verify` and `sign`.
type hookFlags struct {
	profile        string
	secrets, files []string
	body           string
	json           bool
}

// secretHelp says how secrets are given without others seeing them.
const secretHelp = "Other users of the machine can see command lines, and so the value of --secret. Give\n" +
	"secrets in RINGBACK_SECRET or with --secret-file instead (- is standard input)."

func (f *hookFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.profile, "profile", "", "`NAME` of the wire format: standard, unitary, sharpapi, …; @FILE of a custom one, as profiles get --json prints it")
	flags.StringArrayVar(&f.secrets, "secret", nil, "`SECRET` that calls are signed with; may be repeated during a rotation; better given as RINGBACK_SECRET")
	flags.StringArrayVar(&f.files, "secret-file", nil, "`FILE` with a secret; may be repeated")
	flags.StringVar(&f.body, "body", "", "`FILE` with the body, byte for byte; standard input if not given")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	annotate(cmd, readElsewhere, "secret", "secret-file")
	completes(cmd, "profile", profileNames())
}

// wire finds the profile: a built-in one, or one that a file describes.
func (f *hookFlags) wire(in *inputs) (webhook.Profile, error) {
	if path, ok := strings.CutPrefix(f.profile, "@"); ok {
		return in.customProfile(path)
	}
	p, ok := webhook.Lookup(f.profile)
	switch {
	case f.profile == "":
		return p, wrongUse("--profile is missing: it is one of %s", listed(profileNames()))
	case !ok:
		hint := ""
		if name := closest(f.profile, profileNames()); name != "" {
			hint = "did you mean " + name + "? "
		}
		return p, wrongUse("--profile %q: %sit is one of %s; of a custom one give @FILE with what `ringback profiles get NAME --json` prints", f.profile, hint, listed(profileNames()))
	}
	return p, nil
}

// all gives the secrets: those of the flags, or else those of the environment,
// so that a variable adds none to what was given.
func (f *hookFlags) all(cmd *cobra.Command, in *inputs) ([]string, error) {
	secrets, files := f.secrets, f.files
	if !cmd.Flags().Changed("secret") && !cmd.Flags().Changed("secret-file") {
		if text := os.Getenv("RINGBACK_SECRET"); text != "" {
			secrets = []string{text}
		}
		if path := os.Getenv("RINGBACK_SECRET_FILE"); path != "" {
			files = []string{path}
		}
	}
	for _, path := range files {
		text, err := in.secret("--secret-file", path)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, text)
	}
	return secrets, nil
}

// listed joins words with commas and a last "or".
func listed(words []string) string {
	text := ""
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			text += " or "
		default:
			text += ", "
		}
		text += w
	}
	return text
}
