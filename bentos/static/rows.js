// Rows of further products on a product's page, in their order: what each is called, and who gives its hits.
import { language } from "./i18n.js";
import { recommended } from "./recommended.js";

const MOST = 6;

/** What goes with a product beside that which stands above already as bought with it. */
async function goesWith({ product_id, bought_together: above }, signal) {
  const known = new Set(above.map((hit) => hit.product_id));
  const hits = await recommended({ product_id }, MOST + known.size, signal, { goes_with: true });
  return hits.filter((hit) => !known.has(hit.product_id)).slice(0, MOST);
}

const ROWS = [
  { title: { en: "Often bought together", zh: "经常一起购买" }, hits: (product) => product.bought_together },
  {
    title: { en: "Goes with it", zh: "可以搭配" },
    hits: goesWith,
  },
];

/** Title and hits of each row; hits come at once or later, as `post` gives them. */
export const rows = (product, signal) =>
  ROWS.map(({ title, hits }) => ({ title: title[language()] ?? title.en, hits: hits(product, signal) }));
