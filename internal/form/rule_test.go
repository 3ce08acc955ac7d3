package form_test

import (
	"bufio"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/language"

	"flowxi.app/flowxi/internal/form"
)

// single is a body of one field.
type single struct {
	rule form.Rule
	text string
}

func (s *single) Fields() []form.Field { return []form.Field{form.Require("f", s.rule, &s.text)} }

// apply returns what a rule makes of a text, and the problems in one line.
func apply(rule form.Rule, text string, at time.Time) (normal, problems string) {
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return "", err.Error()
	}
	s := &single{rule: rule}
	problems = told(form.Decode(map[string]jsontext.Value{"f": quoted}, s, at))
	return s.text, strings.ReplaceAll(problems, "f ", "")
}

// expect checks texts against a rule: to "want" where there is one, or else to the
// problem.
func expect(t *testing.T, rule form.Rule, cases []ruleCase) {
	t.Helper()
	for _, tt := range cases {
		normal, problem := apply(rule, tt.text, now)
		if normal != tt.want || problem != tt.problem {
			t.Errorf("%q: got %q and problem %q, want %q and %q", tt.text, normal, problem, tt.want, tt.problem)
		}
		if p := rule.Schema.Pattern; tt.problem == "" && !regexp.MustCompile(p).MatchString(strings.TrimSpace(tt.text)) {
			t.Errorf("%q is accepted, but the documents say %s", tt.text, p)
		}
	}
}

type ruleCase struct{ text, want, problem string }

func TestEmail(t *testing.T) {
	t.Parallel()
	local64, label63 := strings.Repeat("l", 64), strings.Repeat("d", 63)
	domain189 := label63[:61] + "." + label63 + "." + label63
	cases := []ruleCase{{local64 + "@" + domain189, local64 + "@" + domain189, ""}}
	for _, good := range []string{
		"a@b.c", "ada.lovelace+tag@mail.example.com", "!#$%&'*+-/=?^_`{|}~@example.com", "1@2.3d",
		"a@xn--bcher-kva.example", local64 + "@example.com", "a@" + label63 + ".com", "a@b-c.d--e.fr", "a@1.2.3.4x",
	} {
		cases = append(cases, ruleCase{good, good, ""})
	}
	cases = append(cases, ruleCase{"  Ada@EXAMPLE.Com\n", "ada@example.com", ""})
	for _, bad := range []string{
		"a", "@", "a@", "@b.c", "a@b", "a@b.", "a@.b", "a@b..c", "a@@b.c", "a@b@c.d", ".a@b.c", "a.@b.c", "a..b@c.d",
		"a b@c.d", "a@b c.d", `"a"@b.c`, `a\@b.c`, "a@[192.0.2.1]", "a@192.0.2.1", "a@b.123", "a@-b.c", "a@b-.c", "a@b.-c",
		"a@b_c.d", "a,b@c.d", "a<b@c.d>", "Ada <a@b.c>", "a@b.c,d@e.f", "a@b.c\r\nBcc: d@e.f", "a\x00@b.c", "a@b.c\x00d",
		"\u212ate@example.com", "a@\u212ate.com", "é@b.c", "a@bücher.example", "a@b\u3002c", "a\u202e@b.c", "a@b.c.",
		local64 + "l@example.com", "a@" + label63 + "d.com", local64 + "@d" + domain189,
	} {
		cases = append(cases, ruleCase{bad, "", "email"})
	}
	expect(t, form.Email(), cases)
}

