package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// output is where answers go. It keeps the first error, so that what prints need not look
// for one after each line, and run can say that the answer is not whole. It is for one
// goroutine.
type output struct {
	file   *os.File
	failed error
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	n, err := o.file.Write(b)
	if o.failed == nil {
		o.failed = err
	}
	return n, err
}

// lost is an error where a part of the answer could not be written.
func (o *output) lost() error {
	if o.failed == nil {
		return nil
	}
	return fmt.Errorf("write answer: %w", o.failed)
}

// printf writes a part of an answer to an output, or a remark to stderr, whose failure there
// is nowhere to tell.
func printf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// printJSON writes an answer for programs.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// table is an answer for people, in columns.
type table struct{ rows [][]string }

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, cells := range t.rows {
		printf(columns, "%s\n", strings.Join(cells, "\t"))
	}
	if err := columns.Flush(); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// moment is a time for people, or a dash for never.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// orDash is a text for a table, where nothing would look like a mistake.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
