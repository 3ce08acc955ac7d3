package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Flaw is what is wrong with an event of the trail.
type Flaw string

// The flaws. One that changes an event or adds one without the key of the trail makes no
// MAC that fits; events that come later tell whether there was one under that id.
const (
	FlawChanged  Flaw = "changed"  // it is not what was written, as the event tells that names it
	FlawRemoved  Flaw = "removed"  // it is gone, and the event that names it tells so
	FlawInserted Flaw = "inserted" // no server wrote it, or it was changed and no sound event names it
	FlawUnproved Flaw = "unproved" // its key is not under any key of this ring, so that nobody can tell
)

// Finding is one event with a flaw.
type Finding struct {
	Flaw    Flaw  `json:"flaw"`
	ID      int64 `json:"id,string"`
	NamedBy int64 `json:"named_by,string,omitempty"` // the event that tells
}

// AuditReport is what there is to say of the trail.
type AuditReport struct {
	Events   int64     `json:"events"`
	Oldest   time.Time `json:"oldest,omitzero"`
	Unsigned int64     `json:"unsigned"` // written by version 0.1.0, which knew no chain: nothing protects them
	LastSuch time.Time `json:"last_unsigned,omitzero"`
	Unnamed  int64     `json:"unnamed"`         // that no other event names yet: whether one more was there, nobody can tell
	SweptTo  int64     `json:"swept_to,string"` // events up to this id may have been swept
	Head     string    `json:"head"`            // the newest event and its MAC, for a later AuditHead
	Findings []Finding `json:"findings"`
	More     int64     `json:"more_findings"` // than are listed
}

// Sound tells whether nothing was found.
func (r AuditReport) Sound() bool { return len(r.Findings) == 0 && r.More == 0 }

// AuditHead is an event that was in the trail, as an earlier AuditReport tells it.
type AuditHead struct {
	ID  int64
	MAC []byte
}

// ParseAuditHead reads AuditReport.Head, an id and a MAC in hex with a colon between them. The
// error is a sentence for an operator.
func ParseAuditHead(text string) (h AuditHead, err error) {
	id, mac, _ := strings.Cut(text, ":")
	if h.ID, err = strconv.ParseInt(id, 10, 64); err == nil {
		h.MAC, err = hex.DecodeString(mac)
	}
	if err != nil || len(h.MAC) != macSize || h.ID < firstChained {
		return AuditHead{}, fmt.Errorf("%q is no head as flowxi audit verify tells it", text)
	}
	return h, nil
}

// audited is an event as it stands in the database, whoever wrote it.
type audited struct {
	row Row // auditFields, and the MAC
	key int64
}

const readAudited = `SELECT ` + auditFields + `, mac FROM audit_events `

// auditColumns are the kinds of auditFields, and of the MAC.
var auditColumns = []Kind{Int, Int, Text, Text, Int, Int, Text, Text, Text, Text, Int, Bytes, Bytes}

const macColumn = 12

func scanAudited(from scanner) (a audited, err error) {
	a.row = make(Row, len(auditColumns))
	dest := make([]any, len(a.row))
	for i := range dest {
		dest[i] = &a.row[i]
	}
	if err := from.Scan(dest...); err != nil {
		return a, err
	}
	for i, kind := range auditColumns {
		// A value of another type, which SQLite takes, fits no MAC.
		a.row[i], err = Column{Kind: kind}.value(a.row[i])
		if err != nil {
			a.row[macColumn] = []byte{}
		}
	}
	a.key, _ = a.row[macColumn-2].(int64)
	return a, nil
}

func (a audited) id() int64 { return a.row[0].(int64) } //nolint:forcetypeassert // a primary key is nothing else, on either engine

func (a audited) mac() []byte {
	mac, _ := a.row[macColumn].([]byte)
	return mac
}

func (a audited) genuine(k auditKey) bool { return k.verifies(a.row[:macColumn], a.mac()) }

