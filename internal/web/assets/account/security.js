// The second factor: switching it on with an authenticator app, trying it, switching it off.
import { get, post } from "./api.js";
import { empty, onClick, onSubmit, sentences } from "./form.js";
import { $, announce, tell, texts } from "./page.js";
import { code as qrCode } from "./qr.js";
import { setSetup, setup } from "./store.js";

let timer = 0, turn = 0;

export function prepare() {
  onClick($("twofa-begin"), "twofa-problem", begin);
  onSubmit("enable-form", enable);
  onSubmit("verify-form", verify);
  onSubmit("disable-form", disable);
  $("twofa-cancel").addEventListener("click", () => { present(false); $("twofa-begin").focus(); });
  $("secret-copy").addEventListener("click", copy);
}

// enter goes on where somebody was setting up an app before a reload.
export async function enter(me) {
  const until = setup();
  tell("twofa-done", "");
  tell("twofa-problem", "");
  present(me.twofa_enabled);
  if (!until || me.twofa_enabled) return;
  if (until < Date.now()) return startAgain(texts.setupExpired);
  const answer = await begin();
  if (answer) tell("twofa-problem", sentences(answer));
}

function present(enabled) {
  forget();
  for (const form of ["verify-form", "disable-form"]) empty(form);
  for (const details of $("twofa-on").querySelectorAll("details")) details.open = false;
  $("twofa-on").hidden = !enabled;
  $("twofa-off").hidden = enabled;
  $("state-on").hidden = !enabled;
  $("state-off").hidden = enabled;
}

// begin shows the secret that the server has made, for as long as it waits.
async function begin() {
  tell("twofa-done", "");
  const mine = turn;
  const answer = await get("/auth/2fa/status");
  if (mine !== turn) return; // somebody has gone on meanwhile, or out
  if (!answer.ok) return answer;
  if (answer.enabled) return void done(true, { message: texts.alreadyOn });
  $("qr").replaceChildren(qrCode(answer.otpauth_uri, texts.qr));
  $("secret").textContent = answer.secret.match(/.{1,4}/g).join(" ");
  $("otpauth", HTMLAnchorElement).href = answer.otpauth_uri;
  $("twofa-off").hidden = true;
  $("twofa-setup").hidden = false;
  $("setup-title").focus();
  setSetup(Date.now() + answer.expires_in * 1000);
  timer = setTimeout(() => startAgain(texts.setupExpired), answer.expires_in * 1000);
}

function startAgain(reason) {
  present(false);
  tell("twofa-problem", reason);
  $("twofa-begin").focus();
}

// forget leaves nothing of the secret in the page, nor lets one come that was asked for. Where
// the next view is this one again, it is known that there was one.
export function forget(next) {
  turn++;
  if (next !== "security") setSetup(0);
  clearTimeout(timer);
  empty("enable-form");
  $("qr").replaceChildren();
  $("secret").textContent = "";
  $("otpauth", HTMLAnchorElement).removeAttribute("href");
  $("secret-copy").textContent = texts.copy;
  $("twofa-setup").hidden = true;
}

async function copy() {
  let done = texts.copied;
  try {
    await navigator.clipboard.writeText($("secret").textContent.replaceAll(" ", ""));
  } catch {
    getSelection().selectAllChildren($("secret")); // to copy by hand
    done = texts.selected;
  }
  $("secret-copy").textContent = done;
  announce(done);
}

async function enable(typed) {
  tell("twofa-done", "");
  const answer = await post("/auth/2fa/enable", typed);
  switch (answer.code) {
    case "TWOFA_ENABLED": return done(true, answer);
    case "TWOFA_ALREADY_ENABLED": return void done(true, answer);
    case "TWOFA_ENROLLMENT_EXPIRED": return void startAgain(answer.message);
  }
  return answer;
}

async function verify(typed) {
  tell("twofa-done", "");
  const answer = await post("/auth/2fa/verify", typed);
  if (answer.code === "TWOFA_NOT_ENABLED") return void done(false, answer);
  if (answer.ok) done(true, answer);
  return answer;
}

async function disable(typed) {
  tell("twofa-done", "");
  const answer = await post("/auth/2fa/disable", typed);
  if (answer.code === "TWOFA_NOT_ENABLED" || answer.ok) return void done(false, answer);
  return answer;
}

function done(enabled, answer) {
  present(enabled);
  tell("twofa-done", answer.message);
  announce(answer.message);
  $("twofa-title").focus();
}
