package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
)

type manCommand struct{}

// Help tells what it prints.
func (manCommand) Help() string {
	return "It is one page, flowxi(1), in the language of man(1): every command, setting, file and exit status of this version."
}

// Examples of its use.
func (manCommand) Examples() []example {
	return []example{
		{"flowxi man | man -l -", "Read it."},
		{"flowxi man > /usr/local/share/man/man1/flowxi.1", "Have it where man finds it."},
	}
}

// Run prints the page.
func (manCommand) Run(w *world) error {
	parser, err := parser(w)
	if err != nil {
		return err
	}
	printf(w.stdout, "%s", manual(parser.Model.Node, thisBuild()))
	return nil
}

// manual is the page of all commands.
func manual(app *kong.Node, b build) string {
	var p page
	p.line(fmt.Sprintf(`.TH FLOWXI 1 "%s" "Flowxi %s"`, b.day(), roff(b.Version)))
	p.line(".nh") // what is to be typed is not to be cut
	p.line(".ad l")
	p.section("NAME")
	p.text("flowxi - an authentication server, and what looks after one")
	p.section("SYNOPSIS")
	p.line(bold("flowxi") + " " + italic("command") + " [" + italic("flags") + "]")
	p.section("DESCRIPTION")
	p.paragraphs(app.Help + "\n\nWhat a command prints on the standard output is its answer. Everything else, errors included, is a line on the standard error.")
	p.section("COMMANDS")
	for _, leaf := range app.Leaves(true) {
		p.command(leaf)
	}
	p.section("EXIT STATUS")
	for _, e := range statuses(app) {
		p.item(bold(e.name), e.about...)
	}
	for _, leaf := range app.Leaves(true) {
		if f, ok := as[failing](leaf); ok {
			p.macro("PP")
			p.text("Of " + leaf.FullPath() + ", 1 means that " + f.Failure() + ".")
		}
	}
	p.environment()
	p.files()
	p.section("EXAMPLES")
	for _, leaf := range app.Leaves(true) {
		for _, e := range examples(leaf) {
			p.item(bold(e.line), e.does)
		}
	}
	p.section("SEE ALSO")
	p.text("The pages that a server has at /docs, in a browser: how clients register people and log them in, and every error.")
	return p.String()
}

// page is a text for man(1), as man(7) tells to write it.
type page struct{ strings.Builder }

func (p *page) line(roff string) { printf(p, "%s\n", roff) }

func (p *page) macro(name string, args ...string) {
	line := "." + name
	for _, a := range args {
		line += ` "` + strings.ReplaceAll(roff(a), `"`, `\(dq`) + `"`
	}
	p.line(line)
}

func (p *page) section(name string) { p.macro("SH", name) }

func (p *page) text(text string) { p.line(roff(text)) }

// item is a name, and behind it what there is to say of it.
func (p *page) item(name string, about ...string) {
	p.macro("TP")
	p.line(name)
	for i, text := range about {
		if i > 0 {
			p.macro("IP")
		}
		p.text(text)
	}
}

// paragraphs are those of a help, between empty lines.
func (p *page) paragraphs(text string) {
	for i, part := range strings.Split(text, "\n\n") {
		if i > 0 {
			p.macro("PP")
		}
		if lines := strings.Split(part, "\n"); strings.HasPrefix(part, indent) { // to be typed as they stand
			p.macro("EX")
			for _, l := range lines {
				p.text(strings.TrimPrefix(l, indent))
			}
			p.macro("EE")
			continue
		}
		p.text(strings.Join(strings.Fields(part), " "))
	}
}

// indent is before each line of a help that is an example.
const indent = "    "

func (p *page) command(leaf *kong.Node) {
	p.macro("SS", "flowxi "+leaf.Summary())
	p.paragraphs(strings.TrimSpace(leaf.Help + "\n\n" + leaf.Detail))
	for _, arg := range leaf.Positional {
		p.item(italic(arg.Summary()), arg.Help)
	}
	for _, f := range leaf.Flags {
		p.item(bold(f.String()), f.Help)
	}
}

// environment is the settings, and what else a command looks at.
func (p *page) environment() {
	p.section("ENVIRONMENT")
	for _, s := range settings() {
		p.item(bold(s.name), s.about...)
	}
	for _, s := range []item{
		{"NO_COLOR", []string{"No colours, where it is not empty. With TERM=dumb there are none either, and progress is a line now and then."}},
		{"CLICOLOR_FORCE, FORCE_COLOR", []string{"Colours where no terminal is, too, unless the value is 0."}},
		{"SSL_CERT_FILE, SSL_CERT_DIR", []string{"Certificates of the authorities that are trusted, instead of those of the system."}},
		{"AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY", []string{"The keys of the bucket, where FLOWXI_STORAGE_URL has none."}},
		{"PGPASSWORD, PGPASSFILE", []string{"The password of the database, where its address has none."}},
	} {
		p.item(bold(s.name), s.about...)
	}
}

func (p *page) files() {
	p.section("FILES")
	for _, f := range node.Files(config.Config{DataDir: "$FLOWXI_DATA_DIR"}) {
		p.item(italic(f.Path), f.What)
	}
}

func bold(text string) string   { return `\fB` + roff(text) + `\fR` }
func italic(text string) string { return `\fI` + roff(text) + `\fR` }

// roff is a text as it stands for itself, on a line of its own or within one.
func roff(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case roffs[r] != "":
			b.WriteString(roffs[r])
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	if strings.HasPrefix(text, ".") {
		return `\&` + b.String()
	}
	return b.String()
}

// roffs are the characters that mean something else in roff, or are drawn as another.
var roffs = map[rune]string{'\\': `\e`, '-': `\-`, '\'': `\(aq`, '`': `\(ga`, '^': `\(ha`, '~': `\(ti`}
