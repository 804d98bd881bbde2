// What is searched for, as the address says it: the address is the only state, so back and sharing work.

export const PARTS = ["text", "photo", "sound", "product"];
const LISTS = ["category", "brand", "language"];
const FLAGS = ["in_stock", "has_photo"];
export const SORTS = ["relevance", "price_up", "price_down"];
const WEIGHT_MAX = 3;

/** The state an address stands for; what cannot be read is left out. */
export function read(url) {
  const given = url.searchParams;
  const state = { text: given.get("q") ?? "", product: given.get("like") ?? "", photo: given.get("photo") ?? "",
    sound: given.get("sound") ?? "", weights: {}, sort: "relevance", page: 1, price_from: null, price_to: null,
    literal: given.get("as") === "typed", ignore: [...new Set(given.getAll("aside").filter(Boolean))] };
  for (const part of PARTS) {
    const weight = Number.parseFloat(given.get(`w.${part}`));
    state.weights[part] = Number.isFinite(weight) ? Math.min(WEIGHT_MAX, Math.max(0, weight)) : 1;
  }
  for (const name of LISTS) state[name] = [...new Set(given.getAll(name).filter(Boolean))];
  for (const name of FLAGS) state[name] = given.get(name) === "1";
  for (const name of ["price_from", "price_to"]) {
    const value = Number.parseFloat(given.get(name));
    if (Number.isFinite(value) && value >= 0) state[name] = value;
  }
  if (SORTS.includes(given.get("sort"))) state.sort = given.get("sort");
  const page = Number.parseInt(given.get("page"), 10);
  if (page > 1) state.page = page;
  return state;
}

/** The address of a state; what is as by default is left out. */
export function address(state) {
  const given = new URLSearchParams();
  if (state.text) given.set("q", state.text);
  if (state.text && state.literal) given.set("as", "typed");
  if (state.text) for (const phrase of state.ignore) given.append("aside", phrase);
  if (state.product) given.set("like", state.product);
  for (const name of ["photo", "sound"]) if (state[name]) given.set(name, state[name]);
  const mixed = parts(state);
  if (mixed.length > 1) {
    for (const part of mixed) if (state.weights[part] !== 1) given.set(`w.${part}`, state.weights[part]);
  }
  for (const name of LISTS) for (const value of state[name]) given.append(name, value);
  for (const name of FLAGS) if (state[name]) given.set(name, "1");
  for (const name of ["price_from", "price_to"]) if (state[name] != null) given.set(name, state[name]);
  if (state.sort !== "relevance") given.set("sort", state.sort);
  if (state.page > 1) given.set("page", state.page);
  const text = given.toString();
  return text ? `/?${text}` : "/";
}

export const EMPTY = () => read(new URL("/", location.href));

/** Parts of the query that are given, in the order of PARTS. */
export const parts = (state) => PARTS.filter((part) => state[part]);

/** The filters alone, so that a new query can keep or drop them. */
export const filtered = (state) =>
  LISTS.some((name) => state[name].length) || FLAGS.some((name) => state[name])
  || state.price_from != null || state.price_to != null;

export function withoutFilters(state) {
  const bare = EMPTY();
  return { ...bare, text: state.text, product: state.product, photo: state.photo, sound: state.sound,
    weights: state.weights, sort: state.sort, literal: state.literal, ignore: state.ignore };
}

/** The state with other words: what was said of the old ones is over. */
export const withText = (state, text) => ({ ...state, text, page: 1, sort: "relevance",
  ...(text === state.text ? {} : { literal: false, ignore: [] }) });

/** The body of POST /search. `media` gives the base64 of a kept photo or sound, or "". */
export function body(state, k, media) {
  const query = {};
  if (state.text) {
    query.text = state.text;
    if (state.literal) query.literal = true;
    if (state.ignore.length) query.ignore = state.ignore;
  }
  if (state.product) query.product_id = state.product;
  for (const name of ["photo", "sound"]) {
    const data = state[name] && media(state[name]);
    if (data) query[name] = data;
  }
  const given = PARTS.filter((part) => query[part === "product" ? "product_id" : part]);
  if (given.length > 1 && given.some((part) => state.weights[part] !== 1)) {
    query.weights = Object.fromEntries(given.map((part) => [part, state.weights[part]]));
  }
  const filters = { category: state.category, brand: state.brand, language: state.language };
  for (const name of FLAGS) if (state[name]) filters[name] = true;
  for (const name of ["price_from", "price_to"]) if (state[name] != null) filters[name] = state[name];
  const asked = { k, page: state.page, sort: state.sort, filters, facets: true };
  if (given.length) asked.query = query;
  return asked;
}
