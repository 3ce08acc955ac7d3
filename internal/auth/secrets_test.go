package auth

import (
	"fmt"
	"strings"
	"testing"
)

func TestSecretsOfLoginsPrintAsSecrets(t *testing.T) {
	t.Parallel()
	const canary = "canary"
	for _, v := range []any{
		LoginInput{Password: canary}, LoginTwoFAInput{ChallengeID: canary, Code: canary}, TOTPInput{Code: canary},
		CodeCheckInput{Code: canary}, CodePasswordInput{Code: canary, Password: canary, Confirmation: canary},
		LinkPasswordInput{Token: canary, Password: canary, Confirmation: canary},
		LoginResult{Challenge: canary, Issued: Issued{Token: canary}}, TwoFAStatus{Secret: canary, URI: canary},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, canary) {
				t.Errorf("%T prints as %s", v, text)
			}
		}
	}
}
