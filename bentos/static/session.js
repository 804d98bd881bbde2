// What the visitor may do: everything without keys, else what their key's scopes say.
import { get } from "./api.js";

let asked = null;

/** The scopes of the visitor; asked once, and again after `forget`. */
export function scopes() {
  asked ??= fetch("/session", { headers: { accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : {})).then((said) => said.scopes ?? []).catch(() => []);
  return asked;
}

let listed = null;

/** Pages and routes for the shop's people; none where the visitor may not see them. */
export async function forPeople() {
  if (!(await scopes()).includes("insights")) return { pages: [], of_a_product: [] };
  listed ??= get("/insights").catch(() => ({ pages: [], of_a_product: [] }));
  return listed;
}

/** After another key was given. */
export function forget() {
  asked = null;
  listed = null;
}
