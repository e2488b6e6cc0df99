package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/internal/store/storetest"
)

// crashDir tells the test binary to be the process that is killed.
const crashDir = "RINGBACK_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := commitForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// commitForever prints each delivery once its commit was acknowledged, with
// what it is by then.
func commitForever(dir string) error {
	s, err := sqlite.Open(context.Background(), config(dir))
	if err != nil {
		return err
	}
	for {
		publish, record := storetest.PublishBatch(20, 3, 0)
		for _, step := range []struct {
			ops    []store.Op
			status string
		}{{publish, "pending"}, {record, "delivered"}} {
			if err := s.Commit(context.Background(), step.ops); err != nil {
				return err
			}
			for _, op := range record {
				ref := op.(*store.RecordAttempt).DeliveryRef
				fmt.Println(ref.AccountID, ref.ID, step.status)
			}
		}
	}
}

// TestKill kills a process that commits, at random moments, and looks for all
// that it was told is there.
func TestKill(t *testing.T) {
	rounds := 8
	if testing.Short() || storetest.RaceDetector {
		rounds = 2
	}
	dir := t.TempDir()
	acknowledged := map[store.DeliveryRef]string{}
	for range rounds {
		before := len(acknowledged)
		runAndKill(t, dir, 1+rand.IntN(2000), acknowledged)
		if len(acknowledged) == before {
			t.Fatal("the process committed nothing")
		}
		wantAcknowledged(t, dir, acknowledged)
	}
}

// runAndKill runs the process until it has printed so many lines. Those that it
// printed after them count as well.
func runAndKill(t *testing.T, dir string, lines int, acknowledged map[store.DeliveryRef]string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := bufio.NewReader(out)
	for n := 1; ; n++ {
		line, err := read.ReadString('\n')
		if err != nil {
			break // what has no end was not printed whole
		}
		words := strings.Fields(line)
		acknowledged[store.DeliveryRef{AccountID: words[0], ID: words[1]}] = words[2]
		if n == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
}

func wantAcknowledged(t *testing.T, dir string, acknowledged map[store.DeliveryRef]string) {
	t.Helper()
	s := openStore(t, dir)
	defer closeStore(t, s)
	join(t, s)
	for ref, want := range acknowledged {
		d, err := s.Delivery(t.Context(), ref.AccountID, ref.ID)
		if err != nil {
			t.Fatalf("delivery %s: %v", ref.ID, err)
		}
		// What was acknowledged as pending may have gone further unheard.
		if got := string(d.Status); got != want && want != "pending" {
			t.Fatalf("delivery %s is %s, want %s", ref.ID, got, want)
		}
		if _, err := s.Event(t.Context(), ref.AccountID, d.EventID); err != nil {
			t.Fatalf("event %s: %v", d.EventID, err)
		}
	}
	if refs, err := s.LeasedDeliveries(t.Context(), 1); err != nil || len(refs) != 0 {
		t.Fatalf("a new epoch has leased %d deliveries (%v)", len(refs), err)
	}
}
