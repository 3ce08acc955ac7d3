import { createClient, webStorage } from "@flowxi/client";

import { showLogin } from "./login";
import { locale } from "./texts";

export const flowxi = createClient({
  baseUrl: import.meta.env["VITE_FLOWXI_URL"] ?? "http://localhost:8080",
  locale,
  storage: webStorage("session"), // a closed tab is logged out
  deviceStorage: webStorage("local"), // and is the same device when it comes back
  onSignedOut: () => showLogin(),
});
