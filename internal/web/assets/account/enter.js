// Coming in: log in, the second factor, and registration by code or by link.
import { giveBack, isGood, post } from "./api.js";
import { bare, clear, coolDown, empty, explain, onClick, onSubmit } from "./form.js";
import { $, tell, texts } from "./page.js";
import { challenge, device, joining, setChallenge, setJoining, setRest, token } from "./store.js";

// The code that was right, and whose login it is that a second factor was asked for. Only
// memory has them.
let go, code = "", owner = "", turn = 0;

// ask is post for who is still on the view when the answer comes. Who went another way
// meanwhile is led nowhere by it, unless it has let them in. Where another tab has let somebody
// in meanwhile, that stays, if it is good still: a device has one session of a person, and what
// is answered last may have ended it.
async function ask(path, body) {
  const mine = turn;
  const answer = await post(path, body);
  const issued = answer.access_token || answer.data?.access_token;
  if (issued && token() && await isGood(token())) giveBack(issued);
  else if (issued || mine === turn) return answer;
  return { ok: false, code: "", message: "", wait: answer.ok ? 0 : answer.wait };
}

// prepare is given the way to another view, and what to do once somebody is in.
export function prepare(to, welcome) {
  go = to;
  onSubmit("login-form", login);
  onSubmit("challenge-form", answerChallenge);
  onSubmit("join-form", join);
  onSubmit("code-form", checkCode);
  onSubmit("choose-form", choose);
  onClick($("code-again"), "code-form-problem", () => resend("code", "/register-email-code/resend", texts.codeSent));
  onClick($("link-again"), "link-problem", () => resend("link", "/register-email/resend", texts.linkSent));
  $("code-email").addEventListener("input", () => tell("code-sent", "")); // it was to another
  for (const button of document.querySelectorAll("[data-reveals]")) button.addEventListener("click", () => reveal(button));

  async function login(typed) {
    const answer = await ask("/auth/login", { ...typed, ...device() });
    if (answer.code === "TWOFA_REQUIRED") {
      const { challenge_id, expires_in } = answer.data;
      setChallenge({ id: challenge_id, until: Date.now() + expires_in * 1000, email: typed.email });
      setRest("challenge-form", 0); // who was told to wait there may have been another person
      go("challenge");
    }
    if (answer.code === "LOGIN_SUCCESS") welcome(answer.data.access_token, answer.message);
    return answer;
  }

  async function answerChallenge(typed) {
    const answer = await ask("/auth/login/2fa", { ...typed, challenge_id: challenge().id, device_id: device().device_id });
    if (answer.code === "LOGIN_SUCCESS") welcome(answer.data.access_token, answer.message);
    if (answer.code !== "TWOFA_CHALLENGE_EXPIRED") return answer;
    setChallenge({ email: challenge().email });
    go("login", answer.message);
  }

  async function choose(typed) {
    const answer = await ask("/register-email-code/set-password", { email: joining(), code, ...typed, ...device() });
    if (answer.code === "TOKEN_ISSUED") welcome(answer.access_token, texts.welcome);
    if (answer.code !== "OTP_EXPIRED" && answer.code !== "OTP_INVALID") return answer;
    backToCode(answer);
  }
}

async function join({ email, by }) {
  const answer = by === "link" ? await ask("/auth/register-email", { email }) : await ask("/register-email-code/send", { email });
  if (!answer.ok) return answer;
  setJoining(email);
  $("join-email", HTMLInputElement).value = email; // who typed on meanwhile is told of what was sent
  await go(by);
  coolDown($(by + "-again"), answer.wait);
}

async function resend(by, path, sent) {
  tell(by + "-sent", "");
  const mine = turn;
  const asked = $("code-email", HTMLInputElement), email = joining() || bare(asked);
  const answer = email ? await post(path, { email }) : { ok: false, errors: { email: [asked.dataset.missing] } };
  if (mine !== turn) return;
  if (!joining() && bare(asked) !== email) return { ...answer, message: "", errors: {} }; // they are about another by now
  if (answer.ok) {
    tell(by + "-sent", sent);
    clear($("code-code")); // it was the one before
  }
  if (!joining() && answer.errors?.email) return explain($("code-form", HTMLFormElement), answer);
  return answer;
}

async function checkCode(typed) {
  tell("code-sent", "");
  const email = joining() || typed.email;
  const answer = await ask("/register-email-code/verify", { ...typed, email });
  if (answer.code !== "OTP_VALID") return answer;
  setJoining(email);
  code = typed.code;
  go("choose");
}

async function backToCode(answer) {
  code = "";
  await go("code");
  explain($("code-form", HTMLFormElement), answer);
}

// views are what is to be done before each is shown, or which to show instead.
export const views = {
  login() {},
  join() {},
  challenge() {
    const { id, until } = challenge();
    if (!id) return { instead: "login" };
    if (Date.now() > until) return { instead: "login", because: texts.challengeOver };
  },
  code() {
    tell("code-sent", "");
    const who = $("code-who").textContent = joining();
    $("code").dataset.address = who;
    $("code-known").hidden = !who;
    $("code-asked").hidden = Boolean(who); // in another tab, say: there they tell it once more
  },
  choose() {
    if (!code) return { instead: "code", because: texts.codeOnceMore };
    $("choose-who").textContent = $("choose-user").value = $("choose").dataset.address = joining();
  },
  link() {
    if (!joining()) return { instead: "join" };
    tell("link-sent", "");
    tell("link-problem", "");
    $("link-who").textContent = joining();
    $("link").dataset.address = joining();
  },
};

// leave forgets what was typed on the way in, before a view is shown. A code is needed once
// more, where the password is chosen. The address goes along to who took the one way for the
// other, to who changes it or has a code already, and back to the login from its second factor:
// from the join view Forward leads to the code again, and from the login nobody goes on.
export function leave(view) {
  turn++;
  if (view !== "choose") code = "";
  const from = { login: ["join-email", "code-email"], join: ["login-email", "code-email"], code: ["join-email"] }[view] || [];
  const typed = from.map((id) => bare($(id, HTMLInputElement))).find(Boolean) || "";
  if (view === "code" && typed && typed !== joining()) setJoining(""); // they have a code for another
  const email = typed || joining() || (view === "login" && (challenge().email || owner)) || "";
  if (!["join", "code", "choose", "link"].includes(view)) setJoining("");
  if (view === "login" && !(challenge().until > Date.now())) setChallenge(null);
  if (view !== "login") owner = view === "challenge" ? bare($("login-email", HTMLInputElement)) : "";
  for (const form of ["login-form", "challenge-form", "join-form", "code-form", "choose-form"]) empty(form);
  if (from.length > 0) $(view + "-email", HTMLInputElement).value = email;
  for (const button of document.querySelectorAll("[data-reveals]")) reveal(button, false);
}

function reveal(button, visible = button.getAttribute("aria-pressed") !== "true") {
  button.setAttribute("aria-pressed", String(visible));
  for (const id of button.dataset.reveals.split(" ")) $(id).type = visible ? "text" : "password";
}
