package postgres

import (
	"github.com/ringback/ringback/internal/store"
)

// Kinds of operations that are applied many at once, in the order in which they
// are if they may be reordered.
const (
	kindPublish = iota
	kindSubmit
	kindFinish
	kindExtend
	kindRequeue
	kindRecord
	kindPlace
	kinds
)

// kindSingle is an operation that is applied alone.
const kindSingle = -1

// kindOf gives the kind of an operation, and which row it changes, "" = one that
// no other changes.
func kindOf(op store.Op) (kind int, row string) {
	switch op := op.(type) {
	case *store.PublishEvent:
		return kindPublish, ""
	case *store.SubmitJob:
		return kindSubmit, ""
	case *store.FinishJob:
		return kindFinish, op.Job.ID
	case *store.ExtendLease:
		return kindExtend, op.JobID
	case *store.RequeueJob:
		return kindRequeue, op.JobID
	case *store.RecordAttempt:
		if op.Notice != nil {
			return kindSingle, ""
		}
		return kindRecord, op.ID
	case *store.PlaceDelivery:
		return kindPlace, op.ID
	}
	return kindSingle, ""
}

// runsOf divides operations into those that are applied together. Where no two
// concern the same row their order does not matter, and each kind is one run;
// otherwise they stay in order.
func runsOf(ops []store.Op, p pace) (runs [][]store.Op, reordered bool) {
	var byKind [kinds][]store.Op
	seen := make(map[string]bool, len(ops))
	for i, op := range ops {
		kind, row := kindOf(op)
		if p == inOrder || kind == kindSingle || row != "" && seen[row] {
			return inTheirOrder(ops, p), false
		}
		if byKind[kind] == nil {
			byKind[kind] = make([]store.Op, 0, len(ops)-i)
		}
		byKind[kind] = append(byKind[kind], op)
		if row != "" {
			seen[row] = true
		}
	}
	runs = make([][]store.Op, 0, kinds)
	for _, run := range byKind {
		if len(run) > 0 {
			runs = append(runs, run)
		}
	}
	return runs, true
}

// inTheirOrder makes a run of neighbours of one kind that concern different rows.
func inTheirOrder(ops []store.Op, p pace) [][]store.Op {
	var runs [][]store.Op
	seen := map[string]bool{}
	last := kindSingle
	for i, op := range ops {
		kind, row := kindOf(op)
		if p == inOrder || kind == kindSingle || kind != last || seen[row] {
			runs = append(runs, ops[i:i+1])
			clear(seen)
		} else {
			n := len(runs) - 1
			runs[n] = ops[i-len(runs[n]) : i+1]
		}
		last = kind
		if row != "" {
			seen[row] = true
		}
	}
	return runs
}