func TestCode(t *testing.T) {
	t.Parallel()
	expect(t, form.Code(), []ruleCase{
		{"000000", "000000", ""},
		{" 492017 ", "492017", ""},
		{"49201", "", "code"},
		{"4920177", "", "code"},
		{"492 017", "", "code"},
		{"49201a", "", "code"},
		{"-92017", "", "code"},
		{"٤٩٢", "", "code"}, // six bytes
		{"４９２０１７", "", "code"},
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	expect(t, form.Text(4), []ruleCase{
		{"ab c", "ab c", ""},
		{"éàü😀", "éàü😀", ""},
		{"a\u200db", "a\u200db", ""},
		{"<\"'>", "<\"'>", ""},
		{"abcde", "", "max"},
		{"a\nb", "", "text"},
		{"a\x00b", "", "text"},
		{"a\x7fb", "", "text"},
		{"a\u0085b", "", "text"},
		{"a\u2028b", "", "text"},
		{"a\u2029b", "", "text"},
		{"abcd\u202e", "", "max, text"},
	})
	for _, r := range "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c" {
		expect(t, form.Text(4), []ruleCase{{"a" + string(r) + "b", "", "text"}})
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	expect(t, form.Password(4), []ruleCase{
		{" \t\n\x00", " \t\n\x00", ""},
		{"\u202e😀é ", "\u202e😀é ", ""},
		{"abcde", "", "max"},
	})
	expect(t, form.NewPassword(8, 9), []ruleCase{{" a ", " a ", ""}, {"0123456789", "0123456789", ""}})
}

func TestBirthDate(t *testing.T) {
	t.Parallel()
	expect(t, form.BirthDate(), []ruleCase{
		{"1990-12-31", "1990-12-31", ""},
		{"1900-01-01", "1900-01-01", ""},
		{"2026-03-01", "2026-03-01", ""}, // today
		{"2000-02-29", "2000-02-29", ""},
		{"1899-12-31", "", "date_range"},
		{"2026-03-02", "", "date_range"},
		{"9999-12-31", "", "date_range"},
		{"0000-01-01", "", "date_range"},
		{"1900-02-29", "", "date"},
		{"2023-02-30", "", "date"},
		{"1990-13-01", "", "date"},
		{"1990-00-10", "", "date"},
		{"1990-1-1", "", "date"},
		{"31/12/1990", "", "date"},
		{"1990-12-31T00:00:00Z", "", "date"},
		{"19901231", "", "date"},
		{"１９90-12-31", "", "date"},
		{"-990-12-31", "", "date"},
	})
}

func TestTodayIsThatOfUTC(t *testing.T) {
	t.Parallel()
	east := time.Date(2026, 3, 2, 1, 0, 0, 0, time.FixedZone("", 2*60*60)) // still 1 March in UTC
	if _, problem := apply(form.BirthDate(), "2026-03-02", east); problem != "date_range" {
		t.Errorf("tomorrow in UTC: problem %q", problem)
	}
}

func TestPhone(t *testing.T) {
	t.Parallel()
	expect(t, form.Phone(), []ruleCase{
		{"+22900000000", "+22900000000", ""},
		{" +229 00 00 00 00 ", "+22900000000", ""},
		{"+1 (415) 555-2671", "+14155552671", ""},
		{"+33.1\u00a023\u202f45\u201167\u201389", "+33123456789", ""},
		{"+1234567", "+1234567", ""},
		{"+123456789012345", "+123456789012345", ""},
		{"+123456", "", "phone"},
		{"+1234567890123456", "", "phone"},
		{"+0234567890", "", "phone"},
		{"0022900000000", "", "phone"},
		{"22900000000", "", "phone"},
		{"++22900000000", "", "phone"},
		{"+229000000x0", "", "phone"},
		{"+229\t00000000", "", "phone"},
		{"+229/00000000", "", "phone"},
		{"＋22900000000", "", "phone"},
		{"+２２９00000000", "", "phone"},
		{"+٢٢٩00000000", "", "phone"},
		{"-", "", "phone"},
		{"+22900000000;ext=1", "", "phone"},
	})
}

func TestCountryAndNationality(t *testing.T) {
	t.Parallel()
	expect(t, form.Country(), []ruleCase{
		{"BJ", "BJ", ""}, {"fr", "FR", ""}, {" Us ", "US", ""}, {"aq", "AQ", ""},
		{"F", "", "country"}, {"FRA", "", "country"}, {"ıt", "", "country"}, {"ſe", "", "country"}, {"F R", "", "country"},
	})
	expect(t, form.Nationality(), []ruleCase{
		{"BEN", "BEN", ""}, {"fra", "FRA", ""}, {" Usa ", "USA", ""},
		{"FR", "", "nationality"}, {"FRAN", "", "nationality"}, {"ROM", "", "nationality"}, {"ZAR", "", "nationality"},
	})
	for _, code := range strings.Fields("AC AN BU CP CS CT DD DG DY EA EU EZ FQ FX IC NT PC QO SU TA TP UK UN XA XK XX YU ZR ZZ 00 12") {
		expect(t, form.Country(), []ruleCase{{code, "", "country"}})
	}
	for _, code := range strings.Fields("ANT ASC BUR CPT DGA NTZ QUU SCG SUN TAA XXK YUG ZZZ 004") {
		expect(t, form.Nationality(), []ruleCase{{code, "", "nationality"}})
	}
}

func TestThereAre249OfBothAndTheyArePairs(t *testing.T) {
	t.Parallel()
	two, three := 0, 0
	for _, code := range words(2) {
		if _, problem := apply(form.Country(), code, now); problem != "" {
			continue
		}
		two++
		partner := language.MustParseRegion(code).ISO3()
		if _, problem := apply(form.Nationality(), partner, now); problem != "" {
			t.Errorf("%s is a country but %s is no nationality", code, partner)
		}
	}
	for _, code := range words(3) {
		if _, problem := apply(form.Nationality(), code, now); problem == "" {
			three++
		}
	}
	if two != 249 || three != 249 {
		t.Errorf("%d countries and %d nationalities, want 249 of each", two, three)
	}
}

// words lists all words of n capitals.
func words(n int) []string {
	all := []string{""}
	for range n {
		var longer []string
		for _, word := range all {
			for c := 'A'; c <= 'Z'; c++ {
				longer = append(longer, word+string(c))
			}
		}
		all = longer
	}
	return all
}

// TestCountriesAreThoseOfTheTimeZoneDatabase compares with a second source where
// the system has it.
func TestCountriesAreThoseOfTheTimeZoneDatabase(t *testing.T) {
	t.Parallel()
	file, err := os.Open("/usr/share/zoneinfo/iso3166.tab")
	if err != nil {
		t.Skip("no time zone database on this system")
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		code, _, _ := strings.Cut(lines.Text(), "\t")
		if strings.HasPrefix(code, "#") {
			continue
		}
		if _, problem := apply(form.Country(), code, now); problem != "" {
			t.Errorf("%s is missing", code)
		}
	}
}

func FuzzEmail(f *testing.F) {
	for _, seed := range []string{"a@b.c", "A.b@C-d.Ef", "\u212a@b.c", "a@b.1", `"a"@b.c`, "a@[::1]", " a@b.c\u00a0"} {
		f.Add(seed)
	}
	plain := regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9.-]{3,252}$")
	f.Fuzz(func(t *testing.T, text string) { checkNormal(t, form.Email(), text, plain) })
}

func FuzzPhone(f *testing.F) {
	for _, seed := range []string{"+22900000000", "+1 (415) 555-2671", "+33\u202f1", "+\u0661234567", "++1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkNormal(t, form.Phone(), text, regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`))
	})
}

func FuzzBirthDate(f *testing.F) {
	for _, seed := range []string{"1990-12-31", "1900-02-29", "2026-03-02", "1990-1-1", "0000-00-00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkNormal(t, form.BirthDate(), text, regexp.MustCompile(`^(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]$`))
	})
}

// checkNormal demands that what is accepted looks right, and is accepted again as
// the same.
func checkNormal(t *testing.T, rule form.Rule, text string, want *regexp.Regexp) {
	t.Helper()
	normal, problem := apply(rule, text, now)
	if problem != "" {
		if normal != "" {
			t.Errorf("%q has a problem but became %q", text, normal)
		}
		return
	}
	if !want.MatchString(normal) {
		t.Errorf("%q became %s", text, strconv.QuoteToASCII(normal))
	}
	if again, problem := apply(rule, normal, now); again != normal || problem != "" {
		t.Errorf("%q became %q, and that %q, %q", text, normal, again, problem)
	}
}
