// Finishes a registration: takes the token out of the address, asks for a password,
// and sends both. Nothing is sent before the person submits the form.
"use strict";

(() => {
  // $ finds an element of the page, once and of the kind that the page has there. Any other
  // was put in by somebody else, and what it says or is called must not steer the script.
  // It is alike in every script: a page loads one, which leaves no name in the window.
  const kinds = new Map([
    ["form", HTMLFormElement],
    ["username", HTMLInputElement], ["password", HTMLInputElement], ["confirmation", HTMLInputElement],
    ["show", HTMLButtonElement], ["submit", HTMLButtonElement], ["resend", HTMLButtonElement],
  ]);
  const $ = (id) => {
    const [found, another] = document.querySelectorAll("#" + CSS.escape(id));
    if (another || !(found instanceof (kinds.get(id) || HTMLElement))) throw new TypeError("#" + id + " is not that of the page");
    return found;
  };
  const page = $("page");
  const texts = page.dataset;
  const lang = document.documentElement.lang;

  const link = takeLink();
  prepareLanguages();
  prepareWays(link.email);
  if (isWhole(link)) {
    chooseAPassword();
  } else if (link.mark === "spent" && link.email) {
    offerAnother("");
    if (link.sent) tell("renewed", texts.renewed);
    coolDown($("resend"), texts.renew, (link.rest - Date.now()) / 1000);
  } else if (link.mark === "done") {
    $("done-account").hidden = true; // whose it is, is forgotten
    show("done");
  } else {
    const words = new Map([["taken", "reopen"], ["spent", "again"]]);
    show(words.get(link.mark) || "incomplete");
  }

  // isWhole is whether nothing was cut off (contract section 6), as far as can be seen.
  function isWhole({ token, email }) {
    return /^[0-9a-f]{64}$/.test(token) && /^[^@]+@[^@\s]+\.[^@\s]+$/.test(email);
  }

  // takeLink reads the token and the e-mail and takes them out of the address bar, so
  // that they are neither bookmarked nor shared, nor kept with an entry of the history but
  // that of the mailed link. A reload asks for the link once more, or where it has been
  // used, says so: the entry has a mark of that. A change of language brings all of it in
  // the memory of the tab; where the browser has none, or the page is opened in another
  // tab, the link comes in the fragment, which is not sent to any server, without whether
  // another was sent.
  function takeLink() {
    const address = new URL(location.href);
    const fragment = new URLSearchParams(address.hash.slice(1));
    const handed = new URLSearchParams(takeHanded());
    const find = (name) => address.searchParams.get(name) || fragment.get(name) || handed.get(name) || "";
    const found = { token: find("token"), email: find("email").trim(), mark: history.state || handed.get("mark") || fragment.get("mark") || "" };
    found.sent = handed.get("sent") || "";
    found.rest = Number(handed.get("rest")); // in ms, until when another may not be asked for
    if (isWhole(found)) found.mark = "taken";
    const chosen = address.searchParams.get("lang");
    history.replaceState(found.mark, "", address.pathname + (chosen ? "?lang=" + encodeURIComponent(chosen) : ""));
    return found;
  }

  function prepareLanguages() {
    addressLanguages();
    for (const a of document.querySelectorAll("[data-lang]")) {
      a.addEventListener("click", (event) => {
        if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        try {
          sessionStorage.setItem("flowxi.link", String(new URLSearchParams(link)));
        } catch {
          return; // by the fragment, then
        }
        event.preventDefault();
        location.replace("?lang=" + a.dataset.lang); // Back leads to the page before
      });
    }
  }

  // addressLanguages gives the links the link to take along.
  function addressLanguages() {
    const { token, email, mark } = link;
    for (const a of document.querySelectorAll("[data-lang]")) a.href = "?lang=" + a.dataset.lang + "#" + new URLSearchParams({ token, email, mark });
  }

  // prepareWays has the portal, which the page leads to, know whose link it was, and not who
  // began to register in this tab before.
  function prepareWays(email) {
    for (const a of page.querySelectorAll("a")) {
      a.addEventListener("click", () => {
        try {
          if (email) sessionStorage.setItem("flowxi.joining", email);
          else sessionStorage.removeItem("flowxi.joining");
        } catch {
          // the portal asks for it, then
        }
      });
    }
  }

  function takeHanded() {
    try {
      const handed = sessionStorage.getItem("flowxi.link") || "";
      sessionStorage.removeItem("flowxi.link");
      return handed;
    } catch {
      return "";
    }
  }

  function show(name) {
    for (const section of page.querySelectorAll("section")) section.hidden = section.id !== name;
    document.title = $(name + "-title").textContent + " · Flowxi";
  }

  // chooseAPassword shows the form last: one that nobody listens to is never seen.
  function chooseAPassword() {
    $("who").textContent = link.email;
    $("username").value = link.email;
    $("password").addEventListener("input", () => { clear("password"); judge(); });
    $("confirmation").addEventListener("input", () => clear("confirmation"));
    $("show").addEventListener("click", reveal);
    $("form").addEventListener("submit", submit);
    show("choose");
  }

  function reveal() {
    const visible = $("password").type === "text";
    for (const id of ["password", "confirmation"]) $(id).type = visible ? "password" : "text";
    $("show").textContent = visible ? texts.show : texts.hide;
  }

  // judge says what can be said here: the length, as the server counts it, and two
  // plain mistakes. The server decides.
  function judge() {
    rate(...opinion($("password").value.normalize("NFKC")));
  }

  function rate(level, text) {
    $("strength").dataset.level = level;
    $("live").textContent = text;
  }

  function opinion(password) {
    const letters = [...password];
    const count = (text) => text.replace("{count}", letters.length);
    if (letters.length === 0) return [0, ""];
    if (letters.length < 8) return [1, count(texts.short)];
    if (letters.length > 128) return [1, count(texts.long)];
    if (password.toLowerCase() === link.email.toLowerCase()) return [1, texts.email];
    if (new Set(letters).size < 4) return [1, texts.repeated];
    if (letters.length < 14) return [2, texts.enough + " " + texts.note];
    return [3, texts.good + " " + texts.note];
  }

  async function submit(event) {
    event.preventDefault();
    if (isWaiting($("submit"))) return;
    const password = $("password").value;
    clearAll();
    if (refuseHere(password, $("confirmation").value)) return;
    const answer = await send($("submit"), texts.submit, texts.sending, "/api/v1/auth/register/set-password", {
      token: link.token, email: link.email, password: password, password_confirmation: $("confirmation").value,
    });
    finish(answer);
  }

  function refuseHere(password, confirmation) {
    if (password === "") complain("password", texts.missingPassword);
    if (confirmation === "") complain("confirmation", texts.missingConfirmation);
    else if (password !== "" && confirmation !== password) complain("confirmation", texts.mismatch);
    return focusFirstWrong();
  }

  function finish(answer) {
    switch (answer.body.code) {
      case "TOKEN_ISSUED": return done(answer.body.access_token);
      case "VALIDATION_FAILED": return explain(answer.body);
      case "MAGIC_LINK_EXPIRED":
      case "MAGIC_LINK_INVALID": return offerAnother(answer.body.message);
    }
    tell("problem", answer.body.message || texts.network);
    $("submit").focus();
  }

  // done forgets everything but whose the account is, for the way to the login. The token
  // that was issued is of no use here, since people log in from the app: it is given back, so
  // that none lives on that nobody holds.
  function done(token) {
    $("done-who").textContent = link.email;
    for (const id of ["username", "password", "confirmation"]) $(id).value = "";
    link.token = link.email = "";
    link.mark = "done";
    history.replaceState(link.mark, "");
    addressLanguages();
    if (token) {
      fetch("/api/v1/auth/logout", {
        method: "POST", credentials: "omit", keepalive: true, headers: { Authorization: "Bearer " + token, "X-App-Locale": lang },
      }).catch(() => {}); // it then ends by itself, unused
    }
    show("done");
    $("done-title").focus();
  }

  // explain puts errors at their fields, and those of fields that are not on the page
  // above the form.
  function explain(body) {
    const places = new Map([["password", "password"], ["password_confirmation", "confirmation"]]);
    const elsewhere = [];
    for (const [field, messages] of Object.entries(body.errors || {})) {
      if (places.has(field)) complain(places.get(field), messages.join(" "));
      else elsewhere.push(...messages);
    }
    if (elsewhere.length > 0) tell("problem", elsewhere.join(" "));
    if (focusFirstWrong()) return;
    if (elsewhere.length === 0) tell("problem", body.message);
    $("submit").focus();
  }

  function complain(id, message) {
    $(id).setAttribute("aria-invalid", "true");
    tell(id + "-error", message);
    if (id === "password") rate(0, ""); // one opinion at a time
  }

  function focusFirstWrong() {
    const first = ["password", "confirmation"].find((id) => $(id).getAttribute("aria-invalid") === "true");
    if (first) $(first).focus();
    return Boolean(first);
  }

  function clear(id) {
    $(id).removeAttribute("aria-invalid");
    tell(id + "-error", "");
  }

  function clearAll() {
    clear("password");
    clear("confirmation");
    tell("problem", "");
  }

  function tell(id, message) {
    $(id).textContent = message;
    $(id).hidden = message === "";
  }

  // offerAnother takes the place of a link that is good no longer, in another language too.
  function offerAnother(reason) {
    link.token = "";
    link.mark = "spent";
    history.replaceState(link.mark, "");
    addressLanguages();
    $("resend").addEventListener("click", resend);
    show("renew");
    $("renew-who").textContent = link.email;
    tell("reason", reason);
    $("renew-title").focus();
  }

  async function resend() {
    if (isWaiting($("resend"))) return;
    tell("renew-problem", "");
    tell("renewed", "");
    const answer = await send($("resend"), texts.renew, texts.renewing, "/api/v1/register-email/resend", { email: link.email });
    link.sent = answer.body.code === "MAGIC_LINK_SENT" ? "yes" : "";
    link.rest = Date.now() + answer.wait * 1000;
    if (link.sent) tell("renewed", texts.renewed);
    else tell("renew-problem", sentences(answer.body) || texts.network);
  }

  function sentences(body) {
    const details = Object.values(body.errors || {}).flat();
    return details.length > 0 ? details.join(" ") : body.message;
  }

  const isWaiting = (button) => button.getAttribute("aria-disabled") === "true";

  // send holds the button while the request is on its way, and as long as the server
  // asks for patience after it. The button keeps the focus all the while.
  async function send(button, label, busy, path, body) {
    button.setAttribute("aria-disabled", "true"); // until it has cooled down
    button.textContent = busy;
    const answer = await post(path, body);
    coolDown(button, label, answer.wait);
    return answer;
  }

  // coolDown counts by the clock: a page that sleeps misses its own ticks.
  function coolDown(button, label, seconds) {
    const until = Date.now() + seconds * 1000;
    const count = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      if (left > 0) {
        button.setAttribute("aria-disabled", "true");
        button.textContent = texts.again.replace("{time}", clock(left));
        setTimeout(count, 250);
        return;
      }
      button.removeAttribute("aria-disabled");
      button.textContent = label;
    };
    count();
  }

  // clock is a time to wait: to the second where somebody may stay for it.
  function clock(seconds) {
    if (seconds < 60) return seconds + " s";
    if (seconds >= 3600) return Math.ceil(seconds / 3600) + " h";
    return Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
  }

  async function post(path, body) {
    try {
      const response = await fetch(path, {
        method: "POST",
        credentials: "omit",
        cache: "no-store",
        headers: { "Content-Type": "application/json", "Accept": "application/json", "X-App-Locale": lang },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout ? AbortSignal.timeout(30000) : undefined, // in ms, where the browser can
      });
      return { body: traced(await response.json(), response), wait: patience(response) };
    } catch {
      return { body: {}, wait: 0 };
    }
  }

  // traced has what is the server's fault name the request, by which an operator finds it.
  function traced(body, response) {
    const id = response.headers.get("X-Request-Id");
    return response.status < 500 || !id || !body.message ? body : { ...body, message: body.message + " " + texts.reference + " " + id };
  }

  // patience is for how long asking again would be refused: by the server's word where it
  // refused, and where it did not, by a limit that has just been used up.
  function patience(response) {
    const seconds = (name) => Math.max(0, Number.parseInt(response.headers.get(name) || "0", 10) || 0);
    if (!response.ok) return seconds("Retry-After");
    return response.headers.get("RateLimit-Remaining") === "0" ? seconds("RateLimit-Reset") : 0;
  }
})();
