package body

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// ECMAScript lists the members of an object whose names are array indexes
// first and ascending, whatever their order in the text (ECMA-262,
// OrdinaryOwnPropertyKeys). An array index is the decimal form, without leading
// zeros, of 0 to 2^32-2.
const (
	maxArrayIndex = math.MaxUint32 - 1
	notAnIndex    = math.MaxUint32 // sorts behind every array index
)

// reordering collects, while a document is written, what has to change places
// in it. All positions are offsets into the writer's output as it is before
// anything has moved.
type reordering struct {
	indexed []part     // integer-like members of the objects still open, a stack
	parts   []part     // what the disordered objects are made of
	objects []disorder // the objects to put in order
	moved   []byte     // scratch for the document in its final order
}

// part is one integer-like member, or a run of other members with the commas
// between them.
type part struct {
	index      uint32 // notAnIndex for a run
	start, end int
}

// disorder is an object whose parts, reordering.parts[first:last], are not in
// the order they stand in.
type disorder struct {
	start, end  int // of its "{", and behind its "}"
	first, last int
}

// order is what is known about the members of an open object.
type order struct {
	start      int   // of its "{"
	first      int   // its first entry in reordering.indexed
	last       int64 // the highest array index so far, or -1
	plain      bool  // a member that is not integer-like has been seen
	inIndexed  bool  // the current member is integer-like
	disordered bool
}

func (r *reordering) open(start int) order {
	return order{start: start, first: len(r.indexed), last: -1}
}

// member notes that a member of the name starts at start. The name is without
// quotes and in the stable form.
func (r *reordering) member(o *order, name []byte, start int) {
	index, ok := arrayIndex(name)
	if !ok {
		o.plain = true
		return
	}
	if o.plain || int64(index) < o.last {
		o.disordered = true
	}
	o.last = max(o.last, int64(index))
	o.inIndexed = true
	r.indexed = append(r.indexed, part{index: index, start: start})
}

// endMember notes that the current member, if there is one, ends at end.
func (r *reordering) endMember(o *order, end int) {
	if o.inIndexed {
		r.indexed[len(r.indexed)-1].end = end
		o.inIndexed = false
	}
}

// close notes that the object's "}" (or the array's "]") stands at end.
func (r *reordering) close(o *order, end int) {
	r.endMember(o, end)
	if o.disordered {
		r.keep(o, end)
	}
	r.indexed = r.indexed[:o.first]
}

// keep divides a disordered object into its parts and sorts them.
func (r *reordering) keep(o *order, end int) {
	first, pos := len(r.parts), o.start+1
	for _, m := range r.indexed[o.first:] {
		if pos < m.start {
			r.parts = append(r.parts, part{index: notAnIndex, start: pos, end: m.start - 1})
		}
		r.parts = append(r.parts, m)
		pos = m.end + 1 // behind the comma, or behind the "}"
	}
	if pos < end {
		r.parts = append(r.parts, part{index: notAnIndex, start: pos, end: end})
	}
	slices.SortFunc(r.parts[first:], func(a, b part) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.start, b.start))
	})
	r.objects = append(r.objects, disorder{o.start, end + 1, first, len(r.parts)})
}

// apply puts the document out[base:] in order. It copies each byte a fixed
// number of times, however deep the objects are nested.
func (r *reordering) apply(out []byte, base int) []byte {
	if len(r.objects) == 0 {
		return out
	}
	slices.SortFunc(r.objects, func(a, b disorder) int { return cmp.Compare(a.start, b.start) })
	r.moved = slices.Grow(r.moved[:0], len(out)-base)
	r.copy(out, base, len(out))
	return append(out[:base], r.moved...)
}

// copy appends out[from:to] to r.moved, with the objects in it in order.
func (r *reordering) copy(out []byte, from, to int) {
	for {
		i := sort.Search(len(r.objects), func(i int) bool { return r.objects[i].start >= from })
		if i == len(r.objects) || r.objects[i].start >= to {
			break
		}
		o := r.objects[i]
		r.moved = append(r.moved, out[from:o.start]...)
		r.moved = append(r.moved, '{')
		for j, p := range r.parts[o.first:o.last] {
			if j > 0 {
				r.moved = append(r.moved, ',')
			}
			r.copy(out, p.start, p.end)
		}
		r.moved = append(r.moved, '}')
		from = o.end
	}
	r.moved = append(r.moved, out[from:to]...)
}

func (r *reordering) reset() {
	r.indexed, r.parts, r.objects, r.moved = r.indexed[:0], r.parts[:0], r.objects[:0], r.moved[:0]
}

// arrayIndex returns the array index that the name is the canonical form of.
func arrayIndex(name []byte) (uint32, bool) {
	if len(name) == 0 || len(name) > len("4294967294") || (name[0] == '0' && len(name) > 1) {
		return 0, false
	}
	var n uint64
	for _, c := range name {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	if n > maxArrayIndex {
		return 0, false
	}
	return uint32(n), true
}
