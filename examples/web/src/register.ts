import { h, show } from "./dom";
import { flowxi } from "./flowxi";
import { form } from "./form";
import { showHome } from "./home";
import { codeField, emailField, showLogin } from "./login";
import { t } from "./texts";

export function showRegister(): void {
  show(() => [
    form([emailField()], t().sendCode, async ({ email = "" }) => {
      await flowxi.sendRegistrationCode({ email });
      showPassword(email);
    }),
    h("nav", {}, h("button", { type: "button", textContent: t().login, onclick: () => showLogin() })),
  ]);
}

function showPassword(email: string): void {
  show(() => [
    h("p", { textContent: t().codeSent(email) }),
    form(
      [codeField(), { name: "password", label: t().password, type: "password", autocomplete: "new-password" }],
      t().register,
      async ({ code = "", password = "" }) => {
        await flowxi.registerByCode({ email, code, password });
        await showHome();
      },
    ),
  ]);
}
