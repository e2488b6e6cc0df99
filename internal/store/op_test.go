package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// Every operation is of the account that it names, and none is forgotten.
func TestAccountOf(t *testing.T) {
	ref := store.DeliveryRef{AccountID: "acc"}
	ops := map[string]store.Op{
		"SubmitJob":       &store.SubmitJob{Job: &ringback.Job{AccountID: "acc"}},
		"LeaseJobs":       &store.LeaseJobs{AccountID: "acc"},
		"ExtendLease":     &store.ExtendLease{AccountID: "acc"},
		"RequeueJob":      &store.RequeueJob{AccountID: "acc"},
		"FinishJob":       &store.FinishJob{Job: &ringback.Job{AccountID: "acc"}},
		"PublishEvent":    &store.PublishEvent{Event: &ringback.Event{AccountID: "acc"}},
		"ClaimDeliveries": &store.ClaimDeliveries{Queue: "acc/https://example.com"},
		"PlaceDelivery":   &store.PlaceDelivery{DeliveryRef: ref},
		"RecordAttempt":   &store.RecordAttempt{DeliveryRef: ref},
		"RetryDelivery":   &store.RetryDelivery{DeliveryRef: ref},
		"CancelDelivery":  &store.CancelDelivery{DeliveryRef: ref},
		"CancelPending":   &store.CancelPending{AccountID: "acc"},
		"ChangeEndpoint":  &store.ChangeEndpoint{AccountID: "acc"},
		"RecoverEvents":   &store.RecoverEvents{AccountID: "acc"},
		"PromoteJobs":     nil, // of all accounts
	}
	for name, op := range ops {
		if op != nil && store.AccountOf(op) != "acc" {
			t.Errorf("%s is of %q", name, store.AccountOf(op))
		}
	}
	for _, op := range []store.Op{&store.LeaseJobs{}, &store.ClaimDeliveries{}, &store.PromoteJobs{}} {
		if got := store.AccountOf(op); got != "" {
			t.Errorf("%T of all accounts is of %q", op, got)
		}
	}
	source, err := os.ReadFile("op.go")
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "op.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "isOp" {
			at := f.Recv.List[0].Type
			name := strings.TrimPrefix(string(source[at.Pos()-1:at.End()-1]), "*")
			if _, ok := ops[name]; !ok {
				t.Errorf("%s is not tested", name)
			}
		}
	}
}
