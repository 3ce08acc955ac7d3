package reference_test

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"flowxi.app/flowxi/client"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/mock"
	"flowxi.app/flowxi/internal/reference"
)

// becomes is what each sample comes to, in the order of the routes, where Ada registers
// between those of registration and those of login. The codes and secrets of samples are
// wrong by intent.
var becomes = map[string]string{
	"sendRegistrationCode": "OTP_SENT", "resendRegistrationCode": "OTP_SENT",
	"verifyRegistrationCode": "OTP_INVALID", "registerByCode": "OTP_INVALID",
	"sendRegistrationLink": "MAGIC_LINK_SENT", "resendRegistrationLink": "MAGIC_LINK_SENT", "registerByLink": "MAGIC_LINK_INVALID",
	"login": "LOGIN_SUCCESS", "loginTwoFactor": "TWOFA_CHALLENGE_EXPIRED",
	"logout": "LOGOUT_SUCCESS", "listDevices": "DEVICES_LIST", "logoutDevice": "LOGOUT_SUCCESS",
	"twoFactorStatus": "TWOFA_STATUS", "enableTwoFactor": "TWOFA_INVALID_CODE", "disableTwoFactor": "TWOFA_NOT_ENABLED", "verifyTwoFactor": "TWOFA_NOT_ENABLED",
	"me": "ME_OK", "updateMe": "ME_UPDATED", "updatePhoto": "ME_PHOTO_UPDATED", "deletePhoto": "ME_PHOTO_DELETED",
	"health": "HEALTH_OK",
}

// TestTheSamplesRunAsWritten runs what the pages show, on a server that they are of.
func TestTheSamplesRunAsWritten(t *testing.T) {
	t.Parallel()
	for language, prepare := range map[string]func(*testing.T, []string) func(int) *exec.Cmd{"sh": shell, "ts": node, "go": compiled} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			server := startMock(t)
			run := prepare(t, samples(t, server, language))
			folder := t.TempDir()
			takePhoto(t, filepath.Join(folder, "photo.jpg"))
			for i, r := range api.Routes() {
				if r.Operation == "login" {
					registerAda(t, server)
				}
				cmd := run(i)
				cmd.Dir = folder
				cmd.Env = append(os.Environ(), "TOKEN="+tokenFor(t, server, r))
				out, _ := cmd.CombinedOutput() // some are refused
				want := becomes[r.Operation]
				if want == "" {
					t.Fatalf("the map becomes does not say what %s comes to", r.Operation)
				}
				if !strings.Contains(string(out), want) {
					t.Errorf("%s does not come to %q:\n%s", r.Operation, want, out)
				}
				ask(t, server+"/mock/clock", `{"advance": 61}`) // past the limit of mails
			}
		})
	}
}

func startMock(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := "http://" + l.Addr().String()
	m, err := mock.New(t.Context(), mock.Options{URL: server})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return server
}

