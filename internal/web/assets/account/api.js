// The API of the contract, as this page calls it. An answer is its envelope, and beside it
// whether it was a success and for how many seconds the server asks to wait.
import { lang, texts } from "./page.js";
import { token } from "./store.js";

let onExpiry = () => {};

// whenExpired is told when the token is good no longer.
export function whenExpired(f) { onExpiry = f; }

export const get = (path) => ask("GET", path);
export const post = (path, body, seconds) => ask("POST", path, body, seconds);
export const patch = (path, body) => ask("PATCH", path, body);
export const remove = (path) => ask("DELETE", path);

// isGood tells whether a token is known to be good.
export const isGood = async (held) => (await exchange("GET", "/me", undefined, held, until(10))).ok;

// giveBack ends a session whose token nobody is to have, whatever becomes of the page.
export const giveBack = (issued) => exchange("POST", "/auth/logout", undefined, issued, until(30), true);

// upload sends a file until it is cancelled.
export function upload(path, name, file, cancelled) {
  const form = new FormData();
  form.append(name, file, name + ".jpg");
  return ask("POST", path, form, 300, cancelled);
}

// until is over after some seconds, or as soon as it is cancelled. Where a browser cannot
// wait for both, people can cancel.
function until(seconds, cancelled) {
  const timeout = AbortSignal.timeout?.(seconds * 1000);
  if (!cancelled || !timeout) return cancelled || timeout;
  return AbortSignal.any?.([cancelled, timeout]) || cancelled;
}

// late is for an answer that is of no concern any more, and says nothing.
const late = { ok: false, code: "", message: "", wait: 0 };

// ask takes an answer only for who asked: another tab may have logged out meanwhile, and
// somebody else in. It waits for some seconds at the most.
async function ask(method, path, body, seconds = 30, cancelled) {
  const sent = token();
  const answer = await exchange(method, path, body, sent, until(seconds, cancelled));
  if (!sent) return answer;
  if (sent === token() && answer.code !== "UNAUTHENTICATED") return answer;
  if (sent === token()) onExpiry();
  return late;
}

async function exchange(method, path, body, bearer, signal, keepalive = false) {
  const headers = { "Accept": "application/json", "X-App-Locale": lang };
  if (bearer) headers.Authorization = "Bearer " + bearer;
  if (body && !(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  try {
    const response = await fetch("/api/v1" + path, { method, headers, body, signal, keepalive, credentials: "omit", cache: "no-store" });
    return { ...traced(await response.json(), response), ok: response.ok, wait: patience(response) };
  } catch {
    return { ok: false, code: "", message: texts.network, wait: 0 };
  }
}

// traced has what is the server's fault name the request, by which an operator finds it.
function traced(answer, response) {
  const id = response.headers.get("X-Request-Id");
  return response.status < 500 || !id || !answer.message ? answer : { ...answer, message: `${answer.message} ${texts.reference} ${id}` };
}

// patience is for how long asking again would be refused: by the server's word where it
// refused, and where it did not, by a limit that has just been used up.
function patience(response) {
  const seconds = (name) => Number.parseInt(response.headers.get(name) || "0", 10) || 0;
  if (!response.ok) return Math.max(0, seconds("Retry-After"));
  return response.headers.get("RateLimit-Remaining") === "0" ? Math.max(0, seconds("RateLimit-Reset")) : 0;
}
