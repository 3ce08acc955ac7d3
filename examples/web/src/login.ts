import { h, show } from "./dom";
import { flowxi } from "./flowxi";
import { form, type Field } from "./form";
import { showHome } from "./home";
import { showRegister } from "./register";
import { t } from "./texts";

/** The field for a code of six digits, which phones fill in by themselves. */
export const codeField = (): Field => ({ name: "code", label: t().code, inputMode: "numeric", autocomplete: "one-time-code", maxLength: 6 });

export const emailField = (): Field => ({ name: "email", label: t().email, type: "email", autocomplete: "username" });

export function showLogin(): void {
  show(() => [
    form(
      [emailField(), { name: "password", label: t().password, type: "password", autocomplete: "current-password" }],
      t().login,
      async ({ email = "", password = "" }) => {
        const answer = await flowxi.login({ email, password });
        if (answer.code === "TWOFA_REQUIRED") showSecondFactor(answer.data.challenge_id);
        else await showHome();
      },
    ),
    h("nav", {}, h("button", { type: "button", textContent: t().register, onclick: showRegister })),
  ]);
}

function showSecondFactor(challenge_id: string): void {
  show(() => [
    h("p", { textContent: t().secondFactor }),
    form([codeField()], t().login, async ({ code = "" }) => {
      await flowxi.loginTwoFactor({ challenge_id, code });
      await showHome();
    }),
    h("nav", {}, h("button", { type: "button", textContent: t().back, onclick: showLogin })),
  ]);
}
