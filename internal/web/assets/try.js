// Starts Swagger UI on the description of this server, and remembers the token for as long
// as the tab is open.
"use strict";

window.addEventListener("DOMContentLoaded", async () => {
  const key = "flowxi.try.token"; // sessionStorage: who uses the computer next finds nothing
  const scheme = "bearerAuth";
  const kept = document.getElementById("kept");

  const spec = await (await fetch("/openapi.json")).json();
  spec.servers = [{ url: location.origin + "/api/v1" }]; // by whichever name the page was opened
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
  new MutationObserver(labelControls).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
  document.getElementById("forget").addEventListener("click", () => {
    ui.authActions.logout([scheme]);
    clear();
    document.getElementById("swagger-ui").focus();
  });

  // labelControls tells those who hear the page what Swagger UI shows by a picture or a place alone,
  // and lets a keyboard scroll what is longer than its box.
  function labelControls() {
    const label = (selector, words) => {
      for (const node of document.querySelectorAll(`#swagger-ui :is(${selector}):not([aria-label])`)) node.setAttribute("aria-label", words);
    };
    label(".copy-to-clipboard > button", "Copy");
    label("select.examples-select-element, .examples-select select", "Example");
    label(".close-modal", "Close");
    label("textarea.body-param__text", "Request body");
    label(".response-control-media-type select, select.content-type", "Media type");
    for (const button of document.querySelectorAll(".auth-btn-wrapper [aria-label]")) button.removeAttribute("aria-label"); // who speaks to the computer says what is written there
    for (const box of document.querySelectorAll("#swagger-ui .microlight:not([tabindex])")) box.tabIndex = 0;
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
