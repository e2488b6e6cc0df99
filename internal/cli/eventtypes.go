package cli

import (
	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

func newEventTypes() *cobra.Command {
	cmd := group("types", "Describe event types in the catalogue",
		newEventTypesList(), newEventTypesGet(), newEventTypesCreate(), newEventTypesUpdate(),
		newEventTypesDelete(), newEventTypesImport())
	cmd.Aliases = []string{"type"}
	cmd.Long = "Describe event types in the catalogue: what is published must match their schemas, and\n" +
		"nothing is published under those that are archived. Types that are in no catalogue can be\n" +
		"published, too. With an operator's key and no --account, types hold for every account."
	return cmd
}

func newEventTypesList() *cobra.Command {
	var list listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List event types, sorted by name",
		Args:  noArgs,
	}
	list.register(cmd)
	columns := []column{{name: "NAME"}, {name: "OWNER"}, {name: "SCHEMA"}, {name: "ARCHIVED"}, {name: "DESCRIPTION", cut: true}}
	return call(cmd, nil, func(s *session, _ []string) error {
		return showList(s, &list, columns, func(page client.Page) (*client.List[client.EventType], error) {
			return s.api.ListEventTypes(s.ctx(), page)
		}, func(t *client.EventType) []cell {
			return []cell{plain(t.Name), plain(t.Owner), plain(yesNo(t.Schema != nil)), plain(yesNo(t.Archived)), plain(t.Description)}
		})
	})
}

func newEventTypesGet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Show an event type with its schema",
		Args:  oneArg("NAME"),
	}
	return call(cmd, nil, func(s *session, args []string) error {
		t, err := s.api.GetEventType(s.ctx(), args[0])
		if err != nil {
			return err
		}
		return s.showEventType(t)
	})
}

// eventTypeFlags are those of `create` and `update`.
type eventTypeFlags struct{ description, schema string }

func (f *eventTypeFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.description, "description", "", "`TEXT` that says what it tells")
	flags.StringVar(&f.schema, "schema", "", "`JSON` Schema that published data must match; @FILE or - (standard input) to read it from there")
}

func newEventTypesCreate() *cobra.Command {
	var f eventTypeFlags
	var archived bool
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Add an event type",
		Example: "  ringback events types create invoice.paid --description 'An invoice was paid' --schema @invoice.json",
		Args:    oneArg("NAME"),
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&archived, "archived", false, "nothing is to be published under it")
	changes(cmd)
	return call(cmd, nil, func(s *session, args []string) error {
		schema, err := s.in.json("--schema", f.schema)
		if err != nil {
			return err
		}
		t, err := s.api.CreateEventType(s.ctx(), client.CreateEventTypeParams{
			Name: args[0], Description: f.description, Schema: schema, Archived: archived,
		})
		if err != nil {
			return err
		}
		return s.showEventType(t)
	})
}

func newEventTypesUpdate() *cobra.Command {
	var f eventTypeFlags
	var archive, unarchive, noSchema bool
	cmd := &cobra.Command{
		Use:   "update NAME",
		Short: "Change an event type, for what is published from now on",
		Long:  "Change an event type, for what is published from now on: what a flag says changes, all else\nstays.",
		Args:  oneArg("NAME"),
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&noSchema, "no-schema", false, "take any data")
	flags.BoolVar(&archive, "archive", false, "let nothing be published under it any more")
	flags.BoolVar(&unarchive, "unarchive", false, "let it be published again")
	changes(cmd)
	return call(cmd, nil, func(s *session, args []string) error {
		switch {
		case !anyChanged(s.cmd):
			return wrongUse("there is nothing to change; say what, as in --archive (see `%s --help`)", s.cmd.CommandPath())
		case archive && unarchive:
			return wrongUse("--archive and --unarchive exclude each other; give one of them")
		case noSchema && f.schema != "":
			return wrongUse("--schema and --no-schema exclude each other; give one of them")
		}
		p := client.UpdateEventTypeParams{Description: optional(s.cmd, "description", f.description)}
		schema, err := s.in.json("--schema", f.schema)
		switch {
		case err != nil:
			return err
		case noSchema:
			p.Schema = client.Null[any]()
		case schema != nil:
			p.Schema = client.Set(schema)
		}
		if archive || unarchive {
			p.Archived = client.Set(archive)
		}
		t, err := s.api.UpdateEventType(s.ctx(), args[0], p)
		if err != nil {
			return err
		}
		return s.showEventType(t)
	})
}

func newEventTypesDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete NAME…",
		Short: "Delete event types; their events stay",
		Args:  someArgs("NAME"),
	}
	return call(cmd, nil, func(s *session, args []string) error {
		return s.each(args, func(name string) error {
			if err := s.api.DeleteEventType(s.ctx(), name); err != nil || s.out.json {
				return err
			}
			return s.out.result(name, plain("deleted"))
		})
	})
}

func newEventTypesImport() *cobra.Command {
	presets := []string{"inkit", "sharpapi"}
	cmd := &cobra.Command{
		Use:       "import inkit|sharpapi",
		Short:     "Add the event types of a preset that are not there yet",
		Args:      oneArg("PRESET"),
		ValidArgs: presets,
	}
	return call(cmd, nil, func(s *session, args []string) error {
		imported, err := s.api.ImportEventTypes(s.ctx(), args[0])
		switch {
		case err != nil:
			return err
		case s.out.json:
			return s.out.printJSON(s.answers.body())
		}
		return s.out.linef("%d of %d event types are new", imported.Created, len(imported.Items))
	})
}

// showEventType prints the event type of the last answer.
func (s *session) showEventType(t *client.EventType) error {
	return s.show(func(r *record) {
		r.text("name", t.Name)
		r.text("description", t.Description)
		r.text("owner", t.Owner)
		r.text("archived", yesNo(t.Archived))
		r.cell("created", s.out.instant(t.CreatedAt))
		r.cell("updated", s.out.instant(t.UpdatedAt))
		r.block("schema", pretty(string(t.Schema)), "")
	})
}
