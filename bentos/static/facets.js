// Filters: what may be chosen, how many products each choice leaves, and what is chosen.
import { button, fill, h, icon } from "./dom.js";
import { languageName, moneyRange, number, t } from "./i18n.js";
import { categoryName } from "./names.js";
import { address, withoutFilters } from "./state.js";

const BRANDS = 8;
const open = { brand: false };

const without = (list, value) => list.filter((one) => one !== value);
const toggled = (list, value) => (list.includes(value) ? without(list, value) : [...list, value]);

function box(name, value, words, count, checked, change, level = 0) {
  const key = `${name}:${value}`;
  const input = h("input", { type: "checkbox", id: key, "data-key": key, name, set: { checked },
    on: { change } });
  return h("li", { class: `depth${level}` }, h("label", { for: key, class: count === 0 && !checked ? "none" : null }, input,
    h("span", { class: "words", dir: "auto" }, words), count == null ? null : h("span", { class: "count" }, number(count))));
}

/** Categories as a tree: the first level, and below what is chosen or where there is one branch only. */
function categories(state, counts, go) {
  const paths = Object.keys(counts);
  for (const chosen of state.category) if (!paths.includes(chosen)) paths.push(chosen);
  const parent = (path) => path.split(" > ").slice(0, -1).join(" > ");
  const roots = paths.filter((path) => !path.includes(" > "));
  const inUse = (path) => state.category.some((chosen) => chosen === path || chosen.startsWith(`${path} > `))
    || roots.length === 1;
  const items = [];
  const add = (path, level) => {
    const checked = state.category.includes(path);
    items.push(box("category", path, categoryName(path), counts[path] ?? 0, checked, () => {
      // A choice inside another one narrows it; the wider one goes.
      const kept = state.category.filter((one) => !path.startsWith(`${one} > `) && !one.startsWith(`${path} > `));
      go({ category: toggled(kept, path) });
    }, Math.min(level, 3)));
    if (inUse(path)) for (const child of paths.filter((one) => parent(one) === path)) add(child, level + 1);
  };
  for (const root of roots) add(root, 0);
  return items;
}

function brands(state, counts, go, redraw) {
  const all = [...new Set([...state.brand, ...Object.keys(counts)])];
  const shown = open.brand ? all : all.slice(0, Math.max(BRANDS, state.brand.length));
  const items = shown.map((brand) => box("brand", brand, brand, counts[brand] ?? 0, state.brand.includes(brand),
    () => go({ brand: toggled(state.brand, brand) })));
  const rest = all.length - BRANDS;
  const more = rest > 0 && button(open.brand ? t("filters.less") : t("filters.more", { n: all.length - shown.length }),
    { class: "text", "data-key": "more-brands", "aria-expanded": String(open.brand),
      on: { click: () => { open.brand = !open.brand; redraw(); } } });
  return [h("ul", { class: open.brand ? "long" : null }, items), more];
}

function price(state, facets, currency, go) {
  const field = (name, words) => h("label", { class: "bound" }, h("span", {}, words),
    h("input", { type: "number", min: "0", step: "any", inputmode: "decimal", name, "data-key": name,
      set: { value: state[name] ?? "" } }));
  const form = h("form", { class: "bounds", on: { submit: (event) => {
    event.preventDefault();
    const value = (name) => { const n = Number.parseFloat(form.elements[name].value); return Number.isFinite(n) ? n : null; };
    let [low, high] = [value("price_from"), value("price_to")];
    if (low != null && high != null && low > high) [low, high] = [high, low];
    go({ price_from: low, price_to: high });
  } } }, field("price_from", t("filters.from")), field("price_to", t("filters.to")),
    h("button", { class: "quiet", type: "submit" }, t("filters.apply")));
  const steps = h("ul", { class: "steps" }, facets.map((step) => {
    const chosen = state.price_from === (step.from ?? null) && state.price_to === (step.to ?? null);
    return h("li", {}, h("button", { type: "button", class: "step", "aria-pressed": String(chosen),
      "data-key": `price:${step.from}`, on: { click: () => go(chosen ? { price_from: null, price_to: null }
        : { price_from: step.from ?? null, price_to: step.to ?? null }) } },
      h("span", { class: "words" }, moneyRange(step.from, step.to, currency)),
      h("span", { class: "count" }, number(step.count))));
  }));
  return [form, steps];
}

/** Draw the filters into `place`. `go(changes)` asks for other filters. */
export function drawFacets(place, state, facets, currency, go) {
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const redraw = () => drawFacets(place, state, facets, currency, go);
  const group = (words, ...children) => h("fieldset", {}, h("legend", {}, words), children);
  const flag = (name) => box(name, "1", t(`filters.${name}`), facets[name], state[name], () => go({ [name]: !state[name] }));
  // A shop that says nothing of its stock has no use for the choice.
  const flags = ["in_stock", "has_photo"].filter((name) => facets[name] || state[name]);
  const languages = [...new Set([...state.language, ...Object.keys(facets.language ?? {})])];
  fill(place,
    flags.length ? group(t("filters.group"), h("ul", {}, flags.map(flag))) : null,
    Object.keys(facets.category ?? {}).length || state.category.length
      ? group(t("filters.category"), h("ul", {}, categories(state, facets.category ?? {}, go))) : null,
    facets.price?.length || state.price_from != null || state.price_to != null
      ? group(t("filters.price"), price(state, facets.price ?? [], currency, go)) : null,
    Object.keys(facets.brand ?? {}).length || state.brand.length
      ? group(t("filters.brand"), brands(state, facets.brand ?? {}, go, redraw)) : null,
    languages.length > 1 || state.language.length ? group(t("filters.language"), h("ul", {}, languages.map((code) =>
      box("language", code, languageName(code), (facets.language ?? {})[code] ?? 0, state.language.includes(code),
        () => go({ language: toggled(state.language, code) }))))) : null);
  if (held) place.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
}

/** What is chosen, each with a way to drop it. */
export function activeFilters(state, currency, go, leave) {
  const chosen = [];
  for (const path of state.category) chosen.push([categoryName(path), { category: without(state.category, path) }]);
  for (const brand of state.brand) chosen.push([brand, { brand: without(state.brand, brand) }]);
  for (const code of state.language) chosen.push([languageName(code), { language: without(state.language, code) }]);
  if (state.price_from != null || state.price_to != null) {
    chosen.push([moneyRange(state.price_from, state.price_to, currency), { price_from: null, price_to: null }]);
  }
  for (const name of ["in_stock", "has_photo"]) if (state[name]) chosen.push([t(`filters.${name}`), { [name]: false }]);
  if (!chosen.length) return null;
  return h("ul", { class: "chips active", "aria-label": t("filters.active") },
    chosen.map(([what, change]) => h("li", {}, button(t("filters.remove", { what }),
      { class: "chip", on: { click: () => go(change) } }, h("span", { dir: "auto" }, what), icon("close")))),
    h("li", {}, button(t("filters.clear"), { class: "text", on: { click: () => leave(address(withoutFilters(state))) } })));
}
