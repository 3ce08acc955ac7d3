import { FlowxiError } from "@flowxi/client";

import { h } from "./dom";
import { t } from "./texts";

/** One input of a form. Its name is that of the field of the API, so that errors find it. */
export type Field = Partial<Pick<HTMLInputElement, "type" | "inputMode" | "value">> & {
  name: string;
  label: string;
  autocomplete?: string;
};

/** What was typed. A code that is pasted may bring spaces along, also between its digits. */
const bare = ({ name, value }: HTMLInputElement): string => (name === "code" ? value.replace(/\s/g, "") : value);

/**
 * A form, or without fields a button, that calls the API. What is wrong is shown at its field, a limit by a countdown, and
 * what went well by the sentence that comes back.
 * Until it is sent it tells the reason why it is there, if there is one.
 */
export function form(fields: Field[], submit: string, send: (values: Record<string, string>) => Promise<string | void>, reason = ""): HTMLFormElement {
  const rows = fields.map(({ label, autocomplete = "off", ...properties }) => {
    const problem = h("p", { id: `${properties.name}-problem`, className: "wrong" });
    const input = h("input", { id: properties.name, ...properties });
    input.setAttribute("autocomplete", autocomplete);
    input.setAttribute("aria-describedby", problem.id);
    return { input, problem, parts: [h("label", { htmlFor: input.id, textContent: label }), input, problem] };
  });
  const problem = h("p", { className: "wrong", role: "alert", textContent: reason });
  const done = h("p", { role: "status" });
  const button = h("button", { type: "submit", textContent: submit });

  function tell({ message, fields }: Pick<FlowxiError, "message" | "fields">): void {
    problem.textContent = message;
    done.textContent = "";
    for (const row of rows) {
      const sentences = fields[row.input.name] ?? [];
      row.problem.textContent = sentences.join(" ");
      row.input.ariaInvalid = String(sentences.length > 0);
    }
    rows.find((row) => row.problem.textContent)?.input.focus();
  }

  /** A date that is incomplete, or does not exist, has no value: sent as it is, it would clear the one before. */
  function noDates(): Record<string, string[]> {
    const dates = rows.filter(({ input }) => input.type === "date");
    return Object.fromEntries(dates.filter(({ input }) => input.validity.badInput).map(({ input }) => [input.name, [t().noDate]]));
  }

  async function countDown(seconds: number): Promise<void> {
    for (; seconds > 0; seconds--) {
      button.textContent = t().waiting(seconds);
      await new Promise((done) => setTimeout(done, 1000));
    }
    button.textContent = submit;
  }

  async function onsubmit(event: Event): Promise<void> {
    event.preventDefault();
    if (button.ariaDisabled === "true") return;
    tell({ message: "", fields: noDates() });
    if (rows.some((row) => row.problem.textContent)) return;
    button.ariaDisabled = "true"; // disabled, it would lose the focus
    try {
      done.textContent = (await send(Object.fromEntries(rows.map(({ input }) => [input.name, bare(input)])))) ?? "";
    } catch (error) {
      if (!(error instanceof FlowxiError)) throw error;
      tell(error);
      await countDown(error.retryAfter ?? 0);
    } finally {
      button.ariaDisabled = "false";
    }
  }

  const element = h("form", { noValidate: true }, ...rows.flatMap((row) => row.parts), problem, done, button);
  element.addEventListener("submit", (event) => void onsubmit(event));
  return element;
}
