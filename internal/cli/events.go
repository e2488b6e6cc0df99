package cli

import (
	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

func newEvents() *cobra.Command {
	cmd := group("events", "Publish events, look at them",
		newEventsPublish(), newEventsGet(), newEventsList(), newEventTypes())
	cmd.Aliases = []string{"event"}
	return cmd
}

func newEventsPublish() *cobra.Command {
	var p client.PublishEventParams
	var data, file string
	cmd := &cobra.Command{
		Use:   "publish (--type TYPE | --batch FILE)",
		Short: "Publish an event, or many",
		Long: "Publish an event. It and its deliveries are on the server's disk when its id is printed.\n\n" +
			"With --batch, publish many: one a line, as {\"type\": \"…\", \"resource_id\": \"…\", \"data\": {…}}.\n" +
			"Each is published for itself; what is refused is told with its line, and the exit status is\n" +
			"1 then. With an --idempotency-key the same file can be published again: within 24 hours,\n" +
			"nothing is made twice.",
		Example: "  ringback events publish --type invoice.paid --resource-id inv_7 --data '{\"amount\": 12}'\n" +
			"  ringback events publish --batch events.jsonl",
		Args: noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&p.Type, "type", "", "`TYPE` of the event: it says who gets it")
	flags.StringVar(&data, "data", "", "`JSON` object; @FILE or - (standard input) to read it from there")
	flags.StringVar(&p.ResourceID, "resource-id", "", "`ID` of what the event is about")
	flags.StringVar(&p.IdempotencyKey, "idempotency-key", "", "`KEY` that names this event: for 24 hours, the same makes no second event")
	flags.StringVar(&file, "batch", "", "`FILE` with an event a line; - is standard input")
	changes(cmd)
	return call(cmd, nil, func(s *session, _ []string) (err error) {
		switch {
		case file != "" && (p.Type != "" || data != "" || p.ResourceID != ""):
			return wrongUse("--batch has types, data and resource ids in its lines; --type, --data and --resource-id are for one event")
		case file != "":
			return s.publishBatch(file, p.IdempotencyKey)
		case p.Type == "":
			return wrongUse("--type is missing: say what kind of event it is")
		}
		if p.Data, err = s.in.json("--data", data); err != nil {
			return err
		}
		e, err := s.api.PublishEvent(s.ctx(), p)
		if err != nil {
			return err
		}
		if e.Replayed {
			s.out.notef("This event was published before, with the same --idempotency-key.")
		}
		return s.showEvent(e, false)
	})
}

func newEventsGet() *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Show an event, by its id or UUID",
		Args:  oneArg("ID"),
	}
	cmd.Flags().BoolVar(&full, "full", false, "show all of the data")
	return call(cmd, nil, func(s *session, args []string) error {
		e, err := s.api.GetEvent(s.ctx(), args[0])
		if err != nil {
			return err
		}
		return s.showEvent(e, full)
	})
}

func newEventsList() *cobra.Command {
	var list listFlags
	var span spanFlags
	var p client.ListEventsParams
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List events, the newest first",
		Args:  noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&p.Type, "type", "", "only events of this `TYPE`")
	flags.StringVar(&p.ResourceID, "resource-id", "", "only events about this `ID`")
	flags.StringVar(&p.JobID, "job", "", "only events of the job with this `ID`")
	means(cmd, "job", "job_id")
	list.register(cmd)
	span.register(cmd)
	columns := []column{{name: "ID"}, {name: "TYPE", cut: true}, {name: "RESOURCE", cut: true, spare: true}, {name: "JOB", spare: true}, {name: "CREATED"}}
	return call(cmd, nil, func(s *session, _ []string) (err error) {
		if p.Span, err = span.span(s.out.now); err != nil {
			return err
		}
		return showList(s, &list, columns, func(page client.Page) (*client.List[client.Event], error) {
			p.Page = page
			return s.api.ListEvents(s.ctx(), p)
		}, func(e *client.Event) []cell {
			return []cell{plain(e.ID), plain(e.Type), plain(e.ResourceID), plain(e.JobID), s.out.when(e.CreatedAt)}
		})
	})
}

// showEvent prints the event of the last answer.
func (s *session) showEvent(e *client.Event, full bool) error {
	return s.show(func(r *record) {
		r.text("id", e.ID)
		r.text("type", e.Type)
		r.text("resource", e.ResourceID)
		r.text("job", e.JobID)
		r.cell("created", s.out.instant(e.CreatedAt))
		text, left := shorten(pretty(string(e.Data)), full)
		r.block("data", text, left)
	})
}
