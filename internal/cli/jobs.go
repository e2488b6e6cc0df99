package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

func newJobs() *cobra.Command {
	cmd := group("jobs", "Submit jobs, follow and cancel them",
		newJobsSubmit(), newJobsGet(), newJobsList(), newJobsWait(), newJobsCancel())
	cmd.Aliases = []string{"job"}
	return cmd
}

func newJobsGet() *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Show a job, by its id or UUID",
		Args:  oneArg("ID"),
	}
	cmd.Flags().BoolVar(&full, "full", false, "show all of input and result")
	return call(cmd, nil, func(s *session, args []string) error {
		j, err := s.api.GetJob(s.ctx(), args[0], client.GetJobParams{})
		if err != nil {
			return err
		}
		return s.showJob(j, full)
	})
}

func newJobsList() *cobra.Command {
	var list listFlags
	var span spanFlags
	var p client.ListJobsParams
	var wanted string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List jobs, the newest first",
		Args:  noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&wanted, "status", "", "only jobs of this `STATUS`: queued, running, succeeded, failed, canceled")
	flags.StringVar(&p.Type, "type", "", "only jobs of this `TYPE`")
	flags.StringVar(&p.ResourceID, "resource-id", "", "only jobs about this `ID`")
	list.register(cmd)
	span.register(cmd)
	completes(cmd, "status", jobStatuses())
	columns := []column{{name: "ID"}, {name: "STATUS"}, {name: "TYPE", cut: true}, {name: "ATTEMPT"}, {name: "CREATED"}, {name: "FINISHED", spare: true}, {name: "ERROR", cut: true, spare: true}}
	return call(cmd, nil, func(s *session, _ []string) error {
		var err error
		if p.Span, err = span.span(s.out.now); err != nil {
			return err
		}
		p.Status = ringback.JobStatus(wanted)
		return showList(s, &list, columns, func(page client.Page) (*client.List[client.Job], error) {
			p.Page = page
			return s.api.ListJobs(s.ctx(), p)
		}, func(j *client.Job) []cell {
			return []cell{plain(j.ID), status(j.Status), plain(j.Type), plain(attempts(j)), s.out.when(j.CreatedAt), s.out.when(j.FinishedAt), plain(j.Error)}
		})
	})
}

func newJobsCancel() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cancel ID…",
		Short: "Cancel jobs that are not finished, at once",
		Args:  someArgs("ID"),
	}
	return call(cmd, nil, func(s *session, args []string) error {
		return s.each(args, func(id string) error {
			j, err := s.api.CancelJob(s.ctx(), id)
			switch {
			case err != nil:
				return err
			case s.out.json:
				return s.out.printJSON(s.answers.body())
			}
			return s.out.result(j.ID, status(j.Status))
		})
	})
}

// attempts is which attempt a job is at, of how many.
func attempts(j *client.Job) string {
	return strconv.Itoa(j.Attempt) + "/" + strconv.Itoa(j.MaxAttempts)
}

// showJob prints the job of the last answer.
func (s *session) showJob(j *client.Job, full bool) error {
	return s.show(func(r *record) {
		r.text("id", j.ID)
		r.text("uuid", ringback.UUID(j.ID))
		r.text("type", j.Type)
		r.cell("status", status(j.Status))
		r.text("attempt", attempts(j))
		if j.ResourceID != j.ID {
			r.text("resource", j.ResourceID)
		}
		r.text("callback", j.CallbackURL)
		if j.CallbackURL != "" {
			r.text("profile", j.Profile)
		}
		r.cell("created", s.out.instant(j.CreatedAt))
		if j.RunAt.After(j.CreatedAt) {
			r.cell("not before", s.out.instant(j.RunAt))
		}
		r.cell("started", s.out.instant(j.StartedAt))
		r.cell("finished", s.out.instant(j.FinishedAt))
		r.text("status URL", j.StatusURL)
		r.block("error", j.Error, "")
		for _, b := range []struct {
			name string
			raw  []byte
		}{{"metadata", j.Metadata}, {"input", j.Input}, {"result", j.Result}} {
			if string(b.raw) == "null" && b.name != "result" { // none was given
				continue
			}
			text, left := shorten(pretty(string(b.raw)), full)
			r.block(b.name, text, left)
		}
	})
}
