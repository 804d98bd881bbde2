// One product: its photos, sounds, facts, what the model makes of it, and its neighbours.
import { adviceOf } from "./advice.js";
import { mediaUrl, post } from "./api.js";
import { grid, picture, skeleton, stock } from "./card.js";
import { watch } from "./events.js";
import { announce, button, fill, h, icon, link, plain } from "./dom.js";
import { money, percent, t } from "./i18n.js";
import { inCart, look, put, take } from "./kept.js";
import { categoryName, names } from "./names.js";
import { soundButton } from "./player.js";
import { row } from "./recommended.js";
import { rows } from "./rows.js";
import { address, EMPTY } from "./state.js";

const NEIGHBOURS = 12;

function gallery(product, title) {
  if (!product.photos.length) return h("div", { class: "gallery" }, picture("", 640, ""));
  const total = product.photos.length;
  const frame = h("div", { class: "main" });
  const thumbs = product.photos.map((key, place) => button(t("product.show", { n: place + 1 }),
    { class: "thumb", on: { click: () => choose(place) } }, h("img", { src: mediaUrl(key, 160), alt: "" })));
  function choose(place) {
    const words = total > 1 ? `${title}, ${t("product.photo", { n: place + 1, total })}` : title;
    fill(frame, picture(product.photos[place], 640, words, false));
    thumbs.forEach((thumb, i) => thumb.setAttribute("aria-pressed", String(i === place)));
  }
  choose(0);
  return h("section", { class: "gallery", "aria-label": t("product.gallery") }, frame,
    total > 1 ? h("div", { class: "thumbs" }, thumbs) : null);
}

function crumbs(category) {
  const nodes = category.split(" > ").filter(Boolean);
  if (!nodes.length) return null;
  return h("ol", { class: "crumbs" }, nodes.map((node, depth) => h("li", {}, link(
    address({ ...EMPTY(), category: [nodes.slice(0, depth + 1).join(" > ")] }), { dir: "auto" },
    categoryName(nodes.slice(0, depth + 1).join(" > "))))));
}

function guess(product) {
  if (!product.guess?.labels?.length) return null;
  const { label, labels } = product.guess;
  const agrees = product.category === label || product.category.startsWith(`${label} > `);
  return h("section", { class: "insight" }, h("h2", {}, t("product.guess")),
    h("ul", { class: "bars" }, labels.slice(0, 4).map((one) => {
      const bar = h("span", { class: "bar", "aria-hidden": "true" });
      bar.style.setProperty("--part", one.score);
      return h("li", {}, h("span", { class: "words", dir: "auto" }, categoryName(one.label)), bar,
        h("span", { class: "count" }, percent(one.score, one.score > 0.995 || one.score < 0.1 ? 1 : 0)));
    })),
    product.category ? h("p", { class: agrees ? "agrees" : "differs" }, icon(agrees ? "check" : "alert"),
      t(agrees ? "product.guess.agrees" : "product.guess.differs")) : null);
}

function details(product) {
  const rows = Object.entries(product.attributes ?? {}).map(([name, value]) => [name, String(value)]);
  rows.push([t("product.id"), product.product_id]);
  return h("section", {}, h("h2", {}, t("product.details")), h("table", { class: "details" }, h("tbody", {},
    rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row", dir: "auto" }, name), h("td", { dir: "auto" }, value))))));
}

/** Tabs of neighbours, by everything or by one modality (the ARIA tabs pattern). */
function neighbours(product, signal) {
  const kinds = ["", ...["text", "image", "audio"].filter((kind) => product.modalities?.includes(kind))];
  const panel = h("div", { role: "tabpanel", id: "neighbours", "aria-labelledby": "tab-all", tabindex: "0" });
  const tabs = kinds.map((kind) => h("button", { type: "button", role: "tab", id: `tab-${kind || "all"}`,
    "aria-controls": "neighbours", on: { click: () => choose(kind) } }, t(`product.similar.${kind || "all"}`)));
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": t("product.similar.by"),
    on: { keydown: turn } }, tabs);
  const kept = new Map();

  function turn(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
    tabs[next].focus();
    choose(kinds[next]);
  }

  async function choose(kind) {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(kinds[i] === kind));
      tab.tabIndex = kinds[i] === kind ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", `tab-${kind || "all"}`);
    panel.dataset.kind = kind;
    if (!kept.has(kind)) {
      fill(panel, skeleton(6));
      const asked = { product_id: product.product_id, k: NEIGHBOURS };
      if (kind) asked.modality = kind;
      try {
        kept.set(kind, (await post("/similar", asked, signal)).result.hits);
      } catch (error) {
        if (error.status === undefined) return;
        if (panel.dataset.kind === kind) fill(panel, h("p", { class: "hint", role: "alert" }, error.message));
        return;
      }
    }
    if (panel.dataset.kind !== kind) return;
    const hits = kept.get(kind);
    const label = `${t("product.similar")}: ${t(`product.similar.${kind || "all"}`)}`;
    fill(panel, hits.length ? watch(grid(hits, label), hits) : h("p", { class: "hint" }, t("product.similar.none")));
    panel.tabIndex = hits.length ? -1 : 0;
  }

  choose("");
  return h("section", { class: "neighbours" }, h("h2", {}, t("product.similar")), list, panel);
}

