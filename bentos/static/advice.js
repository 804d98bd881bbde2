// What the applications say of one product to the shop's people: a title, and how its answer is told.
import { post } from "./api.js";
import { said, written } from "./cells.js";
import { fill, h } from "./dom.js";
import { money, moneyRange, percent } from "./i18n.js";
import { forPeople } from "./session.js";

const PLACES = { below: { en: "today's price is below it", zh: "现价低于该范围" },
  above: { en: "today's price is above it", zh: "现价高于该范围" } };

/** A reason in both languages, and the same as a sentence. */
const both = (answer, name) => ({ en: answer[name], zh: answer[`${name}_zh`] });
const sentence = (answer, name) => {
  const { en, zh } = both(answer, name);
  return { en: `${en[0].toUpperCase()}${en.slice(1)}.`, zh: `${zh}。` };
};

/** Route to its words: `tell` makes of a result what stands there, `{ text, facts }`; what is falsy shows nothing.
 * Texts are { en, zh }; a fact is { title, value, kind, digits, currency, note }. */
const ADVICE = [
  {
    route: "price",
    title: { en: "Price", zh: "价格" },
    tell: ({ suggested, low, high, place, best, elasticity, ...why }, { currency }) => ({
      text: suggested == null ? sentence(why, "reason")
        : { en: `Comparable products usually cost ${money(suggested, currency)}.`, zh: `可比商品通常售价为 ${money(suggested, currency)}。` },
      facts: [
        low != null && { title: { en: "Usual range", zh: "通常范围" }, value: moneyRange(low, high, currency), note: PLACES[place] },
        { title: { en: "Earns most", zh: "收益最高的价格" }, value: best == null ? "–" : money(best, currency),
          note: both(why, "best_reason") },
        { title: { en: "Demand, if the price rises by 1%", zh: "价格上涨 1% 时的需求" },
          value: elasticity == null ? "–" : `${elasticity.toFixed(1)}%`,
          note: elasticity == null ? both(why, "elasticity_reason") : null },
      ].filter(Boolean),
    }),
  },
  {
    route: "stock",
    title: { en: "Stock", zh: "库存" },
    tell: ({ weekly_demand, weeks_left, reorder_point, order_up_to, order_now, served, ...why }) => ({
      text: sentence(why, "reason"),
      facts: [
        { title: { en: "A week", zh: "每周需求" }, value: weekly_demand, kind: "number", digits: weekly_demand < 1 ? 2 : 1 },
        { title: { en: "Weeks it lasts", zh: "可维持周数" }, value: weeks_left, kind: "number", digits: 1 },
        { title: { en: "Order at", zh: "再订货点" }, value: reorder_point, kind: "number" },
        { title: { en: "Order up to", zh: "补至" }, value: order_up_to, kind: "number",
          note: served && { en: `serves ${percent(served)} of demand`, zh: `满足 ${percent(served)} 的需求` } },
        { title: { en: "To order now", zh: "现在应订" }, value: order_now, kind: "number" },
      ].filter(({ value }) => value != null),
    }),
  },
];

const drawn = ({ title }, { text, facts = [] }) => h("section", { class: "insight" }, h("h3", {}, said(title)),
  text ? h("p", {}, said(text)) : null,
  facts.length ? h("dl", { class: "advice" }, facts.map((fact) => [h("dt", {}, said(fact.title)),
    h("dd", {}, written(fact.value, fact), fact.note ? h("small", {}, said(fact.note)) : null)])) : null);

/** The panel for the shop's people on a product's page; it stays hidden where there is nothing to tell. */
export function adviceOf(product, title, signal) {
  const panel = h("section", { class: "for-people", hidden: true, "aria-label": title });
  const asked = async (one) => {
    const { result } = await post(`/${one.route}`, { product_id: product.product_id }, signal);
    return one.tell(result, product);
  };
  forPeople().then(async ({ of_a_product: there }) => {
    const known = ADVICE.filter((one) => there.includes(one.route));
    const told = await Promise.allSettled(known.map(asked));
    if (signal.aborted) return;
    const sections = known.map((one, i) => {
      const { value, reason } = told[i];
      if (reason && reason.status === undefined) throw reason; // a bug of this page, not an answer
      return reason ? drawn(one, { text: { en: reason.message } }) : value && drawn(one, value);
    }).filter(Boolean);
    if (!sections.length) return;
    fill(panel, h("h2", {}, title), sections);
    panel.hidden = false;
  });
  return panel;
}
