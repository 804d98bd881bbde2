// The page of the cart: what lies in it, and what goes with it.
import { post } from "./api.js";
import { grid, skeleton } from "./card.js";
import { announce, button, fill, h, icon, link } from "./dom.js";
import { money, t } from "./i18n.js";
import { inCart, take } from "./kept.js";
import { names } from "./names.js";
import { recommended, row } from "./recommended.js";
import { EMPTY } from "./state.js";

const BESIDE = 8;

export function cartPage(go, box) {
  const body = h("div", { class: "page-product" });
  const root = h("div", { class: "shop page-cart" }, box.extras, h("h1", { class: "heading", tabindex: "-1" }, t("cart.title")), body);
  let running = null;

  const empty = () => h("div", { class: "state" }, icon("box", "big"), h("p", {}, t("cart.empty")),
    link("/", { class: "primary" }, t("empty.browse")));

  function draw(products, signal) {
    if (!products.length) return fill(body, empty());
    const list = grid(products.map((one) => ({ ...one, photo: one.photos[0] ?? "", sound: "" })), t("cart.title"), 2);
    [...list.children].forEach((item, place) => {
      const { product_id, title } = products[place];
      item.querySelector(".tools").replaceChildren(button(t("cart.remove", { title: title || product_id }),
        { class: "round", on: { click: () => { take(product_id); show(null, { focus: true }); } } }, icon("close")));
    });
    const priced = products.filter((one) => one.price != null);
    const one = new Set(priced.map(({ currency }) => currency)).size === 1;
    const sum = one ? money(priced.reduce((all, { price }) => all + price, 0), priced[0].currency) : "";
    const hits = recommended({ cart: products.map(({ product_id }) => product_id) }, BESIDE, signal);
    fill(body, sum ? h("p", { class: "count" }, t("cart.sum", { sum })) : null, list, row({ title: t("recommend.cart"), hits }));
    announce(`${t("cart.title")}: ${products.length}`);
    return null;
  }

  async function show(_, { focus = false } = {}) {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    box.show(EMPTY());
    document.title = `${t("cart.title")} – Shelfspace`;
    const ids = inCart();
    if (ids.length) fill(body, skeleton(Math.min(ids.length, 6)));
    try {
      const found = ids.length ? (await Promise.all([ask(ids, signal), names()]))[0] : [];
      if (!signal.aborted) draw(found, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === undefined) throw error;
      fill(body, h("p", { class: "hint", role: "alert" }, error.message));
    }
    if (focus) root.querySelector("h1").focus({ preventScroll: true });
  }

  /** The products that are there; one that was deleted since leaves the cart. */
  async function ask(ids, signal) {
    try {
      return ids.length ? (await post("/products/get", { product_ids: ids }, signal)).results : [];
    } catch (error) {
      const gone = error.status === 404 ? ids.find((id) => error.detail.value?.includes(id)) : null;
      if (!gone) throw error;
      take(gone);
      return ask(ids.filter((id) => id !== gone), signal);
    }
  }

  return { root, show, leave: () => running?.abort() };
}
