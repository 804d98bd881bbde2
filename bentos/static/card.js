// A product in a grid: photo, title, price, stock, sound, and why it was found.
import { mediaUrl, productUrl } from "./api.js";
import { h, icon, link } from "./dom.js";
import { language, money, t } from "./i18n.js";
import { missed } from "./lacking.js";
import { categoryName } from "./names.js";
import { soundButton } from "./player.js";
import { address, EMPTY } from "./state.js";

const FEW = 3;

/** A photo in a frame of fixed shape; without one, or where it fails, a quiet placeholder. */
export function picture(key, size, words, lazy = true) {
  const frame = h("div", { class: "photo" });
  if (!key) return blank(frame);
  const image = h("img", { src: mediaUrl(key, size), alt: words, loading: lazy ? "lazy" : "eager", decoding: "async",
    width: size, height: size, on: { error: () => { blank(frame, "card.photoMissing"); missed(); }, load: () => frame.classList.add("there") } });
  if (size < 640) image.srcset = `${mediaUrl(key, size)} 1x, ${mediaUrl(key, 640)} 2x`;
  frame.append(image);
  return frame;
}

function blank(frame, words = "card.noPhoto") {
  frame.classList.add("blank");
  frame.replaceChildren(icon("box"), h("span", {}, t(words)));
  return frame;
}

/** Stock in words; null where the shop does not say. */
export function stock(onHand) {
  if (onHand == null) return null;
  if (onHand <= 0) return h("span", { class: "stock out" }, t("stock.out"));
  if (onHand <= FEW) return h("span", { class: "stock few" }, t("stock.few", { n: onHand }));
  return h("span", { class: "stock in" }, t("stock.in"));
}

/** "Has red, clock · closest by photo"; null where nothing is said. */
function why(hit) {
  const said = [];
  if (hit.pinned) said.push(t("why.pinned"));
  if (hit.reason && !hit.pinned) said.push(t(`reason.${hit.reason.kind}`, { title: hit.reason.title, n: hit.reason.number }));
  const words = hit.why?.words ?? [];
  if (words.length) {
    const list = new Intl.ListFormat(language(), { style: "narrow", type: "conjunction" });
    said.push(t("why.words", { words: list.format(words.slice(0, 4)) }));
  }
  if (hit.why?.modality) said.push(t(`why.${hit.why.modality}`));
  return said.length ? h("p", { class: "why" }, hit.pinned ? icon("star") : null, said.join(" · ")) : null;
}

/** A title with the words that the query matched marked; ranges count characters, not UTF-16 units. */
export function marked(text, marks) {
  if (!marks?.length) return text;
  const characters = Array.from(text);
  const parts = [];
  let at = 0;
  for (const [start, end] of marks) {
    if (start < at || end > characters.length) continue;
    parts.push(characters.slice(at, start).join(""), h("mark", {}, characters.slice(start, end).join("")));
    at = end;
  }
  return [...parts, characters.slice(at).join("")];
}

/** One hit as a list item; its heading stands at `level`. */
export function card(hit, level, eager = false) {
  const title = hit.title || hit.product_id;
  const shelf = categoryName(hit.category);
  return h("li", {},
    h("article", { class: `card${hit.on_hand === 0 ? " gone" : ""}` },
      picture(hit.photo, 320, "", !eager),
      h("div", { class: "facts" },
        h("p", { class: "kicker" }, [hit.brand, shelf].filter(Boolean).join(" · ")),
        h(`h${level}`, {}, link(productUrl(hit.product_id), { class: "cover", dir: "auto" }, hit.title ? marked(title, hit.marks) : title)),
        h("p", { class: "line" }, h("span", { class: hit.price == null ? "price none" : "price" },
          money(hit.price, hit.currency)), stock(hit.on_hand)),
        why(hit),
        hit.variants?.length ? h("p", { class: "why" }, t("card.variants", { n: hit.variants.length })) : null),
      h("div", { class: "tools" },
        link(address({ ...EMPTY(), product: hit.product_id }),
          { class: "round more", "aria-label": t("card.moreOf", { title }), title: t("card.more") }, icon("similar")),
        hit.sound ? soundButton(mediaUrl(hit.sound), title) : null)));
}

/** Arrow keys go from card to card, as far as a row is wide. */
export function arrows(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 0, ArrowUp: 0, Home: 0, End: 0 }[event.key];
  const here = event.target.closest("li");
  if (step === undefined || !here || !event.target.matches(".cover") || event.altKey || event.ctrlKey || event.metaKey) return;
  const items = [...event.currentTarget.children];
  const place = items.indexOf(here);
  const top = items[0].offsetTop;
  const wide = Math.max(1, items.findIndex((item) => item.offsetTop > top));
  const next = { ArrowDown: place + wide, ArrowUp: place - wide, Home: 0, End: items.length - 1 }[event.key] ?? place + step;
  if (!items[next]) return;
  event.preventDefault();
  items[next].querySelector(".cover").focus();
}

export function grid(hits, label, level = 3) {
  return h("ul", { class: "grid", "aria-label": label, on: { keydown: arrows } },
    hits.map((hit, place) => card(hit, level, place < 4)));
}

/** Quiet shapes in the place of cards that are on their way. */
export function skeleton(count) {
  const bar = (kind) => h("div", { class: `bone ${kind}` });
  return h("div", { class: "grid waiting", "aria-hidden": "true" }, Array.from({ length: count }, () =>
    h("div", { class: "card" }, bar("photo"), h("div", { class: "facts" }, bar("short"), bar("long"), bar("mid")))));
}
