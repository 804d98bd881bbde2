// What was made of a query's words, said and taken back at will: one chip a phrase, and the words as typed.
import { button, h, icon, link } from "./dom.js";
import { moneyRange, t } from "./i18n.js";
import { categoryName } from "./names.js";
import { address } from "./state.js";

/** The filters of a phrase in the words of the page; "" where they say nothing. */
function filtersSaid(filters, currency) {
  const said = [];
  const { price_from: low, price_to: high } = filters;
  if (low != null || high != null) said.push(moneyRange(low, high, currency));
  for (const path of filters.category ?? []) said.push(categoryName(path));
  said.push(...(filters.brand ?? []));
  if (filters.without) said.push(t("understood.without", { words: filters.without.join(", ") }));
  for (const name of ["in_stock", "has_photo"]) if (filters[name]) said.push(t(`filters.${name}`));
  return said.join(", ");
}

/** What was made of a phrase; where the page has no words of its own for it, those of the service. */
function meaning({ kind, text, meaning: sentence, filters }, currency) {
  if (kind === "spelling") {
    const meant = /^showing (.+) for /.exec(sentence)?.[1];
    return meant ? t("understood.spelling", { meant }) : sentence;
  }
  if (kind === "currency") return t("understood.currency", { currency });
  return (filters && filtersSaid(filters, currency)) || sentence;
}

/** Chips of what was understood and what was taken back; null where the words are looked for as they are. */
export function understood(said, state, currency, go) {
  const rest = (changes) => address({ ...state, page: 1, ...changes });
  if (state.literal) {
    return h("p", { class: "understood" }, h("span", {}, t("understood.literal")),
      link(rest({ literal: false }), { class: "text" }, t("understood.again")));
  }
  const chip = (one) => h("li", {}, button(t("understood.remove", { text: one.text, meaning: meaning(one, currency) }),
    { class: "chip", "data-key": `understood:${one.text}`, on: { click: () => go(rest({ ignore: [...state.ignore, one.text] })) } },
    h("span", { dir: "auto" }, h("q", {}, one.text), " → ", h("strong", {}, meaning(one, currency))), icon("close")));
  const left = state.ignore.map((text) => h("li", {}, button(t("understood.restore", { text }), { class: "chip aside", "data-key": `restore:${text}`,
    on: { click: () => go(rest({ ignore: state.ignore.filter((one) => one !== text) })) } },
    h("s", { dir: "auto" }, text), icon("undo"))));
  if (!said.length && !left.length) return null;
  return h("div", { class: "understood" }, h("ul", { class: "chips", "aria-label": t("understood.label") }, said.map(chip), left),
    link(rest({ literal: true, ignore: [] }), { class: "text" }, t("understood.insteadFor", { text: state.text })));
}
