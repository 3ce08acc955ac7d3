package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestBearerToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"as documented", []string{"Bearer 125|fxp_XXXX"}, "125|fxp_XXXX"},
		{"scheme in any case", []string{"bEARER 125|x"}, "125|x"},
		{"none", nil, ""},
		{"empty", []string{""}, ""},
		{"scheme alone", []string{"Bearer"}, ""},
		{"scheme and a space", []string{"Bearer "}, ""},
		{"token alone", []string{"125|x"}, ""},
		{"another scheme", []string{"Basic 125|x"}, ""},
		{"a longer scheme", []string{"Bearers 125|x"}, ""},
		{"two headers", []string{"Bearer 125|x", "Bearer 125|x"}, ""},
		{"two tokens", []string{"Bearer 125|x 125|x"}, ""},
		{"a list", []string{"Bearer 125|x,Bearer"}, ""},
		{"two spaces", []string{"Bearer  125|x"}, "125|x"},
		{"a tab", []string{"Bearer\t125|x"}, ""},
		{"a space at the end", []string{"Bearer 125|x "}, ""},
		{"a control character", []string{"Bearer 125|\x00"}, ""},
		{"not ASCII", []string{"Bearer 125|é"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := bearerToken(http.Header{"Authorization": tt.lines})
			if ok != (tt.want != "") || ok && got != tt.want {
				t.Errorf("got %q, %t, want %q", got, ok, tt.want)
			}
		})
	}
}

func TestTokensElsewhereAreNotLookedAt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	w := ask(s, "GET", Prefix+"/me?access_token=1%7Cx", "", "Cookie", "access_token=1|x", "X-Authorization", "Bearer 1|x")
	expect(t, w, 401, "UNAUTHENTICATED")
}

func FuzzBearerToken(f *testing.F) {
	for _, seed := range []string{"Bearer 125|fxp_x", "bearer x", "Bearer", "Bearer  x", "Basic x", "Bearer x,y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		token, ok := bearerToken(http.Header{"Authorization": {line}})
		if !ok {
			return
		}
		if !strings.EqualFold(line[:7], "bearer ") || strings.TrimLeft(line[7:], " ") != token {
			t.Errorf("%q gave %q", line, token)
		}
		if strings.ContainsAny(token, " ,\t\r\n\x00") {
			t.Errorf("%q is no token", token)
		}
	})
}