// unsigned tells whether a node of 0.1.0 may have written it.
func (a audited) unsigned() bool {
	return a.id() < firstChained && a.row[macColumn] == nil && a.row[macColumn-1] == nil && a.row[macColumn-2] == nil
}

const (
	verifyPage  = 1_000
	verifyTime  = 6 * time.Hour
	verifyKnown = 1 << 16 // events that are remembered for those that name them; others are looked up
	maxDoubts   = 1 << 16 // events of each kind that wait for another to tell of them
	maxFindings = 10_000
)

// VerifyAudit reads the whole trail, as it is at one moment, and tells which events are
// not what was written. It holds the trail to an earlier head, unless that is zero.
func (s *Store) VerifyAudit(ctx context.Context, head AuditHead, progress func(done, events int64)) (AuditReport, error) {
	return s.verifyAudit(ctx, head, verifyKnown, progress)
}

func (s *Store) verifyAudit(ctx context.Context, head AuditHead, known int, progress func(done, events int64)) (AuditReport, error) {
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	shot, err := s.Snapshot(ctx)
	if err != nil {
		return AuditReport{}, err
	}
	defer func() { _ = shot.Close() }()
	v := verifier{
		shot: shot.reader, keys: map[int64]auditKey{},
		report: AuditReport{Findings: []Finding{}}, remembers: known,
		known: map[int64][]byte{}, open: map[int64]bool{}, doubts: map[int64]bool{}, told: map[int64]bool{}, missing: map[int64]int64{},
	}
	var all int64
	if err := v.shot.row(ctx, "count audit events", `SELECT COUNT(*) FROM audit_events`, nil, &all); err != nil {
		return AuditReport{}, err
	}
	keys, err := s.auditKeys(ctx, shot.reader)
	if err != nil {
		return AuditReport{}, err
	}
	for _, k := range keys {
		v.keys[k.id] = k
	}
	for last := int64(-1 << 63); ; {
		page, err := rows(ctx, v.shot, "verify audit events", readAudited+`WHERE id > $1 ORDER BY id LIMIT $2`, []any{last, verifyPage}, scanAudited)
		if err != nil {
			return AuditReport{}, err
		}
		for _, a := range page {
			if err := v.take(ctx, a); err != nil {
				return AuditReport{}, err
			}
			last = a.id()
		}
		progress(v.report.Events, all)
		if len(page) < verifyPage {
			break
		}
	}
	return v.end(ctx, head)
}

// verifier reads events in the order of their ids. What it remembers is bounded.
type verifier struct {
	shot   reader
	keys   map[int64]auditKey
	report AuditReport

	remembers int              // so many events
	known     map[int64][]byte // MACs of the last ones
	sequence  []int64          // their ids, a ring
	next      int              // place in the ring

	open    map[int64]bool  // genuine, and named by none
	doubts  map[int64]bool  // not genuine, and named by none
	told    map[int64]bool  // not genuine, and in the report
	missing map[int64]int64 // not there, and who names it
	beyond  int64           // the highest that is missing and was not remembered
}

