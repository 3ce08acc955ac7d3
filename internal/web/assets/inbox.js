// Shows the mails of the development inbox and keeps the list up to date.
"use strict";

(() => {
  // $ finds an element of the page, once and of the kind that the page has there. Any other
  // was put in by somebody else, and what it says or is called must not steer the script.
  // It is alike in every script: a page loads one, which leaves no name in the window.
  const kinds = new Map([
    ["to", HTMLInputElement], ["frame", HTMLIFrameElement], ["open-link", HTMLAnchorElement],
    ["copy-code", HTMLButtonElement], ["copy-link", HTMLButtonElement],
  ]);
  const $ = (id) => {
    const [found, another] = document.querySelectorAll("#" + CSS.escape(id));
    if (another || !(found instanceof (kinds.get(id) || HTMLElement))) throw new TypeError("#" + id + " is not that of the page");
    return found;
  };
  const shown = 100;
  let mails = [];
  let opened = { id: "" }; // which may be in the list no longer
  let stream = null;
  let polling = 0;

  $("to").value = new URLSearchParams(location.search).get("to") || "";
  $("to").addEventListener("input", soon(refresh, 150));
  $("list").addEventListener("keydown", moveInList);
  $("copy-code").addEventListener("click", () => copy("code"));
  $("copy-link").addEventListener("click", () => copy("link"));
  prepareTabs();
  $("inbox").hidden = false;
  document.addEventListener("visibilitychange", follow);
  refresh();
  follow();

  // follow listens while the page is looked at: a browser opens few connections to a
  // server, and pages in the background would use them up.
  function follow() {
    if (stream) stream.close();
    clearInterval(polling);
    stream = null;
    if (document.hidden) return;
    stream = new EventSource("/dev/inbox/events");
    stream.addEventListener("mail", refresh);
    stream.addEventListener("open", () => { $("state").textContent = "Live"; });
    stream.addEventListener("error", lost);
  }

  function lost() {
    $("state").textContent = "Not connected";
    if (stream.readyState === EventSource.CLOSED) {
      clearInterval(polling);
      polling = setInterval(refresh, 5000);
    }
  }

  async function refresh() {
    const wanted = $("to").value.trim();
    try {
      const response = await fetch("/dev/inbox.json?" + new URLSearchParams({ to: wanted, limit: shown }));
      const answer = await response.json();
      if (!response.ok || wanted !== $("to").value.trim()) return;
      mails = answer.mails;
      draw();
    } catch {
      $("state").textContent = "Not connected";
    }
  }

  function draw() {
    const focused = document.activeElement && document.activeElement.dataset.id;
    $("list").replaceChildren(...mails.map(entry));
    $("empty").hidden = mails.length > 0;
    const again = focused && $("list").querySelector(`[data-id="${focused}"]`);
    if (again) again.focus();
    if (opened.id === "" && mails.length > 0 && innerWidth > 832) read(mails[0].id);
    mark();
  }

  function entry(mail) {
    const button = make("button", "");
    button.type = "button";
    button.dataset.id = mail.id;
    button.append(make("span", "subject", mail.subject), when(mail.date), make("span", "to", mail.to));
    button.addEventListener("click", () => { read(mail.id); $("mail").focus(); });
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  function make(tag, className, text) {
    const element = document.createElement(tag);
    element.className = className;
    if (text) element.textContent = text;
    return element;
  }

  function when(date) {
    const at = new Date(date);
    const today = at.toDateString() === new Date().toDateString();
    const time = make("time", "when", today ? at.toLocaleTimeString([], { timeStyle: "short" }) : at.toLocaleDateString());
    time.dateTime = date;
    return time;
  }

  function mark() {
    for (const button of $("list").querySelectorAll("button")) {
      if (button.dataset.id === opened.id) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  function read(id) {
    const mail = mails.find((m) => m.id === id);
    if (!mail) return;
    opened = mail;
    $("unread").hidden = true;
    $("reading").hidden = false;
    for (const [place, text] of Object.entries({
      subject: mail.subject, from: mail.from, addressee: mail.to, date: new Date(mail.date).toLocaleString(),
      kind: mail.kind, locale: "(" + mail.locale + ")", text: mail.text,
    })) $(place).textContent = text;
    $("frame").src = "/dev/inbox/messages/" + id + ".html";
    $("source").textContent = "";
    if (!$("pane-source").hidden) loadSource();
    offer(mail);
    mark();
  }

  function offer(mail) {
    $("copied").textContent = "";
    $("copy-code").hidden = !mail.code || !navigator.clipboard;
    $("copy-code").textContent = "Copy code " + (mail.code || "");
    $("copy-link").hidden = !mail.link || !navigator.clipboard;
    $("open-link").hidden = !mail.link;
    if (mail.link) $("open-link").href = mail.link;
  }

  async function copy(what) {
    $("copied").textContent = "";
    const copied = await navigator.clipboard.writeText(opened[what]).then(() => true, () => false);
    $("copied").textContent = copied ? "Copied." : "This browser does not let the page copy.";
  }

  async function loadSource() {
    const { id } = opened;
    const response = await fetch("/dev/inbox/messages/" + id + ".eml");
    if (response.ok && id === opened.id) $("source").textContent = await response.text();
  }

  function prepareTabs() {
    const tabs = [...document.querySelectorAll("[role=tab]")];
    for (const tab of tabs) {
      tab.addEventListener("click", () => choose(tabs, tab));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
        choose(tabs, next);
        next.focus();
      });
    }
  }

  function choose(tabs, chosen) {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      $(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
    }
    if (chosen.id === "tab-source" && $("source").textContent === "" && opened.id) loadSource();
  }

  function moveInList(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...$("list").querySelectorAll("button")];
    const next = buttons[buttons.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  function soon(act, delay) {
    let timer = 0;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(act, delay);
    };
  }
})();