// samples are those of one language, in the order of the routes.
func samples(t *testing.T, server, language string) (all []string) {
	t.Helper()
	cfg, err := config.Load([]string{"FLOWXI_PUBLIC_URL=" + server})
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := reference.Pages(cfg, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	for i := range api.Routes() {
		_, after, ok := strings.Cut(pages[i].Markdown, "```"+language+"\n")
		source, _, closed := strings.Cut(after, "\n```")
		if !ok || !closed {
			t.Fatalf("%s has no sample in %s", pages[i].Title, language)
		}
		all = append(all, source+"\n")
	}
	return all
}

func shell(_ *testing.T, sources []string) func(int) *exec.Cmd {
	return func(i int) *exec.Cmd { return exec.Command("sh", "-c", sources[i]) }
}

// compiled makes one program of all, since linking is what takes time: each main becomes a
// function of its own, and nothing else is changed.
func compiled(t *testing.T, sources []string) func(int) *exec.Cmd {
	t.Helper()
	folder := t.TempDir()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(root, "testdata", "samples") // where they seem to be, to import the client
	replaced := make(map[string]string)
	add := func(name, text string) {
		file := filepath.Join(folder, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replaced[filepath.Join(root, name)] = file
	}
	var imports, calls strings.Builder
	for i, source := range sources {
		name := fmt.Sprintf("sample%d", i)
		source = strings.Replace(source, "package main\n", "package "+name+"\n", 1)
		add(name+"/main.go", strings.Replace(source, "\nfunc main() {\n", "\nfunc Main() {\n", 1))
		fmt.Fprintf(&imports, "\t%q\n", "flowxi.app/flowxi/internal/reference/testdata/samples/"+name)
		fmt.Fprintf(&calls, "\t%q: %s.Main,\n", fmt.Sprint(i), name)
	}
	add("main.go", "package main\n\nimport (\n\t\"os\"\n"+imports.String()+")\n\nfunc main() { mains[os.Args[1]]() }\n\nvar mains = map[string]func(){\n"+calls.String()+"}\n")
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	file, program := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "samples")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, "go", "build", "-overlay", file, "-o", program, "./testdata/samples")
	return func(i int) *exec.Cmd { return exec.Command(program, fmt.Sprint(i)) }
}

// node compiles all with the types of the client, below its package, whose name they import.
func node(t *testing.T, sources []string) func(int) *exec.Cmd {
	t.Helper()
	const home = "../../clients/ts"
	typed := func(program string, arguments ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v; where docs/openapi.yaml has changed, go test ./clients/ts -update gives its client the types:\n%s", program, err, out)
		}
	}
	typed("../../scripts/npm", home, "check")
	folder, err := os.MkdirTemp(filepath.Join(home, "build"), "samples-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	files := map[string]string{"tsconfig.json": `{"extends": "../../test/readme/tsconfig.json",
		"compilerOptions": {"noEmit": false, "types": ["node"], "rootDir": ".", "outDir": "out"}, "include": ["*.ts"]}`}
	for i, source := range sources {
		files[fmt.Sprintf("sample%d.ts", i)] = source
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	typed(filepath.Join(home, "node_modules/.bin/tsc"), "--project", folder)
	absolute, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	return func(i int) *exec.Cmd {
		return exec.Command("node", filepath.Join(absolute, "out", fmt.Sprintf("sample%d.js", i)))
	}
}

func execute(t *testing.T, program string, arguments ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

const adaPassword = "correct horse battery staple" // that of the samples

func registerAda(t *testing.T, server string) {
	t.Helper()
	c := clientOf(t, server, "")
	if _, err := c.SendRegistrationCode(t.Context(), client.EmailInput{Email: "ada@example.com"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RegisterByCode(t.Context(), client.CodePasswordInput{Email: "ada@example.com", Code: "123456", Password: adaPassword}); err != nil {
		t.Fatal(err)
	}
}

// tokenFor logs Ada in, elsewhere than the samples do, and for the one that logs a device
// out on that device too.
func tokenFor(t *testing.T, server string, r api.Route) string {
	t.Helper()
	if r.Access != api.Bearer {
		return ""
	}
	if r.Operation == "logoutDevice" {
		for _, f := range r.Body().Fields() {
			logIn(t, server, f.Rule.Schema.Example)
		}
	}
	return logIn(t, server, "elsewhere")
}

func logIn(t *testing.T, server, device string) string {
	t.Helper()
	in, err := clientOf(t, server, device).Login(t.Context(), client.LoginInput{Email: "ada@example.com", Password: adaPassword})
	if err != nil {
		t.Fatal(err)
	}
	return string(in.LoggedIn.Data.AccessToken)
}

func clientOf(t *testing.T, server, device string) *client.Client {
	t.Helper()
	o := client.Options{}
	if device != "" {
		o.Device = client.DeviceInput{DeviceID: device, DeviceType: "web", DeviceName: device}
	}
	c, err := client.New(server, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ask(t *testing.T, url, body string) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s is answered %s", url, resp.Status)
	}
}

func takePhoto(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(f, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
