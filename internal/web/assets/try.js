// Starts Swagger UI on the description of this server, and remembers the token for as long
// as the tab is open.
"use strict";

window.addEventListener("DOMContentLoaded", async () => {
  const key = "flowxi.try.token"; // sessionStorage: who uses the computer next finds nothing
  const scheme = "bearerAuth";
  const kept = document.getElementById("kept");
  const behind = []; // the dialog
  let opener; // of the dialog: the part of the page that has the button, which may be another then
  let pressed; // the operation, if it was its button

  const spec = await (await fetch("/openapi.json")).json();
  spec.servers = [{ url: location.origin + "/api/v1" }]; // by whichever name the page was opened
  nameParameters();
  const ui = window.SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    presets: [window.SwaggerUIBundle.presets.apis],
    plugins: [{
      statePlugins: { auth: { wrapActions: { authorize: remembering, logout: forgetting } } },
      wrapComponents: {
        ServersContainer: () => () => null, // a choice of one
        DeepLink: () => ({ text }) => text, // it would be a link inside of a button
      },
    }],
    responseInterceptor: takeToken,
    deepLinking: true,
    tryItOutEnabled: true,
    validatorUrl: null, // nothing is sent to another host
    onComplete: () => setTimeout(() => use(attempt((storage) => storage.getItem(key)))), // it may come before ui is there
  });
  const shown = document.getElementById("swagger-ui");
  new MutationObserver(() => {
    openDialog();
    keepFocus();
    labelControls();
  }).observe(shown, { childList: true, subtree: true });
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (asksForFile(target.closest(".execute"))) return event.stopPropagation(); // Swagger UI would do nothing, and say nothing
    pressed = target.closest(".execute, .btn-clear")?.closest(".opblock");
    if (behind.length === 0) opener = target.closest(".authorize, .authorization__btn")?.closest(".opblock, .auth-wrapper");
  }, true);
  document.addEventListener("keydown", ({ key }) => { if (key === "Escape") shown.querySelector(".close-modal")?.click(); });
  document.getElementById("forget").addEventListener("click", () => {
    ui.authActions.logout([scheme]);
    clear();
    shown.focus();
  });

  // nameParameters puts each parameter where it is referred to. Swagger UI follows references
  // when it has time, and shows fields without a name until then.
  function nameParameters() {
    const named = spec.components?.parameters ?? {};
    const follow = (parameter) => named[parameter.$ref?.split("/").pop()] ?? parameter;
    for (const path of Object.values(spec.paths)) {
      for (const holder of [path, ...Object.values(path)]) {
        if (holder.parameters) holder.parameters = holder.parameters.map(follow);
      }
    }
  }

  // labelControls tells those who hear the page what Swagger UI shows by a picture or a place alone,
  // and lets a keyboard scroll what is longer than its box.
  function labelControls() {
    const each = (selector, work) => shown.querySelectorAll(selector).forEach((node) => work(node));
    const label = (selector, words) => each(selector, (node) => {
      const given = typeof words === "string" ? words : words(node);
      if (given && node.getAttribute("aria-label") !== given) node.setAttribute("aria-label", given);
    });
    const operation = (node) => {
      const block = node.closest(".opblock");
      return ["method", "path"].map((part) => block?.querySelector(".opblock-summary-" + part)?.textContent.trim()).join(" ");
    };
    const parameter = (node) => node.closest("[data-param-name]")?.dataset.paramName;
    label(".copy-to-clipboard > button", "Copy");
    label("select.examples-select-element, .examples-select select", "Example");
    label(".close-modal", "Close");
    label("textarea.body-param__text", "Request body");
    label(".response-control-media-type select, select.content-type", "Media type");
    label(".parameters input, .parameters select:not(.content-type, .examples-select-element)", parameter);
    label("input[type=file]", (input) => input.closest("tr")?.querySelector(".parameter__name")?.firstChild.textContent);
    label(".opblock .authorization__btn", (b) => `Token for ${operation(b)}${b.querySelector(".locked") ? ", given" : ""}`);
    label(".auth-wrapper > .authorize", (b) => b.classList.contains("locked") ? "Authorize, token given" : "Authorize");
    label(".opblock-tag .expand-operation", (b) => `${b.getAttribute("aria-expanded") === "true" ? "Collapse" : "Expand"} ${b.closest(".opblock-tag").dataset.tag}`);
    label("table.responses-table", (table) => `${table.matches(".live-responses-table") ? "Answer" : "Responses"} of ${operation(table)}`);
    each("table.responses-table[role]", (table) => table.removeAttribute("role")); // it is one of rows and columns
    each(".responses-header td:not([role])", (cell) => cell.setAttribute("role", "columnheader"));
    each(".auth-btn-wrapper [aria-label]", (button) => button.removeAttribute("aria-label")); // who speaks to the computer says what is written there
    each(".auth-container h6", (heading) => heading.setAttribute("aria-level", "5"));
    each(".microlight:not([tabindex])", (box) => { box.tabIndex = 0; });
    const ids = new Set();
    each("[id$=_requests_select]", (node) => {
      if (ids.has(node.id)) node.id += "-again";
      ids.add(node.id);
    });
  }

  // asksForFile has the browser ask for a file that an operation needs, and that is not chosen.
  function asksForFile(execute) {
    const file = execute?.closest(".opblock").querySelector("tr:has(.parameter__name.required) input[type=file]");
    if (file) file.required = true;
    return Boolean(file) && !file.reportValidity();
  }

  // openDialog makes a dialog of what Swagger UI lays over the page: it has a name and the
  // focus, the page behind it is out of reach, and Escape closes it.
  function openDialog() {
    const dialog = shown.querySelector(".modal-ux");
    if (dialog && !dialog.hasAttribute("role")) {
      dialog.setAttribute("role", "dialog");
      dialog.setAttribute("aria-modal", "true");
      dialog.setAttribute("aria-label", dialog.querySelector("h3").textContent);
      dialog.tabIndex = -1;
      for (let part = dialog.closest(".dialog-ux"); part !== document.body; part = part.parentElement) {
        for (const other of part.parentElement.children) {
          if (other === part) continue;
          // What is said of the token is heard; the button there is out of reach.
          for (const node of other.matches("[role=status]") ? other.querySelectorAll("button") : [other]) {
            if (node.inert) continue;
            node.inert = true;
            behind.push(node);
          }
        }
      }
      dialog.focus();
    } else if (!dialog && behind.length > 0) {
      for (const other of behind.splice(0)) other.inert = false;
      opener?.querySelector(".authorize, .authorization__btn")?.focus();
    }
  }

  // keepFocus brings the focus back to the dialog, or to the operation, whose button was
  // pressed and is gone.
  function keepFocus() {
    if (document.activeElement !== document.body) return;
    (shown.querySelector(".modal-ux") || pressed?.querySelector(".execute"))?.focus({ preventScroll: true });
    if (document.activeElement !== document.body) pressed = undefined;
  }

  // clear takes away the answers that are shown: a login has the token in it, and each
  // request with it.
  function clear() {
    for (const [path, methods] of Object.entries(spec.paths)) {
      for (const method of Object.keys(methods)) {
        ui.specActions.clearResponse(path, method);
        ui.specActions.clearRequest(path, method);
      }
    }
  }

  function use(token) {
    if (!token) return;
    ui.preauthorizeApiKey(scheme, token);
    keep(token);
  }

  function remembering(original) {
    return (given) => {
      const token = given[scheme] && given[scheme].value;
      if (typeof token === "string" && token) keep(token);
      return original(given);
    };
  }

  function forgetting(original) {
    return (schemes) => {
      keep(null);
      return original(schemes);
    };
  }

  function keep(token) {
    const done = attempt((storage) => {
      if (token) storage.setItem(key, token);
      else storage.removeItem(key);
      return true;
    });
    kept.hidden = !token || !done;
  }

  // attempt uses the storage where the browser has one. Where it refuses, the token lasts as
  // long as the page.
  function attempt(use) {
    try { return use(sessionStorage); } catch { return null; }
  }

  // takeToken spares a person who has just logged in to copy the token of the answer, and
  // drops one that is logged out.
  function takeToken(response) {
    const { code, access_token: token, data } = response.body || {};
    if (code === "TOKEN_ISSUED" || code === "LOGIN_SUCCESS") use(token || data.access_token);
    if (code === "LOGOUT_SUCCESS" && new URL(response.url).pathname.endsWith("/auth/logout")) ui.authActions.logout([scheme]);
    return response;
  }
});
