package password_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"flowxi.app/flowxi/internal/password"
)

const (
	common  = password.Common
	email   = password.Email
	product = password.Product
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const ada = "ada.l@example.org"
	tests := []struct {
		name, password, email string
		want                  []password.Problem
	}{
		{"a phrase", "correct horse battery staple", ada, nil},
		{"letters for digits are not mapped back", "Tr0ub4dor&3x!", ada, nil},
		{"nor in a phrase", "Sup3r-Secret-Passw0rd!", ada, nil},
		{"no composition rule", "vlqmzkxwoe", ada, nil},
		{"any script", "пароль моей жизни", ada, nil},
		{"spaces count", "a b c d ", ada, nil},
		{"eight emoji", "🐴🔋🧷📎🎻🧊🪁🦉", ada, nil},
		{"nobody's e-mail", "vlqmzkxwoe", "", nil},

		{"empty", "", ada, []password.Problem{password.Short}},
		{"seven", "xk4!vq9", ada, []password.Problem{password.Short}},
		{"a short one has that problem alone", "1234567", ada, []password.Problem{password.Short}},
		{"fourteen that compose to seven", strings.Repeat("e\u0301", 7), ada, []password.Problem{password.Short}},
		{"four ligatures of two letters", "ﬁĳﬂǆ", ada, nil},
		{"longest", strings.Repeat("xk4!vq9z", 16), ada, nil},
		{"one too long", strings.Repeat("xk4!vq9z", 16) + "x", ada, []password.Problem{password.Long}},
		{"longest, each composed of four", norm.NFD.String(strings.Repeat("ᾂᾃᾄᾅᾒᾓᾔᾕ", 16)), ada, nil},
		{"absurd", strings.Repeat("a\u0301", 1<<22), ada, []password.Problem{password.Long}},

		{"common", "password", ada, []password.Problem{common}},
		{"common in any case", "PassWord", ada, []password.Problem{common}},
		{"common in full width", "ｐａｓｓｗｏｒｄ", ada, []password.Problem{common}},
		{"common and decorated", "password2026!", ada, []password.Problem{common}},
		{"decorated in front", "...Dragon99", ada, []password.Problem{common}},
		{"common in French", "azertyuiop", ada, []password.Problem{common}},
		{"first of the list", "!qaz2wsx", ada, []password.Problem{common}},
		{"a common part is not all", "password of ada", ada, nil},
		{"a stem too short to judge", "cat-2026-11", ada, nil},
		{"a character repeated", "ööööööööö", ada, []password.Problem{common}},
		{"one repeated and decorated", "!zzzzzzz!", ada, []password.Problem{common}},
		{"a few repeated", "123123123", ada, []password.Problem{common}},
		{"a few repeated and cut", "12312312", ada, []password.Problem{common}},
		{"a few twice", "12341234", ada, []password.Problem{common}},
		{"a few of several bytes each repeated", "éöéöéöéö", ada, []password.Problem{common}},
		{"a short word twice", "adminadmin", ada, []password.Problem{common}},
		{"a short word twice and decorated", "Doudou123", ada, []password.Problem{common}},
		{"a common one twice", "marseilleMarseille", ada, []password.Problem{common}},
		{"a run twice", "123456123456", ada, []password.Problem{common}},
		{"a common one twice, with a space between", "password password", ada, []password.Problem{common}},
		{"a common one twice, with marks between and a year after", "PASSWORD!!PASSWORD 2026", ada, []password.Problem{common}},
		{"keys in a row three times, with a number between", "azertyuiop1azertyuiop1azertyuiop", ada, []password.Problem{common}},
		{"a number twice, with a space between", "123456 123456", ada, []password.Problem{common}},
		{"a common one of letters and marks twice, with a dash between", "p@ssw0rd-P@ssw0rd", ada, []password.Problem{common}},
		{"a few twice, twice", "12341234 12341234", ada, []password.Problem{common}},
		{"a year twice, with a space between", "1984 1984", ada, []password.Problem{common}},
		{"a letter and a space, again and again", "a a a a a", ada, []password.Problem{common}},
		{"a letter and a number, again and again", "a1a1a1a1", ada, []password.Problem{common}},
		{"three characters of all kinds, again and again", "b3!b3!b3!", ada, []password.Problem{common}},
		{"a common one twice, with three marks between", "password...password", ada, []password.Problem{common}},
		{"a common one twice, with four marks between", "password....password", ada, nil},
		{"a short word twice, with a number of its own between", "paris8472910365paris", ada, nil},
		{"a short word twice, with a date between", "maman 1987-05-12 maman", ada, nil},
		{"a short word twice, with a space between", "admin admin", ada, []password.Problem{common}},
		{"an uncommon word twice, with a space between", "palimpseste palimpseste", ada, nil},
		{"a common one and what nobody sees", "\u200bpassword\u2060", ada, []password.Problem{common}},
		{"two common ones", "password bonjour", ada, nil},
		{"a few mixed ones repeated", "xK3$xK3$", ada, nil},
		{"one character up to the end", strings.Repeat("\U0001F511", 128), ada, nil},
		{"what is repeated is long enough by itself", "xk4!vqxk4!vq", ada, nil},
		{"repeated in part", "xk4!xk4!vq9z", ada, nil},
		{"digits in order", "12345678901234", ada, []password.Problem{common}},
		{"digits backwards", "87654321", ada, []password.Problem{common}},
		{"digits in order with a mark", "34567890!", ada, []password.Problem{common}},
		{"letters in order", "abcdefghijkl", ada, []password.Problem{common}},
		{"letters in order in capitals", "GHIJKLMNOP", ada, []password.Problem{common}},
		{"letters past the end", "uvwxyzabcd", ada, []password.Problem{common}},
		{"a keyboard row", "qwertyuiopas", ada, []password.Problem{common}},
		{"a French keyboard", "qsdfghjklmwx", ada, []password.Problem{common}},
		{"a keyboard backwards and decorated", "lkjhgfdsa#1", ada, []password.Problem{common}},

		{"the e-mail", "ada.l@example.org", ada, []password.Problem{email}},
		{"the e-mail in any case", "ADA.L@Example.Org", ada, []password.Problem{email}},
		{"the e-mail decorated", "1ada.l@example.org!", ada, []password.Problem{email}},
		{"the local part", "ada.l2026", ada, []password.Problem{email}},
		{"the local part twice", "ada.l-ada.l", ada, []password.Problem{email}},
		{"the local part inside more", "ada.l's engine", ada, nil},
		{"a local part too short to judge", "ada!2026", "ada@example.org", nil},
		{"all digits", "+22997123456", "97123456@example.org", []password.Problem{email}},

		{"the product", "Flowxi2026!", ada, []password.Problem{product}},
		{"the product twice", "flowxi flowxi", ada, []password.Problem{product}},
		{"the product inside more", "flowxi horse battery", ada, nil},
		{"all at once", "flowxi12", "flowxi@example.org", []password.Problem{email, product}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := password.Check(test.password, test.email)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Check(%.40q) differs (-want +got):\n%s", test.password, diff)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("password2026!", "ada@example.org")
	f.Add("ｐａｓｓｗｏｒｄ", "")
	f.Add("\xff\xfe12345678", "@")
	f.Add(strings.Repeat("a\u0301", 200), "\xffada@x")
	f.Fuzz(func(t *testing.T, secret, address string) {
		problems := password.Check(secret, address)
		length := utf8.RuneCountInString(norm.NFKC.String(secret))
		if got, want := slices.Contains(problems, password.Short), length < password.MinLength; got != want {
			t.Errorf("%d code points: %v", length, problems)
		}
		if got, want := slices.Contains(problems, password.Long), length > password.MaxLength; got != want {
			t.Errorf("%d code points: %v", length, problems)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		password.Check("correct horse battery staple", "ada.l@example.org")
	}
}
