package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

func newDeliveries() *cobra.Command {
	cmd := group("deliveries", "Look at deliveries and their attempts, retry and cancel them",
		newDeliveriesList(), newDeliveriesShow(),
		newDeliveriesChange("retry ID…", "Make one more attempt at once, whatever the status",
			func(ctx context.Context, c *client.Client, id string) (*client.Delivery, error) {
				return c.RetryDelivery(ctx, id)
			}),
		newDeliveriesChange("cancel ID…", "Give up pending deliveries",
			func(ctx context.Context, c *client.Client, id string) (*client.Delivery, error) {
				return c.CancelDelivery(ctx, id)
			}),
		newDeliveriesRecover())
	cmd.Aliases = []string{"delivery"}
	return cmd
}

func newDeliveriesList() *cobra.Command {
	var list listFlags
	var span spanFlags
	var p client.ListDeliveriesParams
	var wanted string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List deliveries, the newest first",
		Args:  noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&wanted, "status", "", "only deliveries of this `STATUS`: pending, delivered, failed, canceled")
	flags.StringVar(&p.EndpointID, "endpoint", "", "only deliveries to the endpoint with this `ID`")
	flags.StringVar(&p.EventType, "event-type", "", "only deliveries of events of this `TYPE`")
	flags.StringVar(&p.EventID, "event", "", "only deliveries of the event with this `ID`")
	flags.StringVar(&p.JobID, "job", "", "only deliveries of the job with this `ID`")
	means(cmd, "endpoint", "endpoint_id", "event", "event_id", "job", "job_id")
	list.register(cmd)
	span.register(cmd)
	completes(cmd, "status", deliveryStatuses())
	columns := []column{{name: "ID"}, {name: "STATUS"}, {name: "EVENT", cut: true}, {name: "ATTEMPTS", spare: true}, {name: "CREATED"}, {name: "NEXT", spare: true}, {name: "TO", cut: true}, {name: "REASON", cut: true, spare: true}}
	return call(cmd, nil, func(s *session, _ []string) (err error) {
		if p.Span, err = span.span(s.out.now); err != nil {
			return err
		}
		p.Status = ringback.DeliveryStatus(wanted)
		return showList(s, &list, columns, func(page client.Page) (*client.List[client.Delivery], error) {
			p.Page = page
			return s.api.ListDeliveries(s.ctx(), p)
		}, func(d *client.Delivery) []cell {
			return []cell{
				plain(d.ID), status(d.Status), plain(d.EventType), plain(strconv.Itoa(d.AttemptCount)),
				s.out.when(d.CreatedAt), s.out.when(d.NextAttemptAt), plain(d.URL), plain(d.Reason),
			}
		})
	})
}

// newDeliveriesChange makes a command that does something with deliveries.
func newDeliveriesChange(use, short string, do func(context.Context, *client.Client, string) (*client.Delivery, error)) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  someArgs("ID"),
	}
	return call(cmd, nil, func(s *session, args []string) error {
		return s.each(args, func(id string) error {
			d, err := do(s.ctx(), s.api, id)
			switch {
			case err != nil:
				return err
			case s.out.json:
				return s.out.printJSON(s.answers.body())
			}
			return s.out.result(d.ID, status(d.Status))
		})
	})
}
