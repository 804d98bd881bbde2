// What the applications say of one product to the shop's people: a title, and how its answer is told.
import { post } from "./api.js";
import { said, written } from "./cells.js";
import { fill, h } from "./dom.js";
import { money, moneyRange, percent } from "./i18n.js";
import { forPeople } from "./session.js";

const PLACES = { below: { en: "today's price is below it", zh: "现价低于该范围" },
  above: { en: "today's price is above it", zh: "现价高于该范围" } };
const AIMS = { margin: "毛利", revenue: "收入（成本未知）" };

/** Route to its words: `tell` makes of a result what stands there, `{ text, facts }`; what is falsy shows nothing.
 * Texts are { en, zh }; a fact is { title, value, kind, digits, currency, note }. */
const ADVICE = [
  {
    route: "price",
    title: { en: "Price", zh: "价格" },
    tell: ({ suggested, low, high, place, best, best_for: aim, gain, best_reason: why, elasticity }, { currency }) => ({
      text: suggested == null
        ? { en: "Not enough evidence from comparable products.", zh: "可比商品的依据不足。" }
        : { en: `Comparable products usually cost ${money(suggested, currency)}.`, zh: `可比商品通常售价为 ${money(suggested, currency)}。` },
      facts: [
        low != null && { title: { en: "Usual range", zh: "通常范围" }, value: moneyRange(low, high, currency), note: PLACES[place] },
        { title: { en: "Earns most", zh: "收益最高的价格" }, value: best == null ? "–" : money(best, currency),
          note: { en: why, zh: best == null ? "依据不足" : gain ? `预计${AIMS[aim]} +${(100 * gain).toFixed(1)}%`
            : `现价已接近最佳（按${AIMS[aim]}）` } },
        elasticity != null && { title: { en: "Demand, if the price rises by 1%", zh: "价格上涨 1% 时的需求" },
          value: `${elasticity.toFixed(1)}%` },
      ].filter(Boolean),
    }),
  },
  {
    route: "stock",
    title: { en: "Stock", zh: "库存" },
    tell: ({ reason, reason_zh, weekly_demand, weeks_left, reorder_point, order_up_to, order_now, served }) => ({
      text: { en: `${reason[0].toUpperCase()}${reason.slice(1)}.`, zh: `${reason_zh}。` },
      facts: [
        { title: { en: "A week", zh: "每周需求" }, value: weekly_demand, kind: "number", digits: 1 },
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
