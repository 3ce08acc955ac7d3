// Starts Swagger UI on the description of this server.
"use strict";

window.addEventListener("DOMContentLoaded", async () => {
  const spec = await (await fetch("/openapi.json")).json();
  spec.servers = [{ url: location.origin + "/api/v1" }]; // by whichever name the page was opened
  window.SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    presets: [window.SwaggerUIBundle.presets.apis],
    deepLinking: true,
    tryItOutEnabled: true,
    validatorUrl: null, // nothing is sent to another host
  });
});
