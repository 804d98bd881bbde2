// What the shop calls its categories in the language of the page.
import { get } from "./api.js";
import { takeEvents } from "./events.js";
import { language } from "./i18n.js";

const HAN = /\p{Script=Han}/u;
let known = {};
let asked = null;

/** Fetch the names once; without them categories are called as the catalogue has them. */
export function names() {
  asked ??= get("/release/names").then(({ categories, events }) => { known = categories; takeEvents(events); }, (error) => {
    asked = null;
    if (error.status === undefined) throw error; // a bug, and no answer of the service
  });
  return asked;
}

/** The last part of a category path; its name where the path is written in another language than the page. */
export function categoryName(path) {
  const own = path.split(" > ").at(-1);
  return HAN.test(own) === (language() === "zh") ? own : known[path]?.[language()]?.[0] ?? own;
}
