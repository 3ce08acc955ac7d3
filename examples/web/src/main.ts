import { FlowxiError } from "@flowxi/client";

import { show } from "./dom";
import { flowxi } from "./flowxi";
import { form } from "./form";
import { showHome } from "./home";
import { showLogin } from "./login";
import { t } from "./texts";

async function start(): Promise<void> {
  if (!(await flowxi.getToken())) return showLogin();
  try {
    await showHome();
  } catch (error) {
    if (!(error instanceof FlowxiError)) throw error;
    if (error.code === "UNAUTHENTICATED") showLogin();
    else showTrouble(error);
  }
}

/** Without a network, say, the token is still good, and nobody has to log in again. */
function showTrouble({ message }: FlowxiError): void {
  show(() => [form([], t().retry, showHome, message)]);
}

void start();
