import type { Device, Person } from "@flowxi/client";

import { h, show } from "./dom";
import { flowxi } from "./flowxi";
import { form, type Field } from "./form";
import { showLogin } from "./login";
import { locale, t } from "./texts";

export async function showHome(): Promise<void> {
  const [me, list] = await Promise.all([flowxi.me(), flowxi.listDevices()]);
  show(() => [
    h("p", { textContent: me.data.email }),
    h("h2", { textContent: t().profile }),
    profile(me.data),
    h("h2", { textContent: t().devices }),
    h("ul", {}, ...list.data.devices.map(device)),
    form([], t().logout, async () => {
      try {
        await flowxi.logout();
      } finally {
        showLogin(); // the token is forgotten, whatever the server said
      }
    }),
  ]);
}

const details = ["first_name", "last_name", "birth_date", "phone_number"] as const;
const kinds: Record<(typeof details)[number], Partial<Field>> = {
  first_name: { autocomplete: "given-name" },
  last_name: { autocomplete: "family-name" },
  birth_date: { type: "date", autocomplete: "bday" },
  phone_number: { type: "tel", autocomplete: "tel" },
};

function profile(person: Person): HTMLFormElement {
  const fields = details.map((name) => ({ name, label: t()[name], value: person[name] ?? "", ...kinds[name] }));
  return form(fields, t().save, async (values) => {
    const answer = await flowxi.updateMe(values); // an empty text clears
    Object.assign(person, answer.data);
    return answer.message;
  });
}

function device({ device_id, device_name, is_current, last_used_at }: Device): HTMLLIElement {
  const name = is_current ? `${device_name} (${t().thisDevice})` : device_name;
  const used = new Date(last_used_at).toLocaleString(locale());
  const item = h("li", {}, h("strong", { textContent: name }), h("span", { textContent: `${t().lastUsed} ${used}` }));
  if (!is_current) {
    const logout = form([], t().logoutDevice(device_name), async () => {
      await flowxi.logoutDevice({ device_id });
      await showHome();
    });
    item.append(logout);
  }
  return item;
}
