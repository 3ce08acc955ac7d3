// Forms: what a person typed goes out, errors come back to the field that they are about,
// and a button rests while a request is on its way or the server asks for patience.
import { $, announce, fill, hush, tell, texts } from "./page.js";
import { restsUntil, setRest } from "./store.js";

// onSubmit has a form send itself: work gets its values by name, asks the server, and
// returns the answer. What is no success is shown here, unless work returns nothing.
export function onSubmit(id, work) {
  const form = $(id, HTMLFormElement);
  form.addEventListener("input", ({ target }) => {
    clear(target);
    if (target.type !== "email") return;
    // What was said of the rest was said with another address, which has limits of its own too.
    // That something is missing is as true as before.
    inputs(form).filter((i) => i.value !== "").forEach(clear);
    tell(id + "-problem", "");
    takeUpRests(form.closest("section"));
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    if (isResting(button)) return announce(button.textContent);
    clearAll(form);
    tell("notice", "");
    hush();
    if (complainOfMissing(form)) return;
    const address = addressIn(form);
    const answer = await rest(button, () => work(values(form)));
    if (form.closest("[hidden]") || addressIn(form) !== address) return; // they are elsewhere by now, or about another
    if (answer?.message && !answer.ok) explain(form, answer);
  });
}

// onClick has a button do something once at a time. Where it fails, problem is the id of
// the place for the reason.
export function onClick(button, problem, work) {
  button.addEventListener("click", async () => {
    if (isResting(button)) return;
    tell(problem, "");
    tell("notice", "");
    hush();
    const answer = await rest(button, work);
    if (answer && !answer.ok) tell(problem, sentences(answer));
  });
}

// values are what was typed, by the names of the contract.
export function values(form) {
  const all = {};
  for (const input of asked(form)) {
    if (input.type === "radio" && !input.checked) continue;
    all[input.name] = bare(input);
  }
  return all;
}

// bare is what was typed, without what comes along where it was copied and nobody sees, or
// stands between the digits of a code.
export function bare({ name, type, value }) {
  if (name === "code") return value.normalize("NFKC").replace(/\D/g, ""); // some keyboards have wide digits
  return type === "email" ? value.replace(/\p{Cf}/gu, "") : value;
}

const inputs = (form) => [...form.querySelectorAll("input[name], select[name]")];
const asked = (form) => inputs(form).filter((i) => !i.closest("[hidden]"));

function complainOfMissing(form) {
  for (const input of asked(form)) {
    if (input.required && bare(input) === "") complain(input, input.dataset.missing || texts.missing);
    if (input.dataset.incomplete && input.validity.badInput) complain(input, input.dataset.incomplete); // its value is empty
  }
  const [password, confirmation] = ["password", "password_confirmation"].map((name) => inputs(form).find((i) => i.name === name));
  if (confirmation?.value && password.value && confirmation.value !== password.value) complain(confirmation, texts.mismatch);
  return focusFirstWrong(form);
}

// explain puts errors at their fields, and those of fields that are not in the form above it.
export function explain(form, answer) {
  const elsewhere = [];
  let placed = false;
  for (const [field, messages] of Object.entries(answer.errors || {})) {
    const input = inputs(form).find((i) => i.name === field);
    if (input) complain(input, messages.join(" "));
    else elsewhere.push(...messages);
    placed ||= Boolean(input);
  }
  const blamed = inputs(form).find((i) => i.dataset.blame?.split(" ").includes(answer.code));
  if (blamed) complain(blamed, answer.message);
  else if (elsewhere.length > 0) tell(form.id + "-problem", elsewhere.join(" "));
  else if (!placed) tell(form.id + "-problem", answer.message);
  if (!focusFirstWrong(form)) form.querySelector("[type=submit]").focus();
}

function complain(input, message) {
  input.setAttribute("aria-invalid", "true");
  tell(input.id + "-error", message);
}

function focusFirstWrong(form) {
  const wrong = inputs(form).filter((i) => i.getAttribute("aria-invalid") === "true");
  if (wrong.length === 0) return false;
  wrong[0].focus();
  if (wrong[0].type === "password") wrong[0].select();
  announce(wrong.map((i) => $(i.id + "-error").textContent).join(" "));
  return true;
}

