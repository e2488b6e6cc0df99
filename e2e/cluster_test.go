package e2e

import (
	"encoding/base64"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/webhook"
)

// crashes gives how often each crash is tried: RINGBACK_TEST_CRASHES, or else
// twice.
func crashes(t *testing.T) int {
	t.Helper()
	given := os.Getenv("RINGBACK_TEST_CRASHES")
	if given == "" {
		return 2
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 {
		t.Fatalf("RINGBACK_TEST_CRASHES %q: it is a number from 1 up", given)
	}
	return n
}

// eachCrash runs a test as often as crashes says, each time on nodes of its own.
func eachCrash(t *testing.T, on stored, test func(t *testing.T, c *cluster)) {
	t.Parallel()
	for round := range crashes(t) {
		t.Run(strconv.Itoa(round+1), func(t *testing.T) { test(t, newCluster(t, on)) })
	}
}

// stored is a kind of store, with the nodes that share one.
type stored struct {
	nodes int
	flags func(t *testing.T) []string // say where it is
}

var onSQLite = stored{1, func(t *testing.T) []string { return []string{"--data", t.TempDir()} }}

var onPostgres = stored{3, func(t *testing.T) []string { return []string{"--store", pgtest.Schema(t)} }}

// node is a server that may be down, and be another process later.
type node struct {
	*process

	spared bool // gets no events, as from a load balancer that knows better
}

// customer is an account with an endpoint for all that is published.
type customer struct {
	id       string
	receiver *receiver
	gate     *gate
}

// cluster is the servers of one store, and two accounts on it.
type cluster struct {
	t         *testing.T
	flags     []string
	env       []string
	operator  string
	customers []*customer

	mu    sync.Mutex
	nodes []node
}

// newCluster starts the servers, all at once on an empty store.
func newCluster(t *testing.T, on stored) *cluster {
	t.Helper()
	c := &cluster{t: t, operator: "an-operators-own-key", nodes: make([]node, on.nodes)}
	c.flags = append(on.flags(t), "--allow-http", "--allow-private-networks")
	c.env = []string{"RINGBACK_OPERATOR_KEY=" + c.operator, oneMasterKey}
	c.start(c.all()...)
	shown := 0
	for _, n := range c.nodes {
		if n.Acct != "" {
			shown++
		}
	}
	if shown != 1 {
		t.Errorf("%d of %d first starts show keys; want 1", shown, on.nodes)
	}
	for _, name := range []string{"one", "two"} {
		c.customers = append(c.customers, c.newCustomer(name))
	}
	return c
}

func (c *cluster) newCustomer(name string) *customer {
	c.t.Helper()
	cu := &customer{gate: newGate()}
	cu.receiver = newReceiver(c.t, "standard", "", cu.gate.pass)
	c.t.Cleanup(cu.gate.open) // before the receiver is closed, which waits for its calls
	var account struct {
		ID string `json:"id"`
	}
	if status := c.nodes[0].call(http.MethodPost, "/v1/accounts", c.operator, map[string]any{"name": name}, &account); status != http.StatusCreated {
		c.t.Fatalf("making an account: status %d", status)
	}
	cu.id = account.ID
	var endpoint struct {
		Secret string `json:"secret"`
	}
	body := map[string]any{"url": cu.receiver.URL, "event_types": []string{"*"}}
	if status := c.nodes[0].call(http.MethodPost, "/v1/endpoints", c.operator, body, &endpoint, "Ringback-Account", cu.id); status != http.StatusCreated {
		c.t.Fatalf("making an endpoint: status %d", status)
	}
	standard, _ := webhook.Lookup("standard")
	cu.receiver.secret(c.t, standard, endpoint.Secret)
	return cu
}

// start starts nodes that have not been started yet, or have ended, at the same
// time.
func (c *cluster) start(which ...int) {
	c.t.Helper()
	started := make(map[int]*process)
	for _, i := range which {
		started[i] = launch(c.t, c.env, "server", c.flags...)
	}
	for i, p := range started {
		p.announced()
		c.mu.Lock()
		c.nodes[i].process = p
		c.mu.Unlock()
	}
}

// kill ends nodes without warning, all at once.
func (c *cluster) kill(which ...int) {
	c.t.Helper()
	for _, i := range which {
		if err := c.nodes[i].cmd.Process.Signal(syscall.SIGKILL); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, i := range which {
		<-c.nodes[i].exited
	}
}

// spare keeps events away from a node, or no longer.
func (c *cluster) spare(i int, spared bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i].spared = spared
}

// pick gives the address of the nth node that gets events.
func (c *cluster) pick(n int) (which int, url string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range c.nodes {
		which = n % len(c.nodes)
		if !c.nodes[which].spared {
			break
		}
		n++
	}
	return which, c.nodes[which].URL
}

func (c *cluster) all() []int {
	var all []int
	for i := range c.nodes {
		all = append(all, i)
	}
	return all
}

// hold has the receivers answer nobody, until release.
func (c *cluster) hold() {
	for _, cu := range c.customers {
		cu.gate.close()
	}
}

func (c *cluster) release() {
	for _, cu := range c.customers {
		cu.gate.open()
	}
}

// gate lets calls pass, or keeps them waiting.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // closed while the gate is open
}

func newGate() *gate {
	g := &gate{opened: make(chan struct{})}
	close(g.opened)
	return g
}

func (g *gate) pass(_ http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	select {
	case <-opened:
	case <-r.Context().Done():
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
	default:
		close(g.opened)
	}
}

// masterKey is a setting of RINGBACK_MASTER_KEY.
func masterKey(bytes string) string {
	return "RINGBACK_MASTER_KEY=" + base64.StdEncoding.EncodeToString([]byte(bytes))
}

var (
	oneMasterKey   = masterKey("a key of thirty-two bytes, fixed")
	otherMasterKey = masterKey("and another one, of 32 bytes too")
)

// message is the webhook-id of an event.
func message(event string) string { return "msg_" + strings.TrimPrefix(event, "evt_") }

// pass lets time go by while others work.
func pass(d time.Duration) { <-time.After(d) }
