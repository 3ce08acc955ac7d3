// The page: finding its elements, showing one view at a time, and telling what happened.
import { token } from "./store.js";

// $ finds an element of the page, once and of the kind that is asked for. Any other was
// put in by somebody else, and what it says or is called must not steer the scripts.
export function $(id, kind = HTMLElement) {
  const [found, another] = document.querySelectorAll("#" + CSS.escape(id));
  if (another || !(found instanceof kind)) throw new TypeError("#" + id + " is not that of the page");
  return found;
}

export const page = $("page");
export const lang = document.documentElement.lang;

// texts are the words that scripts need; all others stand in the page.
export const texts = page.dataset;

// fill puts values into a text.
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// show brings up a view in place of the one before and of what was opened over that
// meanwhile, and leads people there who do not see it come.
export function show(name, { focus = true } = {}) {
  dismiss();
  hush(); // it was about another view
  for (const section of page.querySelectorAll(":scope > section")) section.hidden = section.id !== name;
  const title = $(name + "-title");
  document.title = title.textContent + " · Flowxi";
  if (!focus) return;
  scrollTo(0, 0);
  title.focus({ preventScroll: true });
}

// tell writes a message where there is room for one, or takes it away.
export function tell(id, message) {
  const place = $(id);
  place.textContent = message;
  place.hidden = message === "";
}

// announce has a screen reader say what can be seen anyway. Then it is gone: who reads the
// page later would find what may be true no more.
export function announce(message) {
  hush();
  pending = setTimeout(() => { $("announcer").textContent = message; });
  silence = setTimeout(hush, announced);
}
let pending, silence;
const announced = 10000; // in ms, in which it has been said

// hush takes back what was announced, once something else is asked for.
export function hush() {
  clearTimeout(pending);
  clearTimeout(silence);
  $("announcer").textContent = "";
}

const day = new Intl.DateTimeFormat(lang, { dateStyle: "long" });
const moment = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
export const dayOf = (time) => day.format(new Date(time));
export const momentOf = (time) => moment.format(new Date(time));

// dismiss shuts what stands over the page, as somebody does who thinks better of it.
export function dismiss() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close("");
}

// sure asks before something that cannot be undone, and resolves to whether to do it: only
// where who answered is who was asked.
export function sure(question, detail, doIt) {
  const dialog = $("sure", HTMLDialogElement);
  $("sure-title").textContent = question;
  $("sure-text").textContent = detail;
  $("sure-yes").textContent = doIt;
  dialog.returnValue = "";
  const asked = token();
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" && token() === asked), { once: true });
  });
}
