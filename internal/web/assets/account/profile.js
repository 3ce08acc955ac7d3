// The profile: what people say of themselves, and their photo.
import { patch, remove, upload } from "./api.js";
import * as countries from "./countries.js";
import * as crop from "./crop.js";
import { onClick, onSubmit } from "./form.js";
import { $, announce, dayOf, sure, tell, texts } from "./page.js";

const details = ["first_name", "last_name", "birth_date", "country", "nationality", "phone_number"];
let me = {};

const input = (name) => $("profile-" + name.replace("_", "-"));

export function prepare() {
  countries.offer(input("country"), 2);
  countries.offer(input("nationality"), 3);
  input("birth_date").max = new Date().toISOString().slice(0, 10);
  onSubmit("profile-form", save);
  $("profile-form").addEventListener("input", () => tell("saved", ""));
  $("photo-file").addEventListener("change", choose);
  onClick($("photo-remove"), "photo-problem", removePhoto);
  onClick($("crop-save"), "crop-problem", savePhoto);
  $("crop-cancel").addEventListener("click", () => $("crop", HTMLDialogElement).close());
  $("crop", HTMLDialogElement).addEventListener("close", crop.forget);
}

export function enter(person) {
  me = person;
  tell("saved", "");
  tell("photo-problem", "");
  for (const name of details) input(name).value = me[name] ?? "";
  present();
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

// save sends what has changed, and null for what was taken out.
async function save(typed) {
  const changed = details.filter((name) => typed[name] !== (me[name] ?? ""));
  if (changed.length === 0) return void tell("saved", texts.unchanged);
  const answer = await patch("/me", Object.fromEntries(changed.map((name) => [name, typed[name] || null])));
  if (!answer.ok) return answer;
  enter({ ...me, ...answer.data });
  tell("saved", answer.message);
}

async function choose({ target }) {
  const [file] = target.files;
  target.value = ""; // so that the same file can be chosen again
  tell("photo-problem", "");
  if (!file) return;
  if (!await crop.open(file)) return tell("photo-problem", texts.unreadable);
  tell("crop-problem", "");
  $("crop", HTMLDialogElement).showModal();
}

async function savePhoto() {
  const answer = await upload("/me/photo", "photo", await crop.picture());
  if (!answer.ok) return answer;
  $("crop", HTMLDialogElement).close();
  renew(answer);
}

async function removePhoto() {
  if (!await sure(texts.photoQuestion, texts.photoDetail, texts.photoYes)) return;
  const answer = await remove("/me/photo");
  if (!answer.ok) return answer;
  renew(answer);
  $("photo-file").focus();
}

function renew(answer) {
  me = { ...me, photo_url: answer.data.photo_url };
  present();
  announce(answer.message);
}