/** Puts the product into the cart, and out again. */
function cartButton(id) {
  const made = button("", { class: "quiet", "data-key": "cart", on: { click: () => { (inCart().includes(id) ? take : put)(id); draw(); } } }, "");
  function draw() {
    const there = inCart().includes(id);
    made.setAttribute("aria-pressed", String(there));
    fill(made, icon(there ? "check" : "box"), t(there ? "cart.there" : "cart.put"));
  }
  draw();
  return made;
}

function drawProduct(root, product, signal) {
  const title = product.title || product.product_id;
  document.title = `${title} – Shelfspace`;
  const keys = product.sounds ?? [];
  const sounds = keys.map((key, place) => {
    const words = keys.length > 1 ? t("product.sound", { n: place + 1 }) : t("product.listen");
    return soundButton(mediaUrl(key), `${title}, ${words}`, "wide", words);
  });
  const description = plain(product.description ?? "");
  fill(root, h("div", { class: "product" }, gallery(product, title),
    h("div", { class: "about" }, crumbs(product.category),
      h("h1", { tabindex: "-1", dir: "auto" }, title),
      product.brand ? h("p", { class: "kicker" }, link(address({ ...EMPTY(), brand: [product.brand] }), { dir: "auto" }, product.brand)) : null,
      h("p", { class: "line" }, h("span", { class: product.price == null ? "price none" : "price" },
        money(product.price, product.currency)), stock(product.on_hand)),
      h("div", { class: "row" }, link(address({ ...EMPTY(), product: product.product_id }), { class: "primary" },
        icon("similar"), t("product.search")), cartButton(product.product_id), sounds),
      description ? h("section", {}, h("h2", { class: "sr" }, t("product.description")), h("p", { class: "prose", dir: "auto" }, description)) : null,
      guess(product), adviceOf(product, t("product.people"), signal), details(product))),
  rows(product, signal).map(row), neighbours(product, signal));
  announce(`${title}, ${money(product.price, product.currency)}`);
}

function waiting() {
  return h("div", { class: "product", "aria-hidden": "true" }, h("div", { class: "gallery" }, h("div", { class: "bone photo" })),
    h("div", { class: "about" }, ["short", "long", "mid", "long", "long"].map((kind) => h("div", { class: `bone ${kind}` }))));
}

function missing() {
  return h("div", { class: "state" }, icon("box", "big"), h("h1", { tabindex: "-1" }, t("missing.title")), h("p", {}, t("missing.text")),
    link("/", { class: "primary" }, t("empty.browse")));
}

export function productPage(go, box) {
  const root = h("div", { class: "page-product" });
  const back = link("/", { class: "back", on: { click: (event) => {
    if (!history.state?.from) return;
    event.preventDefault();
    history.back(); // to the same place on the page of results
  } } }, icon("left"), t("nav.shop"));
  const frame = h("div", { class: "shop" }, box.extras, back, root);
  let running = null;

  async function show(url, { focus = false } = {}) {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    box.show(EMPTY());
    const from = history.state?.from;
    back.setAttribute("href", from ?? "/");
    fill(back, icon("left"), t(from ? "product.back" : "nav.shop"));
    const id = decodeURIComponent(url.pathname.slice("/product/".length));
    fill(root, waiting());
    try {
      const [{ result }] = await Promise.all([post("/products/get", { product_id: id }, signal), names()]);
      if (signal.aborted) return;
      drawProduct(root, result, signal);
      look(id);
    } catch (error) {
      if (signal.aborted || error.status === undefined) {
        if (!signal.aborted) throw error;
        return;
      }
      if (error.status === 404 || error.status === 422) {
        document.title = `${t("missing.title")} – Shelfspace`;
        fill(root, missing());
      } else {
        fill(root, h("div", { class: "state", role: "alert" }, icon("alert", "big"), h("h1", { tabindex: "-1" }, t("error.title")),
          h("p", {}, error.message), button(t("error.retry"), { class: "primary", on: { click: () => show(url, { focus: true }) } })));
      }
    }
    if (focus) root.querySelector("h1")?.focus({ preventScroll: true });
  }
  return { root: frame, show, leave: () => running?.abort() };
}

