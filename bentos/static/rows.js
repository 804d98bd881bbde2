// Rows of further products on a product's page, in their order: what each is called, and who gives its hits.
import { language } from "./i18n.js";
import { recommended } from "./recommended.js";

const ROWS = [
  { title: { en: "Often bought together", zh: "经常一起购买" }, hits: (product) => product.bought_together },
  {
    title: { en: "Goes with it", zh: "可以搭配" },
    hits: ({ product_id }, signal) => recommended({ product_id }, 6, signal, { goes_with: true }),
  },
];

/** Title and hits of each row; hits come at once or later, as `post` gives them. */
export const rows = (product, signal) =>
  ROWS.map(({ title, hits }) => ({ title: title[language()] ?? title.en, hits: hits(product, signal) }));
