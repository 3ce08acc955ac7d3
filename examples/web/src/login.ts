import { FlowxiError } from "@flowxi/client";

import { h, show } from "./dom";
import { flowxi } from "./flowxi";
import { form, type Field } from "./form";
import { showHome } from "./home";
import { showRegister } from "./register";
import { t } from "./texts";

/** The field for a code of six digits, which phones fill in by themselves. */
export const codeField = (): Field => ({ name: "code", label: t().code, inputMode: "numeric", autocomplete: "one-time-code" });

export const emailField = (): Field => ({ name: "email", label: t().email, type: "email", autocomplete: "username" });

/** The login, with the reason why it begins again, if there is one. */
export function showLogin(reason = ""): void {
  show(() => [
    form(
      [emailField(), { name: "password", label: t().password, type: "password", autocomplete: "current-password" }],
      t().login,
      async ({ email = "", password = "" }) => {
        const answer = await flowxi.login({ email, password });
        if (answer.code === "TWOFA_REQUIRED") showSecondFactor(answer.data.challenge_id);
        else await showHome();
      },
      reason,
    ),
    h("nav", {}, h("button", { type: "button", textContent: t().register, onclick: showRegister })),
  ]);
}

function showSecondFactor(challenge_id: string): void {
  show(() => [
    h("p", { textContent: t().secondFactor }),
    form([codeField()], t().login, async ({ code = "" }) => {
      try {
        await flowxi.loginTwoFactor({ challenge_id, code });
      } catch (error) {
        if (!(error instanceof FlowxiError) || error.code !== "TWOFA_CHALLENGE_EXPIRED") throw error;
        return showLogin(error.message); // a challenge that is over takes no code any more
      }
      await showHome();
    }),
    h("nav", {}, h("button", { type: "button", textContent: t().back, onclick: () => showLogin() })),
  ]);
}