func (v *verifier) take(ctx context.Context, a audited) error {
	id := a.id()
	v.report.Events++
	at, _ := a.row[1].(int64)
	if v.report.Events == 1 {
		v.report.Oldest = time.UnixMicro(at).UTC()
	}
	if a.unsigned() {
		v.report.Unsigned++
		v.report.LastSuch = time.UnixMicro(max(at, v.report.LastSuch.UnixMicro())).UTC()
		return nil
	}
	v.remember(id, a.mac())
	k, there := v.keys[a.key]
	switch {
	case there && k.secret == nil:
		v.find(FlawUnproved, id, 0)
		return nil
	case !a.genuine(k):
		v.doubt(id)
		return nil // and what it names means nothing
	}
	v.report.Head = strconv.FormatInt(id, 10) + ":" + hex.EncodeToString(a.mac())
	if a.row[2] == AuditSwept {
		v.report.SweptTo = max(v.report.SweptTo, sweptUpTo(a.row[9].(string))) //nolint:forcetypeassert // the MAC fits a row of no other types
	}
	v.open[id] = true
	for _, l := range parseLinks(a.row[macColumn-1].([]byte)) { //nolint:forcetypeassert // as above
		if err := v.named(ctx, l, id); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) remember(id int64, mac []byte) {
	v.known[id] = mac
	if len(v.sequence) < v.remembers {
		v.sequence = append(v.sequence, id)
		return
	}
	delete(v.known, v.sequence[v.next])
	v.sequence[v.next] = id
	v.next = (v.next + 1) % v.remembers
}

// named compares what an event says of an earlier one with what is there.
func (v *verifier) named(ctx context.Context, l link, by int64) error {
	delete(v.open, l.id)
	if v.doubts[l.id] {
		delete(v.doubts, l.id)
		v.change(l.id, by)
		return nil
	}
	mac, known := v.known[l.id]
	if !known {
		list, err := rows(ctx, v.shot, "look up audit event", `SELECT mac FROM audit_events WHERE id = $1`, []any{l.id}, scanOne[[]byte])
		if err != nil {
			return err
		}
		if len(list) == 0 {
			v.miss(l.id, by)
			return nil
		}
		mac = list[0]
	}
	if !bytes.HasPrefix(mac, l.mac[:]) {
		v.change(l.id, by)
	}
	return nil
}

func (v *verifier) change(id, by int64) {
	if v.told[id] {
		return
	}
	if len(v.told) < maxDoubts {
		v.told[id] = true
	}
	v.find(FlawChanged, id, by)
}

func (v *verifier) doubt(id int64) {
	if len(v.doubts) >= maxDoubts {
		v.find(FlawInserted, id, 0)
		return
	}
	v.doubts[id] = true
}

func (v *verifier) miss(id, by int64) {
	if _, ok := v.missing[id]; ok {
		return
	}
	if len(v.missing) >= maxDoubts {
		v.beyond = max(v.beyond, id)
		return
	}
	v.missing[id] = by
}

func (v *verifier) find(flaw Flaw, id, by int64) {
	if len(v.report.Findings) >= maxFindings {
		v.report.More++
		return
	}
	v.report.Findings = append(v.report.Findings, Finding{flaw, id, by})
}

// end tells what no later event can tell otherwise any more.
func (v *verifier) end(ctx context.Context, head AuditHead) (AuditReport, error) {
	if err := v.hold(ctx, head); err != nil {
		return AuditReport{}, err
	}
	for _, id := range slices.Sorted(maps.Keys(v.missing)) {
		if id > v.report.SweptTo {
			v.find(FlawRemoved, id, v.missing[id])
		}
	}
	if v.beyond > v.report.SweptTo {
		v.report.More++
	}
	for _, id := range slices.Sorted(maps.Keys(v.doubts)) {
		v.find(FlawInserted, id, 0)
	}
	v.report.Unnamed = int64(len(v.open))
	slices.SortStableFunc(v.report.Findings, func(a, b Finding) int { return int(min(max(a.ID-b.ID, -1), 1)) })
	return v.report, nil
}

// hold looks for an event that was there.
func (v *verifier) hold(ctx context.Context, head AuditHead) error {
	if head.ID == 0 {
		return nil
	}
	var mac []byte
	err := v.shot.row(ctx, "look up head of trail", `SELECT mac FROM audit_events WHERE id = $1`, []any{head.ID}, &mac)
	switch {
	case errors.Is(err, ErrNotFound):
		v.miss(head.ID, 0)
	case err != nil:
		return err
	case !bytes.Equal(mac, head.MAC):
		delete(v.doubts, head.ID)
		v.change(head.ID, 0)
	}
	return nil
}
