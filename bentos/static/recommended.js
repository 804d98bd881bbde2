// Rows of what is recommended, each product with its reason; a row without anything to say does not show.
import { post } from "./api.js";
import { grid } from "./card.js";
import { fill, h } from "./dom.js";
import { watch } from "./events.js";
import { t } from "./i18n.js";
import { inCart, seen } from "./kept.js";

/** Hits of /recommend; what is merely there, and nobody bought, is no recommendation. */
export async function recommended(basis, k, signal, more = {}) {
  const { result } = await post("/recommend", { basis, k, ...more }, signal);
  return result.hits.filter(({ reason }) => reason.kind !== "popular" || reason.number > 0);
}

/** A list without a last row that is not full, at any width; of a single row all stay. */
function wholeRows(list) {
  const cards = [...list.children];
  new ResizeObserver(() => {
    const across = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    const shown = cards.length > across ? cards.length - (cards.length % across) : cards.length;
    cards.forEach((card, place) => { card.hidden = place >= shown; });
  }).observe(list);
  return list;
}

/** A row of further products, shown once there are any; hits come at once or later. */
export function row({ title, hits }) {
  const section = h("section", { class: "neighbours", hidden: true });
  const show = (body) => {
    fill(section, h("h2", {}, title), body);
    section.hidden = false;
  };
  const draw = (found) => found?.length && show(wholeRows(watch(grid(found, title), found)));
  if (hits instanceof Promise) {
    hits.then(draw, (error) => {
      if (error.status !== undefined) show(h("p", { class: "hint", role: "alert" }, error.message));
    });
  } else {
    draw(hits); // with the page itself, which then does not move under the eye
  }
  return section;
}

/** The row of the first page: what goes with the cart, else with what was looked at, else what is popular.
 * It stands with the page or not at all: what came later would move the page under the eye. */
export async function forYou(k, signal) {
  const [cart, looked] = [inCart(), seen()];
  const [title, basis] = cart.length ? ["recommend.cart", { cart }]
    : looked.length ? ["recommend.seen", { events: looked.map((product_id) => ({ product_id, kind: "view" })) }]
      : ["recommend.popular", {}];
  try {
    return row({ title: t(title), hits: await recommended(basis, k, signal) });
  } catch (error) {
    if (error.status === undefined) throw error;
    return null; // a first page is no worse without it: what was kept may have been deleted since
  }
}