export function clear(input) {
  if (input.getAttribute("aria-invalid") !== "true") return;
  input.removeAttribute("aria-invalid");
  tell(input.id + "-error", "");
}

function clearAll(form) {
  for (const input of inputs(form)) clear(input);
  tell(form.id + "-problem", "");
}

// Names of what is not for keeping. The type of an input tells less: a password that is shown
// is text.
const secrets = ["password", "password_confirmation", "code"];

// typed is what was typed in a part of the page, by the ids of the inputs, save secrets.
export function typed(part) {
  const kept = inputs(part).filter((i) => !secrets.includes(i.name) && (i.type !== "radio" || i.checked));
  return Object.fromEntries(kept.map((i) => [i.id, i.value]));
}

// retype puts it back.
export function retype(part, values) {
  for (const input of inputs(part)) {
    if (!Object.hasOwn(values, input.id)) continue;
    if (input.type === "radio") input.checked = true;
    else input.value = values[input.id];
  }
}

// empty takes away what was typed into a form, secrets above all.
export function empty(id) {
  const form = $(id, HTMLFormElement);
  form.reset();
  clearAll(form);
}

// sentences is all that an answer says, for where there are no fields.
export function sentences(answer) {
  const details = Object.values(answer.errors || {}).flat();
  return details.length > 0 ? details.join(" ") : answer.message;
}

const isResting = (button) => button.getAttribute("aria-disabled") === "true";

// rest holds a button until the work is done, and then for as long as the server asks for.
// The button keeps the focus all the while. Where the work did something and a limit is
// used up by that, a button with data-pace waits too.
async function rest(button, work) {
  const key = keyOf(button);
  keepLabel(button);
  button.setAttribute("aria-disabled", "true");
  if (button.dataset.busy) button.textContent = button.dataset.busy;
  let answer;
  try {
    answer = await work();
  } catch (fault) { // the page cannot go on: it says so, and can be tried again
    console.error(fault);
    answer = { ok: false, code: "", message: texts.fault, wait: 0 };
  }
  coolDown(button, answer && (!answer.ok || "pace" in button.dataset) ? answer.wait : 0, key);
  return answer;
}

// keyOf is what a button is known by after a reload. In a view that asks for an address, or
// is about one, it waits for that address alone. Some buttons are not to be told apart, and
// known by nothing.
function keyOf(button) {
  const view = button.closest("section");
  const address = view && addressIn(view) || view?.dataset.address || "";
  const name = button.id || button.type === "submit" && button.form.id;
  return name ? (name + " " + address).trim() : "";
}

// addressIn is the address that is typed in a part of the page.
function addressIn(part) {
  const input = asked(part).find((i) => i.type === "email");
  return input ? bare(input).trim().toLowerCase() : "";
}

// coolDown has a button wait before it may be pressed again: under its key, which may be
// that of another address by now.
export function coolDown(button, seconds, key = keyOf(button)) {
  const until = Date.now() + seconds * 1000;
  if (key) setRest(key, until);
  countDown(button, key === keyOf(button) ? until : restsUntil(keyOf(button)));
}

// takeUpRests has the buttons of a part wait for what they waited for before, save those
// whose work is under way.
export function takeUpRests(part) {
  for (const button of part.querySelectorAll("button")) {
    const until = restsUntil(keyOf(button));
    if (timers.has(button) || until > Date.now() && !isResting(button)) countDown(button, until);
  }
}

function keepLabel(button) {
  if (!labels.has(button)) labels.set(button, [...button.childNodes]);
}

// countDown shows the seconds on a button.
function countDown(button, until) {
  keepLabel(button);
  clearTimeout(timers.get(button));
  const count = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left > 0) {
      button.setAttribute("aria-disabled", "true");
      button.textContent = fill(button.dataset.again || texts.again, { time: clock(left) });
      timers.set(button, setTimeout(count, 250));
      return;
    }
    timers.delete(button);
    button.removeAttribute("aria-disabled");
    button.replaceChildren(...labels.get(button));
  };
  count();
}

const timers = new WeakMap(), labels = new WeakMap();

// clock is a time to wait: to the second where somebody may stay for it.
function clock(seconds) {
  if (seconds < 60) return seconds + " s";
  if (seconds >= 3600) return Math.ceil(seconds / 3600) + " h";
  return Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
}
