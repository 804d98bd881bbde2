// The page of products: a search or the whole catalogue, with filters, order and pages.
import { post } from "./api.js";
import { grid, skeleton } from "./card.js";
import * as clips from "./clips.js";
import { announce, button, fill, h, icon, link } from "./dom.js";
import { watch } from "./events.js";
import { activeFilters, drawFacets } from "./facets.js";
import { number, t, tag } from "./i18n.js";
import { categoryName, names } from "./names.js";
import { forYou } from "./recommended.js";
import { address, body, filtered, parts, read, SORTS, withoutFilters } from "./state.js";
import { understood } from "./understood.js";

const PAGE = 24;
const FOR_YOU = 6;
const answers = new Map();
const ANSWERS = 20;

/** With `kept`, what the address was answered before: Back does not wait. Else prices and stock are asked anew. */
async function ask(url, state, kept, signal) {
  if (kept && answers.has(url)) return answers.get(url);
  const answer = await post("/search", body(state, PAGE, clips.data), signal);
  answers.delete(url);
  answers.set(url, answer);
  if (answers.size > ANSWERS) answers.delete(answers.keys().next().value);
  return answer;
}

/** "red + your photo"; a single part that is no words says what it is about. */
function heading(state) {
  const given = parts(state);
  if (!given.length) return t("results.title");
  if (given.length === 1 && !state.text) return given[0] === "product" ? t("card.more") : t(`results.${given[0]}`);
  return given.map((part) => (part === "text" ? state.text : t(`tray.${part}`).toLocaleLowerCase(tag()))).join(" + ");
}

