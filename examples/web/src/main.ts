import { flowxi } from "./flowxi";
import { showHome } from "./home";
import { showLogin } from "./login";

async function start(): Promise<void> {
  if (await flowxi.getToken()) await showHome();
  else showLogin();
}

void start().catch(showLogin);
