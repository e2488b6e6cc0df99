package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestClosest(t *testing.T) {
	names := []string{"submit", "get", "list", "wait", "cancel"}
	for word, want := range map[string]string{
		"sumbit": "submit", "lst": "list", "lists": "list", "subm": "submit", "cancle": "cancel", "x": "", "frobnify": "", "": "",
	} {
		if got := closest(word, names); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	for key, want := range map[string]string{
		"": "", "short": "****", "rb_2345678901234": "****", "rb_abcdefghijklmnop": "rb_a…mnop",
	} {
		if got := mask(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
}

// Every command says what it does, and every flag what it is for.
func TestHelpIsComplete(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: its help is %q", cmd.CommandPath(), cmd.Short)
		}
		if cmd.Args == nil && cmd.Name() != "demo" && cmd.Name() != "exec" {
			t.Errorf("%s does not check its arguments", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s has no help", cmd.CommandPath(), f.Name)
			}
		})
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(newRoot())
}

// A flag that says what one call changes is taken from no variable that other
// commands use.
func TestChangesHaveVariablesOfTheirOwn(t *testing.T) {
	root := newRoot()
	for path, flags := range map[string][]string{
		"jobs submit":      {"type", "input", "callback-url", "profile", "wait", "timeout"},
		"events publish":   {"type", "data"},
		"endpoints create": {"url", "secret", "profile", "unsigned"},
		"endpoints update": {"url", "secret", "profile", "unsigned", "disable"},
		"accounts update":  {"name", "secret", "callback-profile"},
		"keys create":      {"name", "scope", "operator"},
	} {
		cmd, _, err := root.Find(strings.Fields(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range flags {
			if f := cmd.Flags().Lookup(name); f == nil || f.Annotations[ownVariable] == nil {
				t.Errorf("%s --%s", path, name)
			}
		}
	}
}
