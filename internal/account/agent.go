package account

import "strings"

// Agent is the program and the device that a request came from, as its User-Agent tells.
// Each name is one of this file's and none of the caller's, so that a text which shows it
// says nothing that a stranger has written. What is not recognized is empty.
type Agent struct {
	Browser string `json:"browser,omitempty"` // "Firefox"; empty for an app
	System  string `json:"system,omitempty"`  // "Windows", "iPhone"
}

// agentSeen is how much of a User-Agent is looked at, in bytes.
const agentSeen = 512

// AgentOf reads the header User-Agent.
func AgentOf(header string) Agent {
	header = header[:min(len(header), agentSeen)]
	system := firstName(systems, header)
	return Agent{Browser: browserOf(header, system), System: system}
}

// browserOf is empty where a page is shown inside of an app: on Android it says so, and
// on iPhones it does not call itself Safari.
func browserOf(header, system string) string {
	if strings.Contains(header, "; wv)") {
		return ""
	}
	if name := firstName(browsers, header); name != "" {
		return name
	}
	apple := system == "iPhone" || system == "iPad" || system == "Mac"
	if apple && strings.Contains(header, "Version/") && strings.Contains(header, "Safari/") {
		return "Safari"
	}
	return ""
}

// agentName is a piece of a User-Agent and what people call that.
type agentName struct{ mark, name string }

func firstName(names []agentName, header string) string {
	for _, n := range names {
		if strings.Contains(header, n.mark) {
			return n.name
		}
	}
	return ""
}

// browsers come before those that they claim to be.
var browsers = []agentName{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"Edge/", "Edge"},
	{"Opera Mini/", "Opera Mini"}, {"OPR/", "Opera"}, {"OPiOS/", "Opera"}, {"OPT/", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"}, {"HuaweiBrowser/", "Huawei Browser"}, {"MiuiBrowser/", "Mi Browser"},
	{"UCBrowser/", "UC Browser"}, {"YaBrowser/", "Yandex Browser"}, {"Vivaldi/", "Vivaldi"},
	{"DuckDuckGo/", "DuckDuckGo"}, {"Ddg/", "DuckDuckGo"},
	{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"},
}

// systems come before those that they claim to be like.
var systems = []agentName{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"OpenHarmony", "HarmonyOS"}, {"HarmonyOS", "HarmonyOS"},
	{"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Macintosh", "Mac"}, {"Mac OS X", "Mac"},
	{"CFNetwork/", "Apple"}, // of an app, which does not say on which device of theirs
	{"Linux", "Linux"},
}
