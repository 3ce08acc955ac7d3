// Starts Swagger UI on the description of this server.
"use strict";

window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    presets: [window.SwaggerUIBundle.presets.apis],
    deepLinking: true,
    tryItOutEnabled: true,
    validatorUrl: null, // nothing is sent to another host
  });
});
