package demo

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/terminal"
	"github.com/ringback/ringback/ringback"
)

// lookUpWithin bounds the look at the API for what is missing.
const lookUpWithin = 5 * time.Second

// intro says who is who.
func (d *demo) intro() string {
	return fmt.Sprintf(`Ringback takes jobs, hands them to workers, and sends the outcome as signed
webhooks. Here are %d real jobs, from submission to verified webhook.

  server    %s  HTTP API, embedded database, deliveries
  worker    leases jobs over the API: downloads a file and says what it is
  receiver  %s  verifies webhooks with Go package webhook
  files     %s  the files to inspect

Milliseconds count from a job's submission.
`, len(d.plans), d.server.URL(), d.hooksURL(), d.filesURL())
}

// sumUp prints the table of all jobs, and what is missing and why, which makes
// it return ErrIncomplete.
func (d *demo) sumUp(ctx context.Context, took time.Duration) error {
	jobs := d.board.snapshot()
	rows := [][]string{{"file", "profile", "job", "attempts", "verified", "signature header"}}
	missing := []string{}
	ctx, cancel := context.WithTimeout(ctx, lookUpWithin)
	defer cancel()
	for i := range jobs {
		tr := &jobs[i]
		if !tr.planned {
			continue
		}
		verified, attempts := "no", "-"
		if tr.arrived {
			verified = fmt.Sprintf("yes, %d ms", tr.verified.Milliseconds())
		}
		if tr.attempts > 0 {
			attempts = strconv.Itoa(tr.attempts)
		}
		if !tr.good() {
			missing = append(missing, fmt.Sprintf("  %s %s: %s\n", shortName(tr.name), tr.profile, d.explain(ctx, tr)))
		}
		rows = append(rows, []string{
			shortName(tr.name), tr.profile, cmp.Or(tr.outcome, "-"), attempts, verified, cmp.Or(tr.header, "-"),
		})
	}
	rejected, duplicates := d.receiver.counts()
	total := len(rows) - 1
	text := "\n" + d.table(rows) + "\n" + d.verdict(total-len(missing), total, took)
	if duplicates > 0 {
		text += plural(duplicates, "duplicate") + " dropped by webhook-id.\n"
	}
	if rejected > 0 {
		text += plural(rejected, "call") + " not verified, and so not trusted.\n"
	}
	if len(missing) > 0 {
		text += "\nMissing:\n" + printableLines(missing) + "\n`" + d.command() + " demo --log` shows what the server has to say.\n"
	}
	d.lines.text(text)
	if len(missing) > 0 || rejected > 0 {
		return ErrIncomplete
	}
	if !d.Keep {
		d.lines.text(d.whatNext())
	}
	return nil
}

// table aligns rows, the first of which is the heading.
func (d *demo) table(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, row := range rows {
		line := ""
		for i, cell := range row {
			line += pad(cell, widths[i]) + "  "
		}
		line = abbreviate(strings.TrimRight(line, " "), d.lines.width)
		if n == 0 {
			line = d.lines.paint(dim, line)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

func (d *demo) verdict(good, total int, took time.Duration) string {
	color := green
	if good < total {
		color = red
	}
	return d.lines.paint(color, fmt.Sprintf("%d of %d delivered and verified in %.1f s", good, total, took.Seconds())) + "\n"
}

// explain says why a job's webhook was not delivered and verified, from what
// was seen of it and what the API has.
func (d *demo) explain(ctx context.Context, tr *track) string {
	if tr.jobID == "" {
		return cmp.Or(tr.trouble, "it was not submitted in time")
	}
	seen := tr.trouble
	if seen != "" {
		seen += "; "
	}
	known, err := d.api.GetJob(ctx, tr.jobID, client.GetJobParams{})
	if err != nil {
		return seen + "the job could not be looked up: " + err.Error()
	}
	deliveries, err := d.deliveries(ctx, tr.jobID)
	if err != nil {
		return seen + "its delivery could not be looked up: " + err.Error()
	}
	if len(deliveries) == 0 {
		return seen + "the job is still " + string(known.Status) + ", so that there is nothing to deliver yet"
	}
	for i := range deliveries {
		if deliveries[i].Status != ringback.DeliveryDelivered || len(deliveries) == 1 {
			return seen + d.explainDelivery(ctx, &deliveries[i])
		}
	}
	return seen + "all its deliveries are delivered, but it was not verified in time"
}

func (d *demo) explainDelivery(ctx context.Context, listed *client.Delivery) string {
	text := fmt.Sprintf("delivery %s is %s after %s", listed.ID, listed.Status, plural(listed.AttemptCount, "attempt"))
	reason := listed.Reason
	if full, err := d.api.GetDelivery(ctx, listed.ID); err == nil && len(full.Attempts) > 0 {
		last := full.Attempts[len(full.Attempts)-1]
		reason = cmp.Or(last.Error, reason)
		if reason == "" && last.StatusCode != 0 {
			reason = fmt.Sprintf("the receiver answered %d", last.StatusCode)
		}
	}
	if reason != "" {
		text += ": " + reason
	}
	return text
}

func (d *demo) command() string { return cmp.Or(d.Command, "ringback") }

func (d *demo) whatNext() string {
	rows := [][2]string{
		{d.command() + " demo --keep FILE…", "your own files, and a curl of yours"},
		{d.command() + " dev", "a server for your laptop, an API key"},
		{"README.md", "how to verify in Go, Python, JS, PHP"},
	}
	width := utf8.RuneCountInString(rows[0][0])
	text := "\nWhat next\n"
	for _, row := range rows {
		text += "  " + pad(row[0], width) + "  " + row[1] + "\n"
	}
	return text
}

// invitation says how to use what keeps running.
func (d *demo) invitation() string {
	keys := d.server.Keys()
	return fmt.Sprintf(`
Everything keeps running until Ctrl-C.

  server        %[1]s
  receiver      %[2]s/PROFILE for each profile above
  files         %[3]s
  account       %[4]s
  API key       %[5]s
  operator key  %[6]s
  data          %[7]s
                stays, with server.log; to open it again:
                %[9]s dev --data %[7]s

Submit another job; its webhook is shown here:

  curl %[1]s/v1/jobs \
    -H 'Authorization: Bearer %[5]s' \
    -H 'Content-Type: application/json' \
    -d '{"type": %[10]q, "input": {"url": "%[3]s%[8]s"}, "callback_url": "%[2]s/unitary", "profile": "unitary"}'
`, d.server.URL(), d.hooksURL(), d.filesURL(), keys.AccountID, keys.APIKey, keys.OperatorKey,
		d.dir, pathOf(d.plans[0].input), d.command(), jobType)
}

// plural gives a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// printableLines joins lines, each made fit for a terminal.
func printableLines(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(terminal.Printable(strings.TrimSuffix(line, "\n")) + "\n")
	}
	return b.String()
}
