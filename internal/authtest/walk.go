package authtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// Walk runs every line of the README's walk in the shell that a reader would use. It fails
// where an answer is not what the walk promises. Tests that take it stand two folders below
// the README's.
type Walk struct {
	Server string // its URL
	Email  string // of the person who walks; empty: the README's
	From   string // the address that they come from, by the word of a trusted proxy; empty: this machine
}

// promised are what the answers of the walk say, in its order.
var promised = []string{
	"HEALTH_OK", "OTP_SENT", "TOKEN_ISSUED", "ME_OK", "b7e23ec2-9af2-4a3c-8b2f-1c1a2d3e4f50", "ME_UPDATED", "VALIDATION_FAILED",
	"TWOFA_STATUS", "LOGOUT_SUCCESS", "UNAUTHENTICATED",
}

// walkTime is the most that a walk takes, whatever the server does.
const walkTime = 2 * time.Minute

func (w Walk) reader() string {
	if w.Email != "" {
		return w.Email
	}
	return "ada@example.com"
}

// Take walks once.
func (w Walk) Take(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, walkTime)
	defer cancel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		return err
	}
	walk := regexp.MustCompile("(?s)```sh\n(.*?)```").FindSubmatch(readme)
	if walk == nil {
		return errors.New("the README has no walk")
	}
	script := strings.ReplaceAll(string(walk[1]), "http://localhost:8080", w.Server)
	script = strings.ReplaceAll(script, "ada@example.com", w.reader())
	// Who walks looks until the mail is there, which a busy machine may take a while for.
	script = strings.Replace(script, "sleep 1\n", "for i in {1..100}; do\n\tsleep 0.2\n\tcurl -s '"+w.Server+"/dev/inbox.json?to="+w.reader()+"' | jq -e '.mails[0].code' >/dev/null && break\ndone\n", 1)
	if w.From != "" { // not to the inbox, which answers this machine alone
		script = strings.ReplaceAll(script, "$API/", "-H 'X-Forwarded-For: "+w.From+"' $API/")
	}
	out, err := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	rest := string(out)
	for _, want := range promised {
		_, after, found := strings.Cut(rest, want)
		if !found {
			return fmt.Errorf("the walk does not show %s in its turn:\n%s", want, out)
		}
		rest = after
	}
	return nil
}
