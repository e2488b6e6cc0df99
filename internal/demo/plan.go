package demo

import (
	"strconv"
	"strings"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

// plan is a job that the demo submits.
type plan struct {
	title      string
	input      *input
	profile    string
	busy       bool             // no callback: the endpoint with the busy receiver gets it
	events     client.JobEvents // names of its events
	resourceID string           // what it is about, or ""
}

// scenes are the profiles that callbacks are shown in.
var scenes = []struct{ profile, title string }{
	{"unitary", `the outcome under "data", HMAC-SHA256 in base64`},
	{"unitary-flat", `the same without the "data" around it`},
	{"inkit", "a type and an id, HMAC-SHA256 in hex; the rest is fetched"},
	{"sharpapi", "status and result, HMAC-SHA256 in hex"},
	{"standard", "Standard Webhooks, which sign id and time as well"},
}

// The busy endpoint, and the names of the events that go there.
var (
	busySchedule = []string{"300ms", "600ms"}
	busyEvents   = client.JobEvents{Succeeded: "busy.succeeded", Failed: "busy.failed"}
)

const (
	busyPattern = "busy.*"
	busyProfile = "standard"
	busyPath    = "/busy"
)

// plans gives the jobs: every profile once and every input once at least, a
// job that fails, and one whose receiver is busy.
func plans(inputs []*input, broken *input) []*plan {
	var all []*plan
	for i := range max(len(scenes), len(inputs)) {
		scene := scenes[i%len(scenes)]
		p := &plan{
			title:   "Profile " + scene.profile + ": " + scene.title,
			input:   inputs[i%len(inputs)],
			profile: scene.profile,
		}
		if scene.profile == "inkit" {
			// Its receivers know the documented events, and ids of documents.
			p.events = client.JobEvents{Succeeded: "DOCUMENT_CREATE_FINISHED", Failed: "DOCUMENT_CREATE_FAILED"}
			p.resourceID = ringback.NewID("doc", time.Now())
		}
		all = append(all, p)
	}
	all = append(all,
		&plan{
			title: "A job that fails: the picture is cut off, and the webhook says so",
			input: broken, profile: "unitary",
		},
		&plan{
			title: "A busy receiver: it answers 503 twice, and Ringback comes again",
			input: inputs[1%len(inputs)], profile: busyProfile, busy: true, events: busyEvents,
		})
	for i, p := range all {
		p.title = strconv.Itoa(i+1) + "/" + strconv.Itoa(len(all)) + "  " + p.title
	}
	return all
}

// submission is what is sent to POST /v1/jobs.
func (p *plan) submission(filesURL, hooksURL string) client.SubmitJobParams {
	s := client.SubmitJobParams{
		Type:       jobType,
		Input:      inspectInput{URL: filesURL + pathOf(p.input)},
		Events:     p.events,
		ResourceID: p.resourceID,
	}
	if !p.busy {
		s.CallbackURL, s.Profile = hooksURL+"/"+p.profile, p.profile
	}
	return s
}

// describe says in one line what is submitted.
func (p *plan) describe(jobID string) string {
	var b strings.Builder
	b.WriteString(jobType + "; ")
	if p.busy {
		b.WriteString("endpoint " + busyPath + " with retry_schedule " + strings.Join(busySchedule, ", "))
	} else {
		b.WriteString("callback_url /" + p.profile)
	}
	b.WriteString("; " + jobID)
	return b.String()
}
