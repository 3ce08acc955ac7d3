// What goes over the wire and what comes of it, with a server that does what it is told.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { createClient, memoryStorage, webStorage, type ClientOptions, type ClientStorage } from "@flowxi/client";

import { client, refusal } from "./server.js";

interface Sent {
  url: string;
  init: RequestInit;
  header(name: string): string | null;
}

/** A client whose requests are answered by the given answers, in turn, and what it has sent. */
function played(answers: (Response | Error)[], options: Partial<ClientOptions> = {}) {
  const sent: Sent[] = [];
  const flowxi = client({
    fetch: async (url, init = {}) => {
      const headers = new Headers(init.headers);
      sent.push({ url: String(url), init, header: (name) => headers.get(name) });
      const answer = answers[sent.length - 1];
      if (!(answer instanceof Response)) throw answer ?? new Error("nobody expected this request");
      return answer;
    },
    ...options,
  });
  return { flowxi, sent };
}

function answer(status: number, code: string, headers: HeadersInit = {}): Response {
  return Response.json({ code, message: "A sentence." }, { status, headers });
}

const ok = () => answer(200, "OTP_SENT");
const limited = (seconds: string) => answer(429, "TOO_MANY_REQUESTS", { "Retry-After": seconds });
const busy = () => answer(503, "SERVICE_UNAVAILABLE", { "Retry-After": "1" });
const email = "ada@example.com";

test("a request", async () => {
  const { flowxi, sent } = played([ok(), answer(200, "ME_OK")], { baseUrl: "https://id.example.com/", locale: "fr" });
  await flowxi.setToken("17|fxp_secret");
  await flowxi.sendRegistrationCode({ email });
  await flowxi.me();
  const [send, me] = sent as [Sent, Sent];
  assert.equal(send.url, "https://id.example.com/api/v1/register-email-code/send");
  assert.equal(send.init.method, "POST");
  assert.equal(send.init.body, `{"email":"${email}"}`);
  assert.deepEqual([send.header("Content-Type"), send.header("X-App-Locale"), send.header("Authorization")], ["application/json", "fr", null]);
  assert.deepEqual([send.init.credentials, send.init.redirect], ["omit", "error"]);
  assert.deepEqual([me.init.method, me.init.body, me.header("Content-Type")], ["GET", null, null]);
  assert.equal(me.header("Authorization"), "Bearer 17|fxp_secret");
});

test("without a locale the browser’s own header counts", async () => {
  const { flowxi, sent } = played([ok()], { locale: () => "" });
  await flowxi.sendRegistrationCode({ email });
  assert.equal(sent[0]!.header("X-App-Locale"), null);
});

test("after a 429 every call waits and tries again, twice", async () => {
  const { flowxi, sent } = played([limited("1"), ok()]);
  assert.equal((await flowxi.sendRegistrationCode({ email })).code, "OTP_SENT");
  assert.equal(sent.length, 2);
  assert.equal(sent[0]!.init.body, sent[1]!.init.body);

  const dated = played([limited(new Date(Date.now() + 2500).toUTCString()), ok()]);
  assert.equal((await dated.flowxi.sendRegistrationCode({ email })).code, "OTP_SENT");
  assert.equal(dated.sent.length, 2);

  const never = played([limited("1"), limited("1"), limited("1")]);
  assert.equal((await refusal(never.flowxi.me(), "TOO_MANY_REQUESTS")).retryAfter, 1);
  assert.equal(never.sent.length, 3);
});

test("nobody waits past the bound, nor for what says no time", async () => {
  for (const seconds of ["6", "0", "soon", "Wed, 21 Oct 2099 07:28:00 GMT"]) {
    const { flowxi, sent } = played([limited(seconds)]);
    await refusal(flowxi.me(), "TOO_MANY_REQUESTS");
    assert.equal(sent.length, 1, seconds);
  }
  const { flowxi, sent } = played([limited("1")], { retries: 0 });
  await refusal(flowxi.me(), "TOO_MANY_REQUESTS");
  assert.equal(sent.length, 1);
});

