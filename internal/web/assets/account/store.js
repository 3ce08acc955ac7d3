// What this browser remembers: the token for as long as its tabs are open, the id of the
// device and the language for good. docs/security/threat-model.md says why.

// guarded is a storage that may be switched off or full: what it did not take is forgotten
// with the page.
function guarded(find) {
  const memory = new Map();
  const attempt = (use) => {
    try { return use(find()); } catch { return null; }
  };
  return {
    get: (key) => memory.get(key) ?? attempt((s) => s.getItem(key)),
    set: (key, value) => {
      memory.set(key, value);
      attempt((s) => { s.setItem(key, value); memory.delete(key); });
    },
    remove: (key) => {
      memory.delete(key);
      attempt((s) => s.removeItem(key));
    },
  };
}

const tab = guarded(() => sessionStorage);
const browser = guarded(() => localStorage);
const others = channel("flowxi.session");

// channel leads to the other tabs. Where a browser has none, each tab is by itself.
function channel(name) {
  try { return new BroadcastChannel(name); } catch { return Object.assign(new EventTarget(), { postMessage() {} }); }
}

let asking = ""; // what the answers are to that this tab waits for
let onStart = () => {};
let onEnd = () => {};

// watch is told when another tab logs in or out, or finds that the session is over.
export function watch(start, end) {
  onStart = start;
  onEnd = end;
}

others.addEventListener("message", ({ data }) => {
  const mine = token();
  if (data.is === "asked" && mine) others.postMessage({ is: "answer", to: data.by, token: mine });
  if ((data.is === "token" || answers(data)) && data.token !== mine) {
    forget(); // it may be somebody else's
    tab.set("flowxi.token", data.token);
    onStart();
  }
  if (data.is === "ended" && data.token === mine && mine) {
    forget();
    onEnd(data.expired);
  }
});

// answers is whether it is what this tab has asked for, and waits for still.
const answers = ({ is, to }) => is === "answer" && asking !== "" && to === asking;

export const token = () => tab.get("flowxi.token");

// inherit asks the tabs that are open for their token, which a device has one of. A tab
// that sleeps may answer later: watch hears of it.
export function inherit() {
  if (token()) return Promise.resolve();
  asking = random();
  others.postMessage({ is: "asked", by: asking });
  return new Promise((resolve) => {
    setTimeout(resolve, 150);
    others.addEventListener("message", ({ data }) => { if (data.is === "answer" && data.token === token()) resolve(); });
  });
}

export function begin(issued) {
  forget();
  tab.set("flowxi.token", issued);
  others.postMessage({ is: "token", token: issued });
}

// end forgets the token in every tab: it was logged out, or has expired.
export function end(expired = false) {
  others.postMessage({ is: "ended", token: token(), expired });
  forget();
}

function forget() {
  asking = "";
  for (const key of ["token", "challenge", "joining", "typed", "draft", "rests", "setup"]) tab.remove("flowxi." + key);
}

// A login that waits for its second factor outlives a reload: on a phone, looking for a code
// in another app may cost the page its memory. The challenge is worth nothing without a code,
// and elsewhere (contract section 7).
export const challenge = () => JSON.parse(tab.get("flowxi.challenge") || "{}");
export const setChallenge = (value) => value ? tab.set("flowxi.challenge", JSON.stringify(value)) : tab.remove("flowxi.challenge");

// Whose the registration is that waits for a code or a link outlives a reload, too. The code
// does not.
export const joining = () => tab.get("flowxi.joining") || "";
export const setJoining = (email) => email ? tab.set("flowxi.joining", email) : tab.remove("flowxi.joining");

// What was typed goes along to the page in another language, which takes it out.
export const setTyped = (value) => tab.set("flowxi.typed", JSON.stringify(value));
export function takeTyped() {
  const value = JSON.parse(tab.get("flowxi.typed") || "{}");
  tab.remove("flowxi.typed");
  return value;
}

// Changes of a profile that are not saved yet outlive a reload, until their owner logs out.
export const setDraft = (value) => value ? tab.set("flowxi.draft", JSON.stringify(value)) : tab.remove("flowxi.draft");
export function takeDraft() {
  const value = JSON.parse(tab.get("flowxi.draft") || "{}");
  tab.remove("flowxi.draft");
  return value;
}

// Until when a button rests outlives a reload, since the server has not forgotten it either.
export function restsUntil(button) { return rests()[button] || 0; }
export function setRest(button, until) {
  const all = Object.entries({ ...rests(), [button]: until }).filter(([, time]) => time > Date.now());
  if (all.length > 0) tab.set("flowxi.rests", JSON.stringify(Object.fromEntries(all)));
  else tab.remove("flowxi.rests");
}
const rests = () => JSON.parse(tab.get("flowxi.rests") || "{}");

// Until when the key of an app waits that somebody is setting up outlives a reload. The key
// does not.
export const setup = () => Number(tab.get("flowxi.setup"));
export const setSetup = (until) => until ? tab.set("flowxi.setup", String(until)) : tab.remove("flowxi.setup");

export const language = () => browser.get("flowxi.language");
export const setLanguage = (value) => browser.set("flowxi.language", value);

// random is what nobody else makes. randomUUID is not to be had by plain HTTP, which a closed
// test network may have.
const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

// device is what the API is told of this browser (contract section 7).
export function device() {
  let id = browser.get("flowxi.device");
  if (!id) {
    id = random();
    browser.set("flowxi.device", id);
  }
  return { device_id: id, device_type: "web", device_name: deviceName(navigator.userAgent) };
}

const programs = [["Edg", "Edge"], ["OPR", "Opera"], ["SamsungBrowser", "Samsung Internet"], ["Firefox", "Firefox"], ["FxiOS", "Firefox"], ["CriOS", "Chrome"], ["Chrome", "Chrome"], ["Safari", "Safari"]];
const systems = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["CrOS", "ChromeOS"], ["Windows", "Windows"], ["Macintosh", "Mac"], ["Linux", "Linux"]];

function deviceName(agent) {
  const first = (names) => names.find(([sign]) => agent.includes(sign))?.[1];
  return [first(programs) || "Web", first(systems)].filter(Boolean).join(" · ");
}
