package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Check that nobody has changed, removed, inserted or moved an event of the audit trail."`
	Tail   auditTail   `cmd:"" answer:"" help:"Print the newest events, each as a line of JSON."`
	Export auditExport `cmd:"" answer:"" help:"Print every event, each as a line of JSON."`
}

// event is an audit event in JSON. An id has more digits than a number of JavaScript.
type event struct {
	ID        int64             `json:"id,string"`
	At        time.Time         `json:"at"`
	Action    string            `json:"event"`
	Actor     string            `json:"by"`
	UserID    account.UserID    `json:"user_id,omitempty"`
	SessionID account.SessionID `json:"session_id,omitempty"`
	IP        string            `json:"ip,omitempty"`
	Device    string            `json:"device,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Detail    string            `json:"detail,omitempty"`
	MAC       string            `json:"mac,omitempty"`
}

func eventOf(e store.AuditEvent) event {
	return event{e.ID, e.At, e.Action, e.Actor, e.UserID, e.SessionID, e.IP, e.Device, e.RequestID, e.Detail, hex.EncodeToString(e.MAC)}
}

func eventsOf(events []store.AuditEvent) []event {
	list := make([]event, len(events))
	for i, e := range events {
		list[i] = eventOf(e)
	}
	return list
}

func printLine(w io.Writer, e store.AuditEvent) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	if err := out.Encode(eventOf(e)); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return nil
}

type auditVerify struct {
	Since string `placeholder:"ID:MAC" help:"The head that an earlier verify told: it must still be there."`
	JSON  bool   `name:"json" help:"Answer in JSON."`
}

// Failure tells when it exits with 1.
func (auditVerify) Failure() string {
	return "the trail is not what was written, or could not be read"
}

// Examples of its use.
func (auditVerify) Examples() []example {
	return []example{
		{"flowxi audit verify", "Check the trail, and tell its head."},
		{"flowxi audit verify --since 1767225600000000:0123456789abcdef0123456789abcdef", "Hold it to a head that was told before."},
	}
}

// Help tells what verify can find.
func (auditVerify) Help() string {
	return `It reads the whole trail as it is at one moment, beside running servers. It says of each event that something is wrong with:

changed: it is not what was written, as a later event tells. removed: it is gone, as a later event tells. inserted: no server wrote it, or it was changed and no sound event tells. unproved: the key ring here does not open the key that it was written with.

The last events, which no other names yet, may be cut off without a trace, and so may the whole database be taken back to an earlier day. Keep the head that is told, elsewhere, and give it to --since the next time: then neither can. See docs/operations/audit.md.`
}

// Validate refuses what is no head.
func (c *auditVerify) Validate() error {
	if _, err := c.head(); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	return nil
}

func (c *auditVerify) head() (store.AuditHead, error) {
	if c.Since == "" {
		return store.AuditHead{}, nil
	}
	return store.ParseAuditHead(c.Since)
}

// Run verifies.
func (c *auditVerify) Run(w *world) error {
	head, err := c.head()
	if err != nil {
		return err
	}
	return withAdmin(w, func(_ context.Context, a *node.Admin) error {
		ctx, stop := untilSignal()
		defer stop()
		bar := newProgress(w)
		report, err := a.Store.VerifyAudit(ctx, head, func(done, events int64) { bar.at("Verifying", done, events) })
		bar.end()
		if err != nil {
			return err
		}
		if c.JSON {
			err = printJSON(w.stdout, report)
		} else {
			err = printReport(w.stdout, report)
		}
		if err == nil && !report.Sound() {
			err = fmt.Errorf("the audit trail is not what was written: %d findings", int64(len(report.Findings))+report.More)
		}
		return err
	})
}

func printReport(w io.Writer, r store.AuditReport) error {
	var t table
	t.row("Events", strconv.FormatInt(r.Events, 10))
	t.row("Oldest", moment(r.Oldest))
	t.row("Unsigned", strconv.FormatInt(r.Unsigned, 10))
	if r.Unsigned > 0 {
		t.row("Last unsigned", moment(r.LastSuch))
	}
	t.row("Not named yet", strconv.FormatInt(r.Unnamed, 10))
	t.row("Head", orDash(r.Head))
	if err := t.print(w); err != nil || r.Sound() {
		return err
	}
	printf(w, "\n")
	for _, f := range r.Findings {
		printf(w, "%s: %d%s\n", f.Flaw, f.ID, namedBy(f))
	}
	if r.More > 0 {
		printf(w, "and %d more\n", r.More)
	}
	return nil
}

func namedBy(f store.Finding) string {
	if f.NamedBy == 0 {
		return ""
	}
	return fmt.Sprintf(", named by %d", f.NamedBy)
}

// tell records what a command did beside the database. Where there is none, or one that
// another version made, nobody is told.
func tell(w *world, deed auth.Deed, detail string) {
	err := withDatabase(w, func(ctx context.Context, a *node.Admin) error {
		err := a.Store.CheckSchema(ctx)
		if errors.Is(err, store.ErrOlderSchema) || errors.Is(err, store.ErrNewerSchema) {
			return nil
		}
		if err != nil {
			return err
		}
		return a.Record(ctx, deed, detail)
	})
	if err != nil && !errors.Is(err, node.ErrNoDatabase) {
		printf(w.stderr, "flowxi: warning: the audit trail does not tell of it: %s\n", oneLine(err))
	}
}