test("after a 503 only what can be done twice is tried again", async () => {
  const read = played([busy(), answer(200, "ME_OK")]);
  assert.equal((await read.flowxi.me()).code, "ME_OK");
  const write = played([busy()]);
  await refusal(write.flowxi.loginTwoFactor({ challenge_id: "c", code: "123456" }), "SERVICE_UNAVAILABLE");
  assert.equal(write.sent.length, 1);
});

test("a call can be ended: before, during, and while it waits", async () => {
  const early = played([]);
  await assert.rejects(early.flowxi.me({ signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(early.sent.length, 0);

  const during = new AbortController();
  const hanging = client({ fetch: (_, init) => new Promise((_, reject) => {
    init!.signal!.addEventListener("abort", () => reject(new Error("cut")));
    during.abort(new Error("changed their mind"));
  }) });
  await assert.rejects(hanging.me({ signal: during.signal }), { message: "changed their mind" });

  const waiting = new AbortController();
  const { flowxi, sent } = played([limited("3600")], { maxWaitSeconds: 3600 });
  const listen = waiting.signal.addEventListener.bind(waiting.signal);
  waiting.signal.addEventListener = (...args: Parameters<typeof listen>) => {
    listen(...args);
    if (sent.length === 1) queueMicrotask(() => waiting.abort()); // the answer has come, and the wait has begun
  };
  await assert.rejects(flowxi.me({ signal: waiting.signal }), { name: "AbortError" });
  assert.equal(sent.length, 1);
});

test("a server that does not answer in time, or at all, or is none of ours", async () => {
  const silent = client({ timeoutMs: 60_000, fetch: (_, init) => new Promise((_, reject) => {
    init!.signal!.addEventListener("abort", () => reject(new Error("cut")));
  }) });
  const late = await refusal(silent.me({ timeoutMs: 1 }), "TIMEOUT");
  assert.equal(late.status, 0);

  const gone = played([new TypeError("fetch failed")], { locale: "fr-FR" });
  const unreachable = await refusal(gone.flowxi.me(), "NETWORK_ERROR");
  assert.equal(unreachable.message, "Le service est injoignable. Vérifiez votre connexion, puis réessayez.");
  assert.equal((unreachable.cause as Error).message, "fetch failed");

  const proxy = played([new Response("<h1>Bad Gateway</h1>", { status: 502 })]);
  const strange = await refusal(proxy.flowxi.me(), "UNEXPECTED_ANSWER");
  assert.equal(strange.status, 502);
  assert.equal(strange.message, "The service gave an unexpected answer. Please try again later.");
  for (const body of ["null", "[]", '{"code": 1}', '{"code": "ME_OK"}']) {
    await refusal(played([new Response(body)]).flowxi.me(), "UNEXPECTED_ANSWER");
  }
});

test("an address that passwords would leak by is refused, and not shown", () => {
  for (const baseUrl of ["id.example.com", "ftp://id.example.com", "https://ada:pa55word@id.example.com", "http://id.example.com", "http://localhost.example.com", "https://id.example.com/?a=b", ""]) {
    assert.throws(
      () => createClient({ baseUrl }),
      (error) => error instanceof TypeError && !error.message.includes("pa55word"),
      baseUrl,
    );
  }
  for (const baseUrl of ["http://localhost:8080", "http://flowxi.localhost", "http://127.0.0.1:8080", "http://[::1]:8080", "https://example.com/id"]) {
    createClient({ baseUrl });
  }
  createClient({ baseUrl: "http://10.0.2.2:8080", insecureHttp: true });
});

test("a storage may take its time, and one device has one id", async () => {
  const items = new Map<string, string>();
  const slow: ClientStorage = {
    getItem: async (key) => items.get(key) ?? null,
    setItem: async (key, value) => void items.set(key, value),
    removeItem: async (key) => void items.delete(key),
  };
  let made = 0;
  const options = { storage: slow, device: { newId: async () => `id ${++made}` } };
  const flowxi = client(options);
  assert.deepEqual(await Promise.all([flowxi.deviceId(), flowxi.deviceId()]), ["id 1", "id 1"]);
  assert.equal(await client(options).deviceId(), "id 1");
  await flowxi.setToken("17|fxp_secret");
  assert.equal(await client(options).getToken(), "17|fxp_secret");
  assert.deepEqual([...items.keys()].sort(), ["flowxi.device_id", "flowxi.token"]);
});

test("an id that could not be made is made the next time", async () => {
  let broken = true;
  const flowxi = client({ device: { newId: () => { if (broken) throw new Error("no luck"); return "id"; } } });
  await assert.rejects(flowxi.deviceId(), { message: "no luck" });
  broken = false;
  assert.equal(await flowxi.deviceId(), "id");
});

test("what is kept and is no token is not sent, and not shown", async () => {
  const storage = memoryStorage();
  const { flowxi, sent } = played([answer(401, "UNAUTHENTICATED")], { storage });
  await flowxi.setToken("17|fxp_secret\nX: y");
  await refusal(flowxi.me(), "UNAUTHENTICATED");
  assert.equal(sent[0]!.header("Authorization"), null);
});

test("a token that came meanwhile is not forgotten for the one before", async () => {
  let signedOut = 0;
  const storage = memoryStorage();
  const flowxi = client({ storage, onSignedOut: () => signedOut++, fetch: async () => {
    await flowxi.setToken("18|new");
    return answer(401, "UNAUTHENTICATED");
  } });
  await flowxi.setToken("17|old");
  await refusal(flowxi.me(), "UNAUTHENTICATED");
  assert.equal(await flowxi.getToken(), "18|new");
  assert.equal(signedOut, 0);
});

/** A storage in which everything takes a while, as in a keychain. */
function slowStorage(items: Map<string, string>): ClientStorage {
  const turn = <T>(value: () => T) => new Promise<T>((resolve) => setImmediate(() => resolve(value())));
  return {
    getItem: async (key) => { const value = items.get(key) ?? null; await turn(() => 0); return value; },
    setItem: (key, value) => turn(() => void items.set(key, value)),
    removeItem: (key) => turn(() => void items.delete(key)),
  };
}

test("a token that comes while the one before is looked up is kept", async () => {
  const items = new Map<string, string>();
  let login: Promise<unknown> | undefined;
  const slow = slowStorage(items);
  let refused = false;
  const storage: ClientStorage = {
    ...slow,
    getItem: (key) => {
      if (refused) login ??= flowxi.setToken("18|new");
      return slow.getItem(key);
    },
  };
  const flowxi = client({ storage, fetch: async () => { refused = true; return answer(401, "UNAUTHENTICATED"); } });
  await flowxi.setToken("17|old");
  await refusal(flowxi.me(), "UNAUTHENTICATED");
  await login;
  assert.equal(await flowxi.getToken(), "18|new");
});

test("a token is read as the last call has left it, and one that could not be kept holds up no other", async () => {
  const items = new Map<string, string>();
  const slow = slowStorage(items);
  const flowxi = client({ storage: { ...slow, setItem: (key, value) => value === "broken" ? Promise.reject(new Error("full")) : slow.setItem(key, value) } });
  void flowxi.setToken("17|fxp_secret");
  assert.equal(await flowxi.getToken(), "17|fxp_secret");
  const [broken, next] = [flowxi.setToken("broken"), flowxi.setToken("18|new")];
  await assert.rejects(broken, { message: "full" });
  await next;
  assert.equal(items.get("flowxi.token"), "18|new");
});

test("logging this device out forgets the token, and another keeps it", async () => {
  const { flowxi } = played([answer(404, "DEVICE_NOT_FOUND"), answer(200, "LOGOUT_SUCCESS"), answer(200, "LOGOUT_SUCCESS")], { device: { newId: () => "this" } });
  await flowxi.setToken("17|fxp_secret");
  await refusal(flowxi.logoutDevice({ device_id: "this" }), "DEVICE_NOT_FOUND");
  await flowxi.logoutDevice({ device_id: "another" });
  assert.equal(await flowxi.getToken(), "17|fxp_secret");
  await flowxi.logoutDevice({ device_id: "this" });
  assert.equal(await flowxi.getToken(), null);
});

test("logging out forgets the token though nobody answers", async () => {
  const { flowxi } = played([new TypeError("fetch failed")]);
  await flowxi.setToken("17|fxp_secret");
  await refusal(flowxi.logout(), "NETWORK_ERROR");
  assert.equal(await flowxi.getToken(), null);
});

test("a browser that refuses to keep anything", async () => {
  const refuse = () => { throw new Error("SecurityError"); };
  for (const [name, kind] of [["localStorage", "local"], ["sessionStorage", "session"]] as const) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    try {
      const items = new Map<string, string>();
      Object.defineProperty(globalThis, name, { configurable: true, value: {
        getItem: (key: string) => items.get(key) ?? null, setItem: (key: string, value: string) => items.set(key, value), removeItem: (key: string) => items.delete(key),
      } });
      const storage = webStorage(kind);
      await storage.setItem("a", "1");
      assert.equal(items.get("a"), "1");
      assert.equal(await webStorage(kind).getItem("a"), "1");
      await storage.removeItem("a");
      assert.equal(items.size, 0);

      await storage.setItem("a", "older");
      Object.defineProperty(globalThis, name, { configurable: true, value: { ...globalThis[name], setItem: refuse } }); // it is full
      await storage.setItem("a", "newer");
      assert.equal(await storage.getItem("a"), "newer");
      await storage.removeItem("a");
      assert.equal(await storage.getItem("a"), null);

      Object.defineProperty(globalThis, name, { configurable: true, get: refuse });
      await storage.setItem("a", "2");
      assert.equal(await storage.getItem("a"), "2");
      await storage.removeItem("a");
      assert.equal(await storage.getItem("a"), null);
    } finally {
      if (before) Object.defineProperty(globalThis, name, before);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
});

test("a device has the name that the account portal gives it, unless it is given one", async () => {
  const portal = readFileSync("../../internal/web/assets/account/store.js", "utf8");
  const portalName = new Function(`${portal.slice(portal.indexOf("const programs"))}; return deviceName;`)() as (agent: string) => string;
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const names = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox · Linux",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox · Mac",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge · Windows",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0": "Opera · Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1": "Safari · iPhone",
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1": "Chrome · iPad",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15": "Firefox · iPhone",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36": "Chrome · Android",
    "Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": "Samsung Internet · Android",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36": "Chrome · ChromeOS",
    "Links (2.29; Linux x86_64)": "Web · Linux",
    "": "Web",
  };
  const sentName = async (type?: string) => {
    const { flowxi, sent } = played([answer(401, "INVALID_CREDENTIALS")], { device: { newId: () => "id", ...(type && { type }) } });
    await refusal(flowxi.login({ email, password: "x" }), "INVALID_CREDENTIALS");
    const { device_name, ...rest } = JSON.parse(sent[0]!.init.body as string) as { device_name: string };
    assert.deepEqual(rest, { email, password: "x", device_id: "id", device_type: type ?? "web" });
    return device_name;
  };
  try {
    for (const [userAgent, name] of Object.entries(names)) {
      Object.defineProperty(globalThis, "navigator", { configurable: true, value: { userAgent } });
      assert.deepEqual([await sentName(), portalName(userAgent)], [name, name]);
    }
    assert.equal(await sentName("ios"), "ios");
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else Reflect.deleteProperty(globalThis, "navigator");
  }
});
