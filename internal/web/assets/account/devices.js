// Where somebody is logged in, and logging out from afar.
import { get, post } from "./api.js";
import { named } from "./countries.js";
import { onClick } from "./form.js";
import { $, announce, fill, momentOf, sure, tell, texts } from "./page.js";

let list = [], loggedOut;

// prepare is given what to do once this device is logged out.
export function prepare(out) {
  loggedOut = out;
  onClick($("others-out"), "devices-problem", leaveOthers);
}

export async function enter() {
  tell("devices-problem", "");
  tell("devices-done", "");
  const answer = await get("/auth/devices");
  if (answer.ok) present(answer.data.devices);
  return answer;
}

// forget leaves nothing of the person in the page.
export function forget() {
  tell("devices-problem", "");
  tell("devices-done", "");
  present([]);
}

function present(devices) {
  list = devices;
  $("devices-list").replaceChildren(...list.map(card));
  $("others-out").hidden = list.every((d) => d.is_current);
}

function card(device) {
  const item = $("device", HTMLTemplateElement).content.cloneNode(true).firstElementChild;
  const put = (name, text) => { for (const place of item.querySelectorAll("[data-put=" + name + "]")) place.textContent = text; };
  const isPhone = /ios|android|phone|mobile/i.test(device.device_type) || /iPhone|Android/.test(device.device_name);
  item.querySelector(isPhone ? ".computer" : ".phone").remove();
  put("name", device.device_name);
  put("place", [device.ip, device.country && named(device.country)].filter(Boolean).join(" · "));
  put("used", momentOf(device.last_used_at));
  put("since", momentOf(device.created_at));
  item.querySelector(".badge").hidden = !device.is_current;
  onClick(item.querySelector("button"), "devices-problem", () => leave(device));
  return item;
}

async function leave(device) {
  tell("devices-done", "");
  const answer = await post("/auth/logout-device", { device_id: device.device_id });
  if (answer.ok && device.is_current) return loggedOut(answer.message);
  if (!answer.ok && answer.code !== "DEVICE_NOT_FOUND") return answer;
  return again(fill(texts.deviceOut, { name: device.device_name }));
}

async function leaveOthers() {
  tell("devices-done", "");
  const others = list.filter((d) => !d.is_current);
  if (!await sure(texts.othersQuestion, fill(texts.othersDetail, { count: others.length }), texts.othersYes)) return;
  // Whoever is to be kept out may come back meanwhile: those are not in the list yet.
  for (let round = 0; round < 5 && list.some((d) => !d.is_current); round++) {
    const refused = await leaveEach(list.filter((d) => !d.is_current));
    const answer = await enter(); // which are out, and which are not
    if (refused || !answer.ok) return refused || answer;
    if ($("devices").hidden) return; // they went elsewhere
  }
  return done(list.some((d) => !d.is_current) ? texts.othersCame : texts.othersOut);
}

// leaveEach returns the first answer by which one is not out.
async function leaveEach(devices) {
  for (const { device_id } of devices) {
    const answer = await post("/auth/logout-device", { device_id });
    if (!answer.ok && answer.code !== "DEVICE_NOT_FOUND") return answer;
  }
}

// again shows the list anew, and says what has happened to it.
async function again(message) {
  const answer = await enter();
  done(message);
  return answer;
}

function done(message) {
  $("devices-title").focus();
  announce(message);
  tell("devices-done", message);
}
