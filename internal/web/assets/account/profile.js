// The profile: what people say of themselves, and their photo.
import { get, patch, remove, upload } from "./api.js";
import * as countries from "./countries.js";
import * as crop from "./crop.js";
import { empty, onClick, onSubmit, values } from "./form.js";
import { $, announce, dayOf, hush, sure, tell, texts } from "./page.js";
import { setDraft, takeDraft, token } from "./store.js";

const details = ["first_name", "last_name", "birth_date", "country", "nationality", "phone_number"];
let me = {}, draft = {};
let turn = 0; // of pictures: one that is read late is of a turn before
let shown = 0; // how often a photo was shown that had come or gone
let saving = new AbortController();

// whose is the address of who is shown.
export const whose = () => me.email;

const input = (name) => $("profile-" + name.replace("_", "-"));

export function prepare() {
  draft = takeDraft();
  countries.offer(input("country"), 2);
  countries.offer(input("nationality"), 3);
  input("birth_date").max = new Date().toISOString().slice(0, 10);
  onSubmit("profile-form", save);
  $("profile-form").addEventListener("input", () => {
    tell("saved", "");
    if ($("profile-form-problem").textContent === texts.unsaved && changes(values($("profile-form"))).length === 0) tell("profile-form-problem", "");
  });
  $("photo-file").addEventListener("change", choose);
  onClick($("photo-remove"), "photo-problem", removePhoto);
  onClick($("crop-save"), "crop-problem", savePhoto);
  $("crop-cancel").addEventListener("click", () => $("crop", HTMLDialogElement).close());
  $("crop", HTMLDialogElement).addEventListener("close", () => {
    saving.abort();
    crop.forget();
  });
}

export function enter(person) {
  keep(); // the form has it while another view is shown
  const kept = draft.of === person.email ? draft.typed : {};
  draft = {};
  me = person;
  turn++;
  empty("profile-form");
  tell("saved", "");
  tell("photo-problem", "");
  for (const name of details) input(name).value = kept[name] ?? me[name] ?? "";
  if (details.some((name) => name in kept && kept[name] !== (me[name] ?? ""))) tell("profile-form-problem", texts.unsaved);
  present();
}

// keep holds what was typed and not saved, for who typed it, be the form in sight or not. Half
// a date has no value yet: it would be taken for none later.
export function keep() {
  if (!me.email) return;
  const whole = details.filter((name) => !input(name).validity.badInput);
  const typed = Object.fromEntries(whole.map((name) => [name, input(name).value]));
  const changed = changes(typed).filter((name) => whole.includes(name));
  draft = { of: me.email, typed: Object.fromEntries(changed.map((name) => [name, typed[name]])) };
}

// withhold keeps it out of the storage of the tab too, where somebody else may be logged in by
// now. It is theirs no longer once another profile is shown.
export function withhold() {
  keep();
  draft.withheld = true;
}

// store has the draft outlive the page, for as long as its owner is logged in.
export function store() {
  keep();
  setDraft(token() && !draft.withheld && Object.keys(draft.typed || {}).length > 0 ? draft : null);
}

// discard forgets what keep holds.
export function discard() { draft = {}; }

// forget leaves nothing of the person in the page but what keep holds.
export function forget() {
  me = {};
  empty("profile-form");
  for (const id of ["me-name", "me-username", "me-since", "initials"]) $(id).textContent = "";
  for (const id of ["me-email", "saved", "photo-problem"]) tell(id, "");
  $("photo", HTMLImageElement).removeAttribute("src");
}

function present() {
  const name = [me.first_name, me.last_name].filter(Boolean).join(" ");
  $("me-name").textContent = name || me.email;
  tell("me-email", name ? me.email : "");
  $("me-username").textContent = me.username;
  $("me-since").textContent = dayOf(me.created_at);
  $("initials").textContent = ([me.first_name, me.last_name].map((n) => [...n || ""][0] || "").join("") || me.email[0]).toUpperCase();
  const photo = $("photo", HTMLImageElement);
  photo.hidden = $("photo-remove").hidden = !me.photo_url;
  $("initials").hidden = Boolean(me.photo_url);
  if (me.photo_url) photo.src = me.photo_url;
  else photo.removeAttribute("src");
}

const changes = (typed) => details.filter((name) => typed[name] !== (me[name] ?? ""));

// save sends what has changed, and null for what was taken out. What is typed while that is
// on its way stays, and is a change against what comes back.
async function save(typed) {
  const asked = me, changed = changes(typed);
  if (changed.length === 0) return void tell("saved", texts.unchanged);
  const answer = await patch("/me", Object.fromEntries(changed.map((name) => [name, typed[name] || null])));
  if (!answer.ok) return answer;
  const given = me === asked ? typed : me; // the form may have been filled anew
  me = { ...me, ...answer.data };
  present();
  for (const name of details) if (input(name).value === (given[name] ?? "")) fill(name);
  if (changes(values($("profile-form"))).length === 0) tell("profile-form-problem", "");
  tell("saved", answer.message);
}

// fill leaves alone what is right already: a date that is half typed has no value yet.
function fill(name) {
  const value = me[name] ?? "";
  if (input(name).value !== value) input(name).value = value;
}

// choose opens a picture only where who chose it still waits for it.
async function choose({ target }) {
  const [file] = target.files;
  target.value = ""; // so that the same file can be chosen again
  tell("photo-problem", "");
  if (!file) return;
  hush();
  tell("saved", "");
  const mine = ++turn, owner = token();
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (mine !== turn || token() !== owner || $("profile").hidden) return void bitmap?.close();
  if (!bitmap) return tell("photo-problem", texts.unreadable);
  crop.open(bitmap);
  tell("crop-problem", "");
  $("crop", HTMLDialogElement).showModal();
}

async function savePhoto() {
  const owner = token();
  const { signal } = saving = new AbortController();
  const picture = await crop.picture();
  if (signal.aborted || token() !== owner) return;
  const answer = await upload("/me/photo", "photo", picture, signal);
  if (signal.aborted) return void seeWhich(owner); // they thought better of it, and may be at another picture
  if (!answer.ok) return answer;
  $("crop", HTMLDialogElement).close();
  renew(answer);
}

// seeWhich shows the photo that there is, where the server may have taken one that was
// cancelled.
async function seeWhich(owner) {
  const mine = shown;
  for (const later of [0, 3000]) { // in ms: it may be at it still
    await new Promise((resolve) => setTimeout(resolve, later));
    if (token() !== owner) return;
    const answer = await get("/me");
    if (!answer.ok || mine !== shown || token() !== owner) return;
    me.photo_url = answer.data.photo_url;
    present();
  }
}

async function removePhoto() {
  tell("saved", "");
  if (!await sure(texts.photoQuestion, texts.photoDetail, texts.photoYes)) return;
  const answer = await remove("/me/photo");
  if (!answer.ok) return answer;
  renew(answer);
  $("photo-file").focus();
}

function renew(answer) {
  shown++;
  me.photo_url = answer.data.photo_url;
  present();
  announce(answer.message);
}
