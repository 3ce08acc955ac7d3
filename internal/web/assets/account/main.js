// The account portal: which view is shown, and who is logged in. The view stands behind
// the # of the address, so that back, reload and bookmarks do what people expect.
import { get, post, whenExpired } from "./api.js";
import * as enter from "./enter.js";
import { coolDown, onClick, retype, takeUpRests, typed } from "./form.js";
import { $, announce, dismiss, fill, lang, page, show, tell, texts } from "./page.js";
import * as devices from "./devices.js";
import * as profile from "./profile.js";
import * as security from "./security.js";
import * as store from "./store.js";

const inside = { profile: profile.enter, devices: devices.enter, security: security.enter };
const views = { ...enter.views, ...inside };
let shown = "", wanted = "", notice = "", turn = 0, led = false, before; // led to the account of another tab, and whose was shown before

if (!followLanguage(performance.getEntriesByType("navigation")[0]?.type === "back_forward")) start();
addEventListener("pageshow", ({ persisted }) => persisted && followLanguage(true));

// followLanguage goes on in the language that was chosen here before, unless the address
// asks for one, which is then the choice: not that of an entry of the history, which is of
// a choice before.
function followLanguage(fromHistory) {
  const asked = !fromHistory && new URLSearchParams(location.search).get("lang");
  const chosen = store.language();
  if (asked) store.setLanguage(lang);
  if (asked || !chosen || chosen === lang || !document.querySelector(`[data-lang="${CSS.escape(chosen)}"]`)) return false;
  location.replace("?lang=" + chosen + location.hash);
  return true;
}

async function start() {
  enter.prepare(go, welcome);
  profile.prepare();
  devices.prepare(loggedOut);
  security.prepare();
  whenExpired(() => {
    keepPlace();
    goOut(texts.expired, true);
  });
  store.watch(enterElsewhere, (expired) => {
    if (expired) keepPlace();
    else profile.discard();
    go("login", expired ? texts.expired : texts.elsewhere);
  });
  onClick($("leave"), "notice", logout);
  onClick($("retry"), "trouble-text", render);
  for (const a of document.querySelectorAll("[data-lang]")) a.addEventListener("click", takeAlong);
  addEventListener("hashchange", render);
  addEventListener("pagehide", profile.store);
  document.addEventListener("visibilitychange", () => { if (document.hidden) profile.store(); }); // a phone may tell no more
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // what stands behind the # is a view
    page.focus();
  });
  await store.inherit();
  led = Object.hasOwn(enter.views, hashView());
  render();
}

// go shows a view, and says on it what led there.
function go(view, message = "") {
  notice = message;
  if (location.hash !== "#/" + view) history.pushState(null, "", "#/" + view);
  return render();
}

function welcome(token, message) {
  store.begin(token);
  const view = wanted || "profile";
  wanted = "";
  go(view, message);
}

// enterElsewhere goes on with the token of another tab, which may be that of somebody else.
function enterElsewhere() {
  const view = wanted;
  wanted = "";
  led = true;
  before = profile.whose();
  profile.withhold();
  forgetWho();
  return view ? go(view) : render();
}

// takeAlong keeps what was typed on the way in for the page in another language, once this one
// is left for it: a link may be opened in another tab. The profile keeps what was changed in it
// by itself. Back leads to the view before, and not to the language before.
function takeAlong(event) {
  if (!shown || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  location.replace(event.currentTarget.href);
  const view = shown;
  if (!(view in inside)) addEventListener("pagehide", () => store.setTyped({ view, values: typed($(view)) }), { once: true });
}

// logout is done here whatever becomes of it on the server.
async function logout() {
  const owner = store.token();
  const answer = await post("/auth/logout", undefined, 5);
  if (store.token() === owner) loggedOut(answer.ok ? answer.message : texts.leftOpen);
}

function loggedOut(message) {
  profile.discard();
  goOut(message);
}

function goOut(message, expired = false) {
  store.end(expired);
  go("login", message);
}

// keepPlace has who logs in again go on where they were.
function keepPlace() {
  profile.keep();
  const view = hashView();
  wanted = view in inside ? view : "";
}

// render shows the view of the address, or the one that has to come before it. Where
// another is asked for meanwhile, that one is shown.
async function render() {
  const mine = ++turn;
  const view = permitted(hashView());
  dismiss();
  if (shown !== view) enter.leave(view);
  if (!(view in inside)) forgetWho();
  security.forget(view);
  page.setAttribute("aria-busy", "true");
  let late = false;
  const patience = setTimeout(() => { // with the bar of portal.css
    late = mine === turn;
    if (late) announce(texts.loading);
  }, 400);
  const answer = await prepared(view).catch((fault) => {
    console.error(fault);
    return { ok: false, code: "", message: texts.fault };
  });
  clearTimeout(patience);
  if (mine !== turn) return;
  page.removeAttribute("aria-busy");
  if (answer?.instead) {
    notice ||= answer.because || "";
    history.replaceState(null, "", "#/" + answer.instead); // what cannot be shown is no place to come back to
    if (shown === answer.instead) enter.leave(shown); // it was left for what cannot be shown
    return render();
  }
  if (answer?.code === "UNAUTHENTICATED") return;
  if (answer && !answer.ok) return trouble(answer);
  if (led && view in inside && profile.whose() !== before) notice ||= fill(texts.already, { email: profile.whose() });
  if (location.hash !== "#/" + view) history.replaceState(null, "", "#/" + view);
  display(view, late);
}

const hashView = () => location.hash.slice(2);

function forgetWho() {
  profile.forget();
  devices.forget();
}

// permitted is the view that may be shown to who is there.
function permitted(view) {
  if (!Object.hasOwn(views, view)) return store.token() ? "profile" : "login";
  if (view in inside && !store.token()) {
    wanted = view;
    return "login";
  }
  return !(view in inside) && store.token() ? "profile" : view;
}

async function prepared(view) {
  if (!(view in inside)) return views[view]();
  const me = await get("/me");
  return me.ok ? views[view](me.data) : me;
}

function trouble(answer) {
  tell("trouble-text", answer.message);
  tell("notice", "");
  frame(Boolean(store.token()), "");
  show("trouble");
  coolDown($("retry"), answer.wait || 0);
  return answer;
}

// display leads who was told to wait for the first view to it, unless they are somewhere by then.
function display(view, late) {
  const first = shown === "" && $("trouble").hidden, again = !$(view).hidden; // who is in it stays where they are
  const waits = late && [document.body, page].includes(document.activeElement);
  shown = view;
  frame(view in inside, view);
  tell("notice", notice);
  show(view, { focus: !again && (!first || waits) || notice !== "" });
  const kept = store.takeTyped();
  if (kept.view === view) retype($(view), kept.values);
  takeUpRests(document); // what stands over the page, too, may have waited for who was here before
  if (notice) announce(notice);
  notice = "";
  led = false;
}

// frame is what stands around the views: for who is logged in the way to the others.
function frame(isIn, view) {
  document.body.classList.toggle("in", isIn);
  $("nav").hidden = $("leave").hidden = !isIn;
  for (const a of $("nav").querySelectorAll("a")) {
    if (a.hash === "#/" + view) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  for (const a of document.querySelectorAll("[data-lang]")) a.href = "?lang=" + a.dataset.lang + location.hash;
}
