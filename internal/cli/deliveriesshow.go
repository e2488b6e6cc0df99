package cli

import (
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/terminal"
)

func newDeliveriesShow() *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use:     "show ID",
		Aliases: []string{"get"},
		Short:   "Show a delivery with all its attempts: what was sent, what was answered",
		Long: "Show a delivery with its last 200 attempts, the oldest first: when it was made, how long\n" +
			"it took, what was sent (secrets masked) and what was answered.",
		Args: oneArg("ID"),
	}
	cmd.Flags().BoolVar(&full, "full", false, "show all that is kept of the answers' bodies")
	return call(cmd, nil, func(s *session, args []string) error {
		d, err := s.api.GetDelivery(s.ctx(), args[0])
		if err != nil {
			return err
		}
		return s.showDeliveryWhole(d, full)
	})
}

// showDeliveryWhole prints the delivery of the last answer with its attempts.
func (s *session) showDeliveryWhole(d *client.Delivery, full bool) error {
	if err := s.showDelivery(d); err != nil || s.out.json {
		return err
	}
	for i := range d.Attempts {
		if err := s.showAttempt(&d.Attempts[i], full); err != nil {
			return err
		}
	}
	return nil
}

// showDelivery prints the delivery of the last answer, without its attempts.
func (s *session) showDelivery(d *client.Delivery) error {
	return s.show(func(r *record) {
		r.text("id", d.ID)
		r.cell("status", status(d.Status))
		r.text("reason", d.Reason)
		r.text("to", d.URL)
		if d.EndpointID == "" {
			r.text("endpoint", "none: it is the job's callback")
		}
		r.text("endpoint", d.EndpointID)
		r.text("profile", d.Profile)
		r.text("event", d.EventType+" ("+d.EventID+")")
		r.text("job", d.JobID)
		r.text("message", d.MessageID+" (the header webhook-id)")
		r.text("attempts", strconv.Itoa(d.AttemptCount))
		r.cell("created", s.out.instant(d.CreatedAt))
		r.cell("delivered", s.out.instant(d.DeliveredAt))
		if !d.FinishedAt.Equal(d.DeliveredAt) {
			r.cell("finished", s.out.instant(d.FinishedAt))
		}
		r.cell("next attempt", s.out.instant(d.NextAttemptAt))
	})
}

// showAttempt prints an attempt, below its delivery.
func (s *session) showAttempt(a *client.Attempt, full bool) error {
	took := time.Duration(a.DurationMS * float64(time.Millisecond)).Round(10 * time.Microsecond)
	outcome := cell{a.Error, terminal.Red}
	if a.Error == "" {
		outcome = cell{strconv.Itoa(a.StatusCode) + " " + http.StatusText(a.StatusCode), terminal.Green}
	}
	r := &record{out: s.out, indent: "  "}
	r.cell("outcome", outcome)
	if a.Error != "" && a.StatusCode != 0 {
		r.text("status", strconv.Itoa(a.StatusCode)+" "+http.StatusText(a.StatusCode))
	}
	r.cell("at", s.out.instant(a.StartedAt))
	r.text("took", took.String())
	r.headers("request headers", a.RequestHeaders)
	r.headers("response headers", a.ResponseHeaders)
	body, left := shorten(a.ResponseBody, full)
	r.block("response body", body, left)
	if err := s.out.linef("\nAttempt %d", a.Number); err != nil {
		return err
	}
	return r.print()
}
