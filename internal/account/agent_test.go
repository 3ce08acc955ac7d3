package account

import (
	"strings"
	"testing"
)

// agents are headers as browsers and apps send them.
var agents = []struct{ header, browser, system string }{
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Chrome", "Windows"},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge", "Windows"},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox", "Windows"},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0", "Opera", "Windows"},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15", "Safari", "Mac"},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Chrome", "Mac"},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1", "Safari", "iPhone"},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1", "Chrome", "iPhone"},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/145.0 Mobile/15E148 Safari/605.1.15", "Firefox", "iPhone"},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", "", "iPhone"},
	{"Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", "Safari", "iPad"},
	{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome", "Android"},
	{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36", "Samsung Internet", "Android"},
	{"Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36", "", "Android"},
	{"Opera/9.80 (Android; Opera Mini/36.2/191.273; U; fr) Presto/2.12.423 Version/12.16", "Opera Mini", "Android"},
	{"Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1 HuaweiBrowser/5.0", "Huawei Browser", "HarmonyOS"},
	{"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox", "Linux"},
	{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Chrome", "ChromeOS"},
	{"Flowxi/3.1 (iPhone; iOS 18.6)", "", "iPhone"},
	{"Flowxi/3.1 (Android 15)", "", "Android"},
	{"Flowxi/31 CFNetwork/3826.600.41 Darwin/24.6.0", "", "Apple"},
	{"Dalvik/2.1.0 (Linux; U; Android 15; Pixel 8)", "", "Android"},
	{"okhttp/5.1.0", "", ""},
	{"curl/8.14.1", "", ""},
	{"", "", ""},
	{"Safari/604.1 Version/17", "", ""},
	{strings.Repeat("x", agentSeen) + " Firefox/145.0 (Windows)", "", ""},
}

func TestAgentsGoByTheNamesThatPeopleKnow(t *testing.T) {
	t.Parallel()
	for _, tt := range agents {
		if got := AgentOf(tt.header); got != (Agent{tt.browser, tt.system}) {
			t.Errorf("%q is %+v, want %q on %q", tt.header, got, tt.browser, tt.system)
		}
	}
}

// FuzzAgentOf holds what a mail shows of a header to the words of this package.
func FuzzAgentOf(f *testing.F) {
	for _, tt := range agents {
		f.Add(tt.header)
	}
	f.Add("http://evil.example/ iPhone<a href=//evil.example>Chrome/1")
	f.Add("Firefox/\r\nBcc: eve@example.com \u202e Windows \xff")
	known := map[string]bool{"": true, "Safari": true}
	for _, n := range append(browsers, systems...) {
		known[n.name] = true
	}
	f.Fuzz(func(t *testing.T, header string) {
		if a := AgentOf(header); !known[a.Browser] || !known[a.System] {
			t.Errorf("%q is %+v", header, a)
		}
	})
}