/** The frame of the page, built once a visit; `show(url)` fills it. */
export function searchPage(go, box) {
  const hero = h("div", { class: "hero" }, h("h1", { tabindex: "-1" }, t("hero.title")), h("p", {}, t("hero.text")));
  const doors = h("nav", { class: "doors", "aria-label": t("filters.category"), hidden: true });
  const suggested = h("div", {});
  const title = h("h1", { class: "heading", tabindex: "-1", id: "results-title" });
  const count = h("p", { class: "count" });
  const order = h("select", { id: "sort", "data-key": "sort" });
  const reading = h("div", { class: "reading" });
  const chips = h("div", { class: "chosen" });
  const results = h("section", { class: "results", "aria-labelledby": "results-title", id: "results" });
  const facets = h("div", { class: "facets" });
  const clear = button(t("filters.close"), { class: "round", on: { click: () => sheet.close() } }, icon("close"));
  const aside = h("aside", { class: "side", "aria-label": t("filters.title") });
  const sheet = h("dialog", { class: "sheet", "aria-label": t("filters.title") });
  const opener = button(t("filters.open"), { class: "quiet filters", "aria-haspopup": "dialog",
    on: { click: () => { sheet.append(sheetHead, facets, sheetFoot); sheet.showModal(); } } }, icon("filter"), t("filters.open"));
  const done = h("button", { class: "primary", type: "button", on: { click: () => sheet.close() } }, t("filters.show"));
  const sheetHead = h("div", { class: "row head" }, h("h2", {}, t("filters.title")), clear);
  const sheetFoot = h("div", { class: "row foot" }, done);
  sheet.addEventListener("close", () => { aside.append(facets); opener.focus(); });
  sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
  aside.append(facets);
  const root = h("div", { class: "shop" }, hero, box.extras, doors, suggested, h("div", { class: "columns" }, aside,
    h("div", { class: "stage" }, h("div", { class: "bar" }, h("div", { class: "told" }, title, count),
      h("div", { class: "row" }, opener, h("label", { for: "sort", class: "sr" }, t("sort.label")), order)),
    reading, chips, results)), sheet);
  let state = null;
  let running = null;
  let shownFor = "";

  order.addEventListener("change", () => go(address({ ...state, sort: order.value, page: 1 }), { quiet: true }));

  function drawOrder(searching) {
    fill(order, SORTS.map((name) => h("option", { value: name, selected: name === state.sort },
      t(name === "relevance" && !searching ? "sort.browse" : `sort.${name}`))));
  }

  function drawDoors(category, bare) {
    const roots = Object.entries(category).filter(([path]) => !path.includes(" > ")).slice(0, 12);
    doors.hidden = !bare || roots.length < 2;
    if (!doors.hidden) {
      fill(doors, roots.map(([path]) => link(address({ ...state, category: [path] }), { class: "door", dir: "auto" }, categoryName(path))));
    }
  }

  function drawPages(total) {
    const pages = Math.ceil(total / PAGE);
    if (pages < 2) return null;
    const near = [1, state.page - 1, state.page, state.page + 1, pages].filter((n) => n >= 1 && n <= pages);
    const wanted = [...new Set(near)].sort((a, b) => a - b);
    const to = (n) => address({ ...state, page: n });
    const items = [];
    wanted.forEach((n, i) => {
      if (i && n > wanted[i - 1] + 1) items.push(h("li", { class: "gap", "aria-hidden": "true" }, "…"));
      items.push(h("li", {}, link(to(n), { class: "page", "aria-current": n === state.page ? "page" : null,
        "aria-label": t("page.number", { n }) }, number(n))));
    });
    return h("nav", { class: "pages", "aria-label": t("page.label") }, h("ul", {},
      state.page > 1 ? h("li", {}, link(to(state.page - 1), { class: "page wide", rel: "prev" }, icon("left"), t("page.previous"))) : null,
      items,
      state.page < pages ? h("li", {}, link(to(state.page + 1), { class: "page wide", rel: "next" }, t("page.next"), icon("right"))) : null));
  }

  const change = (changes) => go(address({ ...state, ...changes, page: 1 }), { quiet: true });

  function drawAnswer({ hits, total, facets: found, understood: said = [], nearest = [] }, given, focus, release) {
    const plain = given.length === 1 && !filtered(state) && state.sort === "relevance";
    const seen = { release, query: plain ? state.text : "", first: (state.page - 1) * PAGE + 1 };
    const currency = [...hits, ...nearest].find((hit) => hit.currency)?.currency ?? "EUR";
    const held = reading.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const pages = Math.max(1, Math.ceil(total / PAGE));
    const words = t(given.length ? "results.found" : "results", { n: total });
    count.textContent = pages > 1 ? `${words} · ${t("results.page", { page: state.page, pages })}` : words;
    announce(`${heading(state)}: ${count.textContent}`);
    if (found) {
      drawFacets(facets, state, found, currency, change);
      drawDoors(found.category ?? {}, !given.length && !filtered(state) && state.page === 1);
    }
    fill(reading, understood(said, state, currency, (url) => go(url, { quiet: true })));
    if (held) (reading.querySelector(`[data-key="${CSS.escape(held)}"]`) ?? reading.querySelector("button, a") ?? title).focus({ preventScroll: true });
    fill(chips, activeFilters(state, currency, change, (url) => go(url, { quiet: true })));
    if (hits.length) fill(results, watch(grid(hits, heading(state), 2), hits, seen), drawPages(total));
    else fill(results, nearest.length ? nearestOnes(nearest) : nothing());
    if (focus) (title.hidden ? hero.querySelector("h1") : title).focus({ preventScroll: true });
  }

  /** What comes nearest where nothing answers; no hits, and said to be none. */
  function nearestOnes(hits) {
    return [h("div", { class: "none-like" }, h("h2", {}, t("nearest.title")), h("p", {}, t("nearest.text"))),
      grid(hits, t("nearest.label"), 3)];
  }

  function nothing() {
    return h("div", { class: "state" }, icon("search", "big"), h("h2", {}, t("empty.title")), h("p", {}, t("empty.text")),
      h("div", { class: "row" }, filtered(state) ? link(address(withoutFilters(state)), { class: "primary" }, t("filters.clear")) : null,
        link("/", { class: "quiet" }, t("empty.browse"))));
  }

  function failed(error, again) {
    count.textContent = "";
    const offline = error.status === 0 && !navigator.onLine;
    fill(results, h("div", { class: "state", role: "alert" }, icon(offline ? "offline" : "alert", "big"),
      h("h2", {}, t("error.title")), h("p", {}, error.message),
      button(t("error.retry"), { class: "primary", on: { click: again } })));
  }

  async function show(url, { kept = false, quiet = false, focus = false } = {}) {
    state = read(url);
    const where = url.pathname + url.search;
    const { given } = box.show(state);
    const home = !given.length && !filtered(state) && state.page === 1;
    hero.hidden = !home;
    title.textContent = heading(state);
    title.hidden = home;
    document.title = given.length ? `${heading(state)} – Shelfspace` : "Shelfspace";
    drawOrder(given.length > 0);
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    if (!home) fill(suggested);
    const known = kept && answers.has(where);
    if (!known) {
      results.setAttribute("aria-busy", "true");
      if (!quiet || !shownFor) {
        count.textContent = t("results.loading");
        fill(results, skeleton(12));
      }
    }
    try {
      const [answer, row] = await Promise.all([ask(where, state, kept, signal),
        home ? forYou(FOR_YOU, signal) : null, names()]);
      if (signal.aborted) return;
      fill(suggested, row);
      shownFor = where;
      drawAnswer(answer.result, given, focus, answer.release);
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      if (error.status === undefined) throw error;
      shownFor = "";
      failed(error, () => show(url, { focus: true }));
    } finally {
      if (!signal.aborted) results.setAttribute("aria-busy", "false");
    }
  }

  return { root, show, leave: () => running?.abort() };
}
