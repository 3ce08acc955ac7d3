package main

import (
	"encoding/json"
	"errors"
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
	closed bool
	failed error
}

func newOutput(stdout, stderr *os.File) *output {
	return &output{file: stdout, closed: closed(stdout, stderr)}
}

// closed tells of an output that was closed when the program began, in whose place the
// runtime has put the null device. That may be read as well, which what a shell opens as
// an output may not. Python and Node.js open it so, too, for who wants no answer: whoever
// wants to hear of no error either is left alone.
func closed(stdout, stderr *os.File) bool {
	if !nowhere(stdout) || nowhere(stderr) {
		return false
	}
	_, err := stdout.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// nowhere tells of the null device.
func nowhere(f *os.File) bool {
	null, err := os.Stat(os.DevNull)
	if err != nil {
		return false
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(null, here)
}

var errNoOutput = errors.New("the output is closed")

// demand is an error where nobody can get the answer: for a command that is of no use
// without it, before it begins.
func (o *output) demand() error {
	if o.closed {
		o.failed = errNoOutput
	}
	return o.lost()
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
